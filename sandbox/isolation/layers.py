"""Which layers of the jail hold on this host, which it lacks, and how to get those."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

import sandbox
from sandbox.cgroups.folder import read_pressure
from sandbox.cgroups.interface import ControlGroups, open_control_groups
from sandbox.interface import SandboxUnavailable
from sandbox.isolation.bubblewrap import find_host_paths
from sandbox.isolation.landlock import landlock_abi
from sandbox.isolation.seccomp import compiled_filter
from sandbox.procfs.schedule import counts_waiting_times

_LANDLOCK_GAINS = {1: "files", 4: "TCP", 6: "signals and abstract sockets"}
_SYSCTLS = Path("/proc/sys")
_PRESSURE = Path("/proc/pressure/cpu")
_CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))
# The very calls that a child makes, so that whatever refuses one of them shows up here.
_TRY_NAMESPACES = """
import sys
sys.path.insert(0, sys.argv[1])
from sandbox.inside import confine, libc
confine.enter_namespaces()
libc.mount("none", "/", "none", libc.MS_REC | libc.MS_PRIVATE)
libc.mount("tmpfs", "/tmp", "tmpfs", libc.MS_NOSUID | libc.MS_NODEV, "size=4k")
"""


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """One layer of the jail. Without a `required` one nothing is run."""

    name: str
    is_active: bool
    is_required: bool
    detail: str
    remedy: str = ""
    """How to get it, a step a line."""


def examine() -> Iterator[Layer]:
    """Look at each layer on this host right now."""
    yield _bubblewrap()
    yield _namespaces()
    yield _seccomp()
    yield _landlock()
    yield _packages()
    yield from _control_groups()
    yield _waiting_times()


def lacking() -> str:
    """Say what is required and missing, and how to get it; empty where runs can be jailed."""
    missing = [layer for layer in examine() if layer.is_required and not layer.is_active]
    return "; ".join(
        f"{layer.name}: {layer.detail}. {' '.join(layer.remedy.splitlines())}" for layer in missing
    )


def _bubblewrap() -> Layer:
    path = shutil.which("bwrap")
    return Layer(
        name="bubblewrap",
        is_active=path is not None,
        is_required=True,
        detail=path or "not installed",
        remedy=""
        if path
        else "Install the package bubblewrap (Debian and Ubuntu: apt-get install bubblewrap).",
    )


def _namespaces() -> Layer:
    """Try a jail as a learner's: namespaces inside bubblewrap's, and mounts in them."""
    command = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev"]
    # The kernel lets no process of several threads into a new user namespace, and NumPy starts some.
    command += ["--setenv", "OPENBLAS_NUM_THREADS", "1", "--"]
    command += [sys.executable, "-I", "-c", _TRY_NAMESPACES, str(Path(sandbox.__path__[0]).parent)]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        works, reason = ran.returncode == 0, ran.stderr.strip().splitlines()[-1:]
    except (OSError, subprocess.TimeoutExpired) as error:
        works, reason = False, [str(error)]
    return Layer(
        name="namespaces",
        is_active=works,
        is_required=True,
        detail="user, PID, mount, network, IPC, UTS, cgroup" if works else f"refused ({' '.join(reason)})",
        remedy="" if works else namespace_remedy(),
    )


def _seccomp() -> Layer:
    try:
        size = len(compiled_filter()) // 8
    except (OSError, ImportError) as error:
        return Layer(
            name="seccomp",
            is_active=False,
            is_required=True,
            detail=str(error),
            remedy="Install libseccomp (Debian and Ubuntu: apt-get install libseccomp2).",
        )
    works = "Seccomp:" in Path("/proc/self/status").read_text()
    return Layer(
        name="seccomp",
        is_active=works,
        is_required=True,
        detail=f"an allow list of {size} instructions" if works else "the kernel has no seccomp filters",
        remedy="" if works else "Use a kernel with CONFIG_SECCOMP_FILTER.",
    )


def _landlock() -> Layer:
    abi = landlock_abi()
    gains = ", ".join(what for since, what in _LANDLOCK_GAINS.items() if abi >= since)
    return Layer(
        name="Landlock",
        is_active=abi > 0,
        is_required=False,
        detail=f"version {abi} of its interface: {gains}"
        if abi
        else "none: the mounts alone keep files away",
        remedy=""
        if abi
        else "Use a kernel from 5.13 on with CONFIG_SECURITY_LANDLOCK.\n"
        "Where it has that: boot with lsm=landlock, and after it what /sys/kernel/security/lsm lists.\n"
        "In a container: let the engine's seccomp profile allow the three landlock_ calls.",
    )


def _packages() -> Layer:
    try:
        paths = find_host_paths()
    except SandboxUnavailable as error:
        return Layer(
            name="packages", is_active=False, is_required=True, detail=str(error), remedy="Run make setup."
        )
    return Layer(
        name="packages", is_active=True, is_required=True, detail=f"JAX and Flax in {paths.packages[0]}"
    )


def _control_groups() -> Iterator[Layer]:
    """Look at what groups bound, and at what stops a jail that waits for its learner."""
    groups = open_control_groups()
    try:
        yield _memory(groups)
        yield _freezing(can_freeze=groups is not None and groups.can_freeze)
    finally:
        if groups is not None:
            groups.close()


def _freezing(*, can_freeze: bool) -> Layer:
    return Layer(
        name="freezing of waiting jails",
        is_active=can_freeze,
        is_required=False,
        detail="by a control group of version 2 (cgroup.freeze)"
        if can_freeze
        else "by signals: SIGSTOP to each process of a jail, and a look at it each second",
        remedy=""
        if can_freeze
        else "Run in a unit with Delegate=yes, on Linux 5.2 or later (docs/operators/control-groups.md)",
    )


def _memory(groups: ControlGroups | None) -> Layer:
    return Layer(
        name="memory control groups",
        is_active=groups is not None,
        is_required=False,
        detail=groups.description
        if groups is not None
        else f"none for uid {os.getuid()}: the process tree is watched instead",
        remedy=""
        if groups is not None
        else "Run in a unit with Delegate=yes (docs/operators/control-groups.md)",
    )


def _waiting_times() -> Layer:
    """Say how it is known that a run waits for a processor: such time is not the run's own."""
    if counts_waiting_times():
        detail = "of each thread, from /proc/PID/schedstat"
    elif read_pressure(_PRESSURE) is not None:
        detail = "the pressure of a run's control group, where that is of version 2"
    else:
        detail = ""
    return Layer(
        name="processor waiting times",
        is_active=detail != "",
        is_required=False,
        detail=detail or "none: on a busy machine a limit on wall time may end a right solution",
        remedy="" if detail else "Use a kernel with CONFIG_SCHED_INFO, or one with CONFIG_PSI.",
    )


def namespace_remedy(sysctls: Path = _SYSCTLS, *, is_container: bool | None = None) -> str:
    """Say why this host refuses namespaces, as far as it can be known, and what an operator does about it.

    Steps, one a line; each for something found on this host, or a general one where nothing is.

    docs/operators/hosts.md and containers.md say more about each.
    """
    if is_container is None:
        is_container = any(mark.exists() for mark in _CONTAINER_MARKS)
    steps = list(_namespace_steps(sysctls, is_container=is_container))
    return "\n".join(steps or _general_namespace_steps())


def _namespace_steps(sysctls: Path, *, is_container: bool) -> Iterator[str]:
    if is_container:
        yield "A container's usual settings forbid them. docker run and compose.yaml open them with"
        yield "    --security-opt seccomp=docs/operators/seccomp.json"
        yield "    --security-opt apparmor=unconfined --security-opt systempaths=unconfined"
        yield "as docs/operators/containers.md explains. What follows is then the host's to give."
    if _value(sysctls / "kernel/apparmor_restrict_unprivileged_userns") not in (None, "0"):
        yield "AppArmor restricts user namespaces (Ubuntu 23.10 and later). Give them to this service alone:"
        yield "    load docs/operators/apparmor-jaxercise, as docs/operators/hosts.md explains,"
        yield "or to every program: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
    if _value(sysctls / "kernel/unprivileged_userns_clone") == "0":
        yield "This kernel keeps user namespaces for root: sysctl -w kernel.unprivileged_userns_clone=1"
    for kind in ("user", "pid", "mnt", "net", "ipc", "uts", "cgroup"):
        if _value(sysctls / f"user/max_{kind}_namespaces") == "0":
            yield f"No such namespaces are allowed: sysctl -w user.max_{kind}_namespaces=10000"


def _general_namespace_steps() -> Iterator[str]:
    yield "In a systemd unit: leave out RestrictNamespaces=, ProtectKernelTunables=, ProtectKernelLogs=,"
    yield "ProcSubset= and any SystemCallFilter= that refuses unshare, mount or pivot_root"
    yield "(docs/operators/jaxercise.service does without)."
    yield "With a kernel of your own: CONFIG_USER_NS, and the options of the other namespaces."


def _value(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except OSError:
        return None
