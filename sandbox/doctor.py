"""What of the jail this host can give, what it lacks, how to get it, and whether it then keeps its word."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path

import msgspec

import sandbox
from sandbox.cgroups.interface import open_control_groups
from sandbox.checks.run_checks import Checked, all_checks, plant_program, run_all
from sandbox.interface import SandboxUnavailable
from sandbox.isolation.bubblewrap import find_places
from sandbox.isolation.landlock_abi import landlock_abi
from sandbox.isolation.remedies import namespace_remedy
from sandbox.isolation.seccomp import compiled_filter
from sandbox.jailed import open_supervisor

_LANDLOCK_GAINS = {1: "files", 4: "TCP", 6: "signals and abstract sockets"}
_SHARED_TOPS = tuple(map(Path, ("/usr", "/bin", "/lib", "/lib64", "/dev", "/proc")))
"""What lies below these may well be in a jail too, under the same path."""
# The very calls that a child makes, so that whatever refuses one of them shows up here.
_TRY_NAMESPACES = """
import sys
sys.path.insert(0, sys.argv[1])
from sandbox.inside.confine import confine
from sandbox.inside.confine import system_calls as system
confine.enter_namespaces()
system.mount("none", "/", "none", system.MS_REC | system.MS_PRIVATE)
system.mount("tmpfs", "/tmp", "tmpfs", system.MS_NOSUID | system.MS_NODEV, "size=4k")
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
    """Each layer, looked at on this host right now."""
    yield _bubblewrap()
    yield _namespaces()
    yield _seccomp()
    yield _landlock()
    yield _packages()
    yield _memory()


def lacking() -> str:
    """What is required and missing, with the way to get it; empty where runs can be jailed."""
    missing = [layer for layer in examine() if layer.is_required and not layer.is_active]
    return "; ".join(
        f"{layer.name}: {layer.detail}. {' '.join(layer.remedy.splitlines())}" for layer in missing
    )


async def run_isolation_checks(hidden: Iterable[Path]) -> AsyncIterator[Checked]:
    """Each promise, tried in a jail of this host. `hidden` are paths that no run may find.

    Raises:
        SandboxUnavailable: no jail starts here.
    """
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "compiled"
        plant_program(cache)
        async with open_supervisor(cache=cache) as supervisor:
            await supervisor.warm_up()
            async for checked in run_all(supervisor, all_checks(filter(_is_hidden, hidden))):
                yield checked


def _is_hidden(path: Path) -> bool:
    """Not what a jail has of its own under the same name, and not what is not there anyway."""
    is_shared = any(path.is_relative_to(top) for top in _SHARED_TOPS)
    return path.exists() and not is_shared and path not in (Path("/"), Path("/tmp"))


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
    """A jail as a learner's: namespaces inside bubblewrap's, and mounts in them."""
    command = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--"]
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
        places = find_places()
    except SandboxUnavailable as error:
        return Layer(
            name="packages", is_active=False, is_required=True, detail=str(error), remedy="Run make setup."
        )
    return Layer(
        name="packages", is_active=True, is_required=True, detail=f"JAX and Flax in {places.packages[0]}"
    )


def _memory() -> Layer:
    groups = open_control_groups()
    if groups is not None:
        groups.close()
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
