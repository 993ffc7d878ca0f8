"""What of the jail this host can give, what it lacks, and how to get it."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec

from sandbox.bubblewrap import find_places
from sandbox.control_groups import open_control_groups
from sandbox.interface import SandboxUnavailable
from sandbox.seccomp import compiled_filter


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """One layer of the jail. Without a `required` one nothing is run."""

    name: str
    is_active: bool
    is_required: bool
    detail: str
    remedy: str = ""


def examine() -> Iterator[Layer]:
    """Each layer, looked at on this host right now."""
    yield _bubblewrap()
    yield _namespaces()
    yield _seccomp()
    yield _packages()
    yield _memory()


def lacking() -> str:
    """What is required and missing, with the way to get it; empty where runs can be jailed."""
    missing = [layer for layer in examine() if layer.is_required and not layer.is_active]
    return "; ".join(f"{layer.name}: {layer.detail}. {layer.remedy}" for layer in missing)


def _bubblewrap() -> Layer:
    path = shutil.which("bwrap")
    return Layer(
        name="bubblewrap",
        is_active=path is not None,
        is_required=True,
        detail=path or "not installed",
        remedy="" if path else "On Debian: apt-get install bubblewrap",
    )


def _namespaces() -> Layer:
    """A jail as a learner's: namespaces inside bubblewrap's."""
    command = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--", "unshare"]
    command += ["--user", "--mount", "--pid", "--net", "--ipc", "--uts", "--cgroup", "--fork", "true"]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        works, reason = ran.returncode == 0, ran.stderr.strip().splitlines()[:1]
    except (OSError, subprocess.TimeoutExpired) as error:
        works, reason = False, [str(error)]
    return Layer(
        name="namespaces",
        is_active=works,
        is_required=True,
        detail="user, PID, mount, network, IPC, UTS, cgroup" if works else f"refused ({' '.join(reason)})",
        remedy="" if works else _namespace_remedy(),
    )


def _namespace_remedy() -> str:
    knob = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
    if knob.exists() and knob.read_text().strip() != "0":
        return "AppArmor restricts user namespaces: sysctl kernel.apparmor_restrict_unprivileged_userns=0"
    knob = Path("/proc/sys/kernel/unprivileged_userns_clone")
    if knob.exists() and knob.read_text().strip() == "0":
        return "Allow user namespaces: sysctl kernel.unprivileged_userns_clone=1"
    return "Raise sysctl user.max_user_namespaces; in a container allow unshare, mount and user namespaces"


def _seccomp() -> Layer:
    try:
        size = len(compiled_filter()) // 8
    except (OSError, ImportError) as error:
        return Layer(
            name="seccomp",
            is_active=False,
            is_required=True,
            detail=str(error),
            remedy="On Debian: apt-get install libseccomp2",
        )
    works = "Seccomp:" in Path("/proc/self/status").read_text()
    return Layer(
        name="seccomp",
        is_active=works,
        is_required=True,
        detail=f"an allow list of {size} instructions" if works else "the kernel has no seccomp filters",
        remedy="" if works else "Use a kernel with CONFIG_SECCOMP_FILTER",
    )


def _packages() -> Layer:
    try:
        places = find_places()
    except SandboxUnavailable as error:
        return Layer(
            name="packages", is_active=False, is_required=True, detail=str(error), remedy="Run make setup"
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
