"""Why this host refuses namespaces, as far as it can be told, and what an operator does about it."""

from collections.abc import Iterator
from pathlib import Path

_SYSCTLS = Path("/proc/sys")
_CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))


def namespace_remedy(sysctls: Path = _SYSCTLS, *, is_container: bool | None = None) -> str:
    """Steps, one a line; each for something found on this host, or a general one where nothing is.

    docs/operators/hosts.md and containers.md say more about each.
    """
    if is_container is None:
        is_container = any(mark.exists() for mark in _CONTAINER_MARKS)
    steps = list(_steps(sysctls, is_container=is_container))
    return "\n".join(steps or _general_steps())


def _steps(sysctls: Path, *, is_container: bool) -> Iterator[str]:
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


def _general_steps() -> Iterator[str]:
    yield "In a systemd unit: leave out RestrictNamespaces=, ProtectKernelTunables=, ProtectKernelLogs=,"
    yield "ProcSubset= and any SystemCallFilter= that refuses unshare, mount or pivot_root"
    yield "(docs/operators/jaxercise.service does without)."
    yield "With a kernel of your own: CONFIG_USER_NS, and the options of the other namespaces."


def _value(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except OSError:
        return None
