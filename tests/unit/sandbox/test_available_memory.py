from pathlib import Path

from sandbox.available_memory import available_memory_bytes


def _own_group(version: int) -> str:
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if version == 1 and "memory" in controllers.split(","):
            return f"memory/{path.lstrip('/')}"
        if version == 2 and not controllers:
            return path.lstrip("/")
    return "none"


def _meminfo(place: Path, kilobytes: int) -> Path:
    file = place / "meminfo"
    file.write_text(f"MemTotal: 99 kB\nMemAvailable: {kilobytes} kB\n")
    return file


def _group(place: Path, limit: str, usage: int) -> None:
    place.mkdir(parents=True, exist_ok=True)
    for name in ("memory.limit_in_bytes", "memory.max"):
        (place / name).write_text(f"{limit}\n")
    for name in ("memory.usage_in_bytes", "memory.current"):
        (place / name).write_text(f"{usage}\n")
    (place / "memory.stat").write_text("inactive_file 500\nactive_file 70\n")


def test_the_machine_s_own_figure_counts_where_no_group_has_a_limit(tmp_path: Path) -> None:
    assert available_memory_bytes(_meminfo(tmp_path, 3), tmp_path / "groups") == 3 * 1024


def test_a_group_s_limit_counts_where_it_is_smaller(tmp_path: Path) -> None:
    for version in (1, 2):
        groups = tmp_path / f"groups-{version}"
        _group(groups / _own_group(version), "10000", 9000)
        assert available_memory_bytes(_meminfo(tmp_path, 1 << 20), groups) == 10000 - 9000 + 500


def test_a_group_without_a_limit_leaves_the_machine_s_figure(tmp_path: Path) -> None:
    _group(tmp_path / _own_group(2), "max", 9000)
    assert available_memory_bytes(_meminfo(tmp_path, 5), tmp_path) == 5 * 1024


def test_this_machine_has_some() -> None:
    assert 0 < available_memory_bytes() < 1 << 50
