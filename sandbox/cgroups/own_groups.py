"""The control groups that this process is in: where they are mounted, and how much memory they leave it."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import msgspec

_UNLIMITED_BYTES = 1 << 60


class OwnGroup(msgspec.Struct, frozen=True, kw_only=True):
    """The group that this process is in, in one hierarchy."""

    controllers: tuple[str, ...]
    """Of version 1: what the hierarchy controls. Empty for the unified one, version 2."""
    path: PurePosixPath
    """As the kernel names it to us: `/` for the first group of our cgroup namespace."""
    folder: Path
    """Where it is mounted."""


def own_groups(process: Path = Path("/proc/self")) -> Iterator[OwnGroup]:
    """Yield one for each hierarchy that is mounted where we see it."""
    mounts = list(_mounts(process))
    for line in (process / "cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        controllers = tuple(name for name in names.split(",") if name)
        for mount in mounts:
            if mount.controllers >= set(controllers) and mount.is_unified == (not controllers):
                folder = _below(mount, PurePosixPath(path))
                if folder is not None:
                    yield OwnGroup(controllers=controllers, path=PurePosixPath(path), folder=folder)
                    break


def available_memory_bytes(meminfo: Path = Path("/proc/meminfo"), process: Path = Path("/proc/self")) -> int:
    """Return the smaller of the kernel's `MemAvailable` and what is left of our own group's limit.

    See proc_meminfo(5); of a group, pages of files that can be dropped count as free.
    """
    for line in meminfo.read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return min(int(line.split()[1]) * 1024, _left_of_group(process))
    return _left_of_group(process)


class _Mount(msgspec.Struct, frozen=True, kw_only=True):
    is_unified: bool
    controllers: set[str]
    root: PurePosixPath
    """Which group is seen at `point`: a container may see only its own branch."""
    point: Path


def _mounts(process: Path) -> Iterator[_Mount]:
    """Read mountinfo, as of proc_pid_mountinfo(5)."""
    for line in (process / "mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        if kind in ("cgroup", "cgroup2"):
            _, _, _, root, point = (_unescaped(field) for field in before.split(" ")[:5])
            yield _Mount(
                is_unified=kind == "cgroup2",
                controllers=set(options.split(",")),
                root=PurePosixPath(root),
                point=Path(point),
            )


def _unescaped(field: str) -> str:
    """Undo the octal numbers that mountinfo writes for blanks and backslashes."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), field)


def _below(mount: _Mount, path: PurePosixPath) -> Path | None:
    """Return the group's folder; None where it lies outside of what is mounted."""
    try:
        return mount.point / path.relative_to(mount.root)
    except ValueError:
        return None


def _left_of_group(process: Path) -> int:
    left = _UNLIMITED_BYTES
    for group in own_groups(process):
        if "memory" in group.controllers:
            left = min(left, _left(group.folder, "memory.limit_in_bytes", "memory.usage_in_bytes"))
        elif not group.controllers:
            # The service may have moved to a leaf of its own group (`delegate.py`); the limit is above it.
            for folder in (group.folder, *group.folder.parents):
                left = min(left, _left(folder, "memory.max", "memory.current"))
    return left


def _left(folder: Path, limit_name: str, usage_name: str) -> int:
    try:
        limit = (folder / limit_name).read_text().strip()
        usage = int((folder / usage_name).read_text())
        fields = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    except OSError:
        return _UNLIMITED_BYTES  # No such group is to be seen from here, or it has no limit.
    if limit == "max":
        return _UNLIMITED_BYTES
    return int(limit) - usage + int(fields.get("inactive_file", 0))
