"""Where this process stands in the kernel's control-group hierarchies, and where they are mounted."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import msgspec


class OwnGroup(msgspec.Struct, frozen=True, kw_only=True):
    """The group that this process is in, in one hierarchy."""

    controllers: tuple[str, ...]
    """Of version 1: what the hierarchy controls. Empty for the unified one, version 2."""
    path: PurePosixPath
    """As the kernel names it to us: `/` for the first group of our cgroup namespace."""
    folder: Path
    """Where it is mounted."""


def own_groups(process: Path = Path("/proc/self")) -> Iterator[OwnGroup]:
    """One for each hierarchy that is mounted where we see it."""
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


class _Mount(msgspec.Struct, frozen=True, kw_only=True):
    is_unified: bool
    controllers: set[str]
    root: PurePosixPath
    """Which group is seen at `point`: a container may see only its own branch."""
    point: Path


def _mounts(process: Path) -> Iterator[_Mount]:
    """From mountinfo, as of proc_pid_mountinfo(5)."""
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
    """mountinfo writes blanks and backslashes as octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), field)


def _below(mount: _Mount, path: PurePosixPath) -> Path | None:
    """None where the group lies outside of what is mounted."""
    try:
        return mount.point / path.relative_to(mount.root)
    except ValueError:
        return None
