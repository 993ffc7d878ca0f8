from pathlib import Path

from sandbox.cgroups.own_groups import available_memory_bytes

_OWN = "user.slice/jaxercise"


def _meminfo(place: Path, kilobytes: int) -> Path:
    file = place / "meminfo"
    file.write_text(f"MemTotal: 99 kB\nMemAvailable: {kilobytes} kB\n")
    return file


def _process(place: Path, version: int) -> tuple[Path, Path]:
    """A /proc/self whose memory groups are mounted below `place`, not at the usual point; and that point."""
    point = place / "mounted here"
    kind, options, names = ("cgroup2", "rw", "") if version == 2 else ("cgroup", "rw,memory", "memory")
    folder = place / f"process-{version}"
    folder.mkdir()
    escaped = str(point).replace(" ", "\\040")
    (folder / "mountinfo").write_text(f"35 25 0:30 / {escaped} rw - {kind} {kind} {options}\n")
    (folder / "cgroup").write_text(f"{0 if version == 2 else 4}:{names}:/{_OWN}\n")
    return folder, point


def _group(place: Path, limit: str, usage: int) -> None:
    place.mkdir(parents=True, exist_ok=True)
    for name in ("memory.limit_in_bytes", "memory.max"):
        (place / name).write_text(f"{limit}\n")
    for name in ("memory.usage_in_bytes", "memory.current"):
        (place / name).write_text(f"{usage}\n")
    (place / "memory.stat").write_text("inactive_file 500\nactive_file 70\n")


def test_the_machine_s_own_figure_counts_where_no_group_has_a_limit(tmp_path: Path) -> None:
    process, _ = _process(tmp_path, 2)
    assert available_memory_bytes(_meminfo(tmp_path, 3), process) == 3 * 1024


def test_a_group_s_limit_counts_where_it_is_smaller(tmp_path: Path) -> None:
    """Wherever its hierarchy is mounted, and under a path with a space in it."""
    for version in (1, 2):
        process, point = _process(tmp_path, version)
        _group(point / _OWN, "10000", 9000)
        assert available_memory_bytes(_meminfo(tmp_path, 1 << 20), process) == 10000 - 9000 + 500


def test_a_limit_above_our_own_leaf_counts(tmp_path: Path) -> None:
    process, point = _process(tmp_path, 2)
    _group(point / _OWN, "max", 10)
    _group((point / _OWN).parent, "2000", 1000)
    assert available_memory_bytes(_meminfo(tmp_path, 1 << 20), process) == 2000 - 1000 + 500


def test_a_group_without_a_limit_leaves_the_machine_s_figure(tmp_path: Path) -> None:
    process, point = _process(tmp_path, 2)
    _group(point / _OWN, "max", 9000)
    assert available_memory_bytes(_meminfo(tmp_path, 5), process) == 5 * 1024


def test_this_machine_has_some() -> None:
    assert 0 < available_memory_bytes() < 1 << 50
