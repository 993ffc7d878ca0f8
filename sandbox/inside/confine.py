"""What a child does to itself before it sees any code: namespaces, mounts, limits, filter."""

import contextlib
import os
import resource
import socket
from pathlib import Path

from sandbox.inside import libc
from sandbox.isolation import landlock
from sandbox.limits import Limits, all_cpu_seconds
from sandbox.protocol import Confinement

_NAMESPACES = (
    libc.CLONE_NEWUSER
    | libc.CLONE_NEWPID
    | libc.CLONE_NEWNS
    | libc.CLONE_NEWNET
    | libc.CLONE_NEWIPC
    | libc.CLONE_NEWUTS
    | libc.CLONE_NEWCGROUP
)
_CAREFUL = libc.MS_NOSUID | libc.MS_NODEV
_ADDRESS_SPACE_BYTES = 64 << 30
"""Far above what XLA reserves; a lazily reserved terabyte is refused at once."""


def become(uid: int | None) -> None:
    """Leave the fork server's user for one that owns nothing, where there is such a user."""
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        # Lost with the change of user; without it the maps below /proc/self are not ours to write.
        libc.set_dumpable(True)


def enter_namespaces() -> None:
    """Enter new namespaces of every kind; the PID namespace begins with the next fork.

    Raises:
        OSError: the kernel refuses unprivileged user namespaces.
    """
    uid, gid = os.getuid(), os.getgid()
    libc.unshare(_NAMESPACES)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"1000 {uid} 1")
    Path("/proc/self/gid_map").write_text(f"1000 {gid} 1")


def confine(confinement: Confinement, *, keep: set[int]) -> None:
    """Make this process, the first of its PID namespace, a jail of its own.

    Descriptors other than 0, 1, 2 and those in `keep` are closed.
    """
    libc.die_with_parent()
    os.setsid()
    _step_back_as_a_group(confinement.limits.niceness)
    _close_others(keep)
    if not confinement.jailed:
        _set_limits(confinement.limits)
        return
    _mount_private_places(confinement)
    socket.sethostname("jail")
    _set_limits(confinement.limits)
    libc.drop_capabilities()
    libc.no_new_privileges()
    libc.set_dumpable(False)
    os.chdir("/tmp")
    landlock.restrict(
        landlock.allowed_paths(
            cache_folder=confinement.cache_folder, writable_cache=confinement.writable_cache
        )
    )
    libc.load_seccomp(confinement.seccomp_program)


def _close_others(keep: set[int]) -> None:
    wanted = sorted(keep)
    start = 3
    for descriptor in [*wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[0]]:
        os.closerange(start, descriptor)
        start = descriptor + 1


def _mount_private_places(confinement: Confinement) -> None:
    # Later mounts in the fork server must not show up here, nor ours there.
    libc.mount("none", "/", "none", libc.MS_REC | libc.MS_PRIVATE)
    size = confinement.limits.file_bytes
    libc.mount("tmpfs", "/tmp", "tmpfs", _CAREFUL, f"size={size},nr_inodes=4096,mode=700")
    libc.mount("tmpfs", "/dev/shm", "tmpfs", _CAREFUL, f"size={size},nr_inodes=256,mode=700")
    # All runs see one set of terminals otherwise, and could count them, or use them up.
    libc.mount("tmpfs", "/dev/pts", "tmpfs", _CAREFUL | libc.MS_RDONLY, "size=4k,nr_inodes=1,mode=755")
    # A fresh procfs may not be mounted below bubblewrap's; XLA only reads cpuinfo and meminfo.
    libc.mount("tmpfs", "/proc", "tmpfs", _CAREFUL | libc.MS_NOEXEC, "size=1m,nr_inodes=16,mode=755")
    Path("/proc/cpuinfo").write_text(confinement.cpuinfo)
    libc.mount("tmpfs", "/proc", "tmpfs", _CAREFUL | libc.MS_NOEXEC | libc.MS_REMOUNT | libc.MS_RDONLY, "")
    if not confinement.writable_cache:
        # What the outer mount forbids may not be allowed here, and a container's /tmp forbids to execute.
        flags = _CAREFUL | libc.MS_NOEXEC | libc.MS_BIND | libc.MS_REMOUNT | libc.MS_RDONLY
        libc.mount("none", confinement.cache_folder, "none", flags)
        if confinement.compartment is not None:
            _show_one_compartment(confinement.cache_folder, confinement.compartment)


def _show_one_compartment(cache_folder: str, compartment: str) -> None:
    """Hide the programs of all other problems: whether one is there could be asked, too."""
    own, aside = f"{cache_folder}/{compartment}", "/dev/shm/compartment"
    is_there = bool(compartment) and os.path.isdir(own)
    if is_there:
        os.mkdir(aside)
        libc.mount(own, aside, "none", libc.MS_BIND)
    options = "size=4k,nr_inodes=8,mode=311"
    flags = _CAREFUL | libc.MS_NOEXEC
    libc.mount("tmpfs", cache_folder, "tmpfs", flags, options)
    if is_there:
        os.mkdir(own)
        libc.mount(aside, own, "none", libc.MS_BIND)
        libc.mount("none", own, "none", flags | libc.MS_BIND | libc.MS_REMOUNT | libc.MS_RDONLY)
        libc.unmount(aside)
        os.rmdir(aside)
    libc.mount("tmpfs", cache_folder, "tmpfs", flags | libc.MS_REMOUNT | libc.MS_RDONLY, options)


def _step_back_as_a_group(niceness: int) -> None:
    """Give the group of this new session its own niceness, where the kernel shares out processors by session.

    There nice(2) counts among the processes of one session alone (sched(7), "The autogroup feature"). A
    kernel without it has no such file, and one that takes ten such wishes a second may refuse this one.
    """
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(niceness))


def _set_limits(limits: Limits) -> None:
    os.nice(limits.niceness)
    cpu_seconds = max(1, round(all_cpu_seconds(limits)))
    for kind, soft, hard in (
        (resource.RLIMIT_CPU, cpu_seconds, cpu_seconds + 1),
        (resource.RLIMIT_AS, _ADDRESS_SPACE_BYTES, _ADDRESS_SPACE_BYTES),
        (resource.RLIMIT_NPROC, limits.processes, limits.processes),
        (resource.RLIMIT_FSIZE, limits.file_bytes, limits.file_bytes),
        (resource.RLIMIT_NOFILE, 256, 256),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_MEMLOCK, 0, 0),
        (resource.RLIMIT_MSGQUEUE, 0, 0),
        (resource.RLIMIT_SIGPENDING, 256, 256),
    ):
        # Where the service itself may use less, that holds for its runs too: nobody here could raise it.
        _, most = resource.getrlimit(kind)
        if most != resource.RLIM_INFINITY:
            soft, hard = min(soft, most), min(hard, most)
        resource.setrlimit(kind, (soft, hard))
