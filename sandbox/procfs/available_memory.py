"""How much memory can still be had: by the whole machine, and by the control group we are in."""

from pathlib import Path

from sandbox.cgroups.discover import own_groups

_UNLIMITED_BYTES = 1 << 60


def available_memory_bytes(meminfo: Path = Path("/proc/meminfo"), process: Path = Path("/proc/self")) -> int:
    """The smaller of the kernel's `MemAvailable` and what is left of our own group's limit.

    See proc_meminfo(5); of a group, pages of files that can be dropped count as free.
    """
    for line in meminfo.read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return min(int(line.split()[1]) * 1024, _left_of_group(process))
    return _left_of_group(process)


def _left_of_group(process: Path) -> int:
    left = _UNLIMITED_BYTES
    for group in own_groups(process):
        if "memory" in group.controllers:
            left = min(left, _left(group.folder, "memory.limit_in_bytes", "memory.usage_in_bytes"))
        elif not group.controllers:
            # The service may have moved to a leaf of its own group (`delegation.py`); the limit is above it.
            for folder in (group.folder, *group.folder.parents):
                left = min(left, _left(folder, "memory.max", "memory.current"))
    return left


def _left(place: Path, limit_name: str, usage_name: str) -> int:
    try:
        limit = (place / limit_name).read_text().strip()
        usage = int((place / usage_name).read_text())
        fields = dict(line.split() for line in (place / "memory.stat").read_text().splitlines())
    except OSError:
        return _UNLIMITED_BYTES  # No such group is to be seen from here, or it has no limit.
    if limit == "max":
        return _UNLIMITED_BYTES
    return int(limit) - usage + int(fields.get("inactive_file", 0))
