"""The control group (version 2) that was handed to this service: finding it, and freeing it to be divided.

A group of version 2 may hold processes or hand controllers down to groups below it, not both. So the
service and what came with it move to a leaf of their own first.
"""

import errno
import os
from pathlib import Path, PurePosixPath

import msgspec

from sandbox.cgroups.own_groups import own_groups

_FIRST = PurePosixPath("/")
_LEAF = "jaxercise-service"
_WANTED = ("memory", "pids")
_ATTEMPTS = 20


class Delegated(msgspec.Struct, frozen=True, kw_only=True):
    """A group that is ours to divide, and what can be bounded below it."""

    folder: Path
    controllers: tuple[str, ...]


def open_delegated() -> Delegated | None:
    """Find the nearest group that was handed to us with the memory controller; move its processes to a leaf.

    Raises:
        OSError: it was handed to us, but the kernel refuses to divide it.
    """
    for group in own_groups():
        if group.controllers:
            continue
        # We may be in a leaf already: ours after a restart, or systemd's DelegateSubgroup.
        in_leaf = group.folder.name == _LEAF
        for folder, is_first in (
            (group.folder, group.path == _FIRST),
            (group.folder.parent, group.path.parent == _FIRST and in_leaf),
        ):
            if folder.name == _LEAF or not _is_ours(folder, is_first=is_first):
                continue
            there = (folder / "cgroup.controllers").read_text().split()
            controllers = tuple(name for name in _WANTED if name in there)
            if "memory" in controllers:
                _free_space(folder, controllers)
                return Delegated(folder=folder, controllers=controllers)
    return None


def spread(controllers: tuple[str, ...], folder: Path) -> None:
    """Have the groups below `folder` controlled.

    Raises:
        OSError: EBUSY while there are processes in it.
    """
    (folder / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in controllers))


def _is_ours(folder: Path, *, is_first: bool) -> bool:
    """Say whether nobody else divides this group: being able to write there is not enough for root.

    `is_first` of our cgroup namespace: so it is a container's own, or the machine has no systemd, which
    leaves no process in the first group.
    """
    if not os.access(folder, os.W_OK) or not os.access(folder / "cgroup.subtree_control", os.W_OK):
        return False
    if is_first:
        return True
    if any(_has_mark(folder, name) for name in ("user.delegate", "trusted.delegate")):
        return True
    # Given to a user; but below it the user's own systemd divides, and does not like others to.
    return folder.stat().st_uid == os.getuid() != 0 and folder.parent.stat().st_uid != os.getuid()


def _has_mark(folder: Path, name: str) -> bool:
    """Look for the mark that systemd puts on what it has delegated; see its CGROUP_DELEGATION.md."""
    try:
        return os.getxattr(folder, name) == b"1"
    except OSError:
        return False


def _free_space(folder: Path, controllers: tuple[str, ...]) -> None:
    if not (folder / "cgroup.type").exists():
        spread(controllers, folder)  # The machine's root group may do both.
        return
    leaf = folder / _LEAF
    leaf.mkdir(exist_ok=True)
    for attempt in range(_ATTEMPTS):
        for pid in (folder / "cgroup.procs").read_text().split():
            _move(int(pid), leaf)
        try:
            spread(controllers, folder)
        except OSError as error:
            # A process may have forked while we moved it.
            if error.errno != errno.EBUSY or attempt == _ATTEMPTS - 1:
                raise
        else:
            return


def _move(pid: int, leaf: Path) -> None:
    try:
        (leaf / "cgroup.procs").write_text(str(pid))
    except ProcessLookupError:
        return
