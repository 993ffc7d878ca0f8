"""The outer wall: the command line that starts a fork server inside bubblewrap, and the users in it.

Where the service runs as root, bubblewrap enters a user namespace with many users. Root is exempt from the
kernel's limit on processes even inside a namespace, so the children of a fork server that root started
become another user first; that user has to exist in the namespace's map.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

import sandbox
from sandbox.environment import openblas_choices
from sandbox.interface import SandboxUnavailable
from sandbox.isolation.distributions import mounted_entries

CHILD_UID = 1000
_FIRST_HOST_UID = 0x6A610000
"""High above every ordinary and subordinate range of Debian (which end below 0x28000000)."""
_PATIENCE_SECONDS = 5.0

JAIL_CACHE = "/jail/cache"
_JAIL_PYTHON = Path("/jail/python")
_JAIL_PACKAGES = Path("/jail/packages")
_JAIL_LIBRARY = Path("/jail/library")

ENVIRONMENT = {
    "PATH": "/usr/bin",
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    "JAX_PLATFORMS": "cpu",
    # A second thread in the fork server would make its forks unsafe.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    # XLA's other kernel for contractions is generated anew in each process, which takes 30 ms.
    "TENSORFLOW_USE_CUSTOM_CONTRACTION_KERNEL": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    # The order of a set of names would be another one in each fork server.
    "PYTHONHASHSEED": "0",
}
_ALONE = ("-P", "-s", "-S")
"""No folder but those of Python itself is imported from; not `-I`, which would not hear `ENVIRONMENT`."""


def jail_environment() -> dict[str, str]:
    """Return every variable of a fork server, and so of a jail."""
    return {**ENVIRONMENT, **openblas_choices()}


class HostPaths(msgspec.Struct, frozen=True, kw_only=True):
    """Where the interpreter and the packages of a jail lie on the host."""

    python: Path
    python_prefix: Path
    packages: tuple[Path, ...]
    """The folders that they lie in, perhaps beside others."""
    entries: dict[str, Path]
    """What a jail sees of these, by its path in the jail's one folder of packages."""
    library: Path
    """The folder that holds the `sandbox` package and nothing else that matters."""


def find_host_paths() -> HostPaths:
    """Look up the running interpreter and the packages that it sees, without importing them.

    Raises:
        SandboxUnavailable: JAX or Flax is not installed beside this interpreter.
    """
    packages = []
    for name in ("jax", "flax", "optax", "numpy", "msgspec"):
        found = importlib.util.find_spec(name)
        if found is None or found.origin is None:
            raise SandboxUnavailable(f"{name} is not installed; install what requirements-jail.lock lists")
        packages.append(Path(found.origin).parent.parent)
    prefix = Path(sys.base_prefix)
    return HostPaths(
        python=prefix / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}",
        python_prefix=prefix,
        packages=tuple(dict.fromkeys(packages)),
        entries=mounted_entries(),
        library=Path(sandbox.__path__[0]),
    )


def find_bubblewrap() -> str:
    """Return the path of `bwrap`.

    Raises:
        SandboxUnavailable: it is not installed.
    """
    path = shutil.which("bwrap")
    if path is None:
        raise SandboxUnavailable("bubblewrap is not installed (Debian: apt-get install bubblewrap)")
    return path


def fork_server_command(
    paths: HostPaths,
    *,
    cache: Path,
    writable_cache: bool,
    user_namespace: int | None,
    control: int,
    patches: Sequence[str],
) -> Sequence[str]:
    """Return the command of bubblewrap, then Python on `start.py`.

    The host's own paths do not show inside: the interpreter, the packages and this library lie below
    `/jail`. With `user_namespace`, a descriptor, bubblewrap enters that namespace in place of a new one.
    """
    command = [find_bubblewrap()]
    if user_namespace is None:
        command += ["--unshare-user", "--uid", "1000", "--gid", "1000"]
    else:
        command += ["--userns", str(user_namespace), "--cap-drop", "ALL", "--cap-add", "CAP_SETUID"]
        command += ["--cap-add", "CAP_SETGID"]
    command += ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup"]
    command += ["--die-with-parent", "--new-session", "--clearenv", "--hostname", "jail"]
    system_python = paths.python_prefix == Path("/usr")
    python_root = Path("/usr") if system_python else _JAIL_PYTHON
    environment = jail_environment()
    if not system_python:
        environment["LD_LIBRARY_PATH"] = str(python_root / "lib")
    for name, value in environment.items():
        command += ["--setenv", name, value]
    command += ["--ro-bind", "/usr/lib", "/usr/lib"]
    for folder in ("/usr/lib64", "/usr/bin"):
        if Path(folder).exists():
            command += ["--ro-bind", folder, folder]
    for link in ("/lib", "/lib64", "/bin"):
        if Path(link).exists():
            command += ["--symlink", f"usr{link}", link]
    # Where the service is not root, /dev belongs to the children's own user.
    command += ["--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev", "--tmpfs", "/tmp"]
    # Folders that bubblewrap makes on its own way to a target would be closed to a child's other user.
    for folder in ("/jail", str(_JAIL_PACKAGES), str(_JAIL_LIBRARY)):
        command += ["--perms", "0755", "--dir", folder]
    if not system_python:
        command += ["--ro-bind", str(paths.python_prefix), str(python_root)]
        # The names of its other programs would say what is installed beside it.
        programs = str(python_root / "bin")
        command += ["--tmpfs", programs, "--ro-bind", str(paths.python), f"{programs}/{paths.python.name}"]
        command += ["--remount-ro", programs]
    command += _package_mounts(paths, python_root)
    command += ["--ro-bind", str(paths.library), str(_JAIL_LIBRARY / "sandbox")]
    command += ["--bind" if writable_cache else "--ro-bind", str(cache), JAIL_CACHE]
    command += ["--remount-ro", "/", "--chdir", "/tmp", "--"]
    start = _JAIL_LIBRARY / "sandbox" / "inside" / "start.py"
    command += [str(python_root / "bin" / paths.python.name), *_ALONE, str(start), str(control)]
    return [*command, ",".join(patches), str(_JAIL_PACKAGES), str(_JAIL_LIBRARY)]


def _package_mounts(paths: HostPaths, python_root: Path) -> list[str]:
    mounts: list[str] = []
    for folder in _installed_beside(paths.python_prefix, python_root):
        mounts += ["--tmpfs", folder, "--remount-ro", folder]
    parents = {str(parent) for inside in paths.entries for parent in Path(inside).parents} - {"."}
    for parent in sorted(parents):
        mounts += ["--perms", "0755", "--dir", f"{_JAIL_PACKAGES}/{parent}"]
    for inside, host in paths.entries.items():
        mounts += ["--ro-bind", str(host), f"{_JAIL_PACKAGES}/{inside}"]
    return mounts


def _installed_beside(prefix: Path, inside: Path) -> list[str]:
    """Return where packages lie in what is mounted as a whole: the jail is given its own one by one."""
    roots = {Path("/usr"): Path("/usr"), prefix: inside}
    return sorted(
        str(shown / folder.relative_to(root))
        for root, shown in roots.items()
        for kind in ("site-packages", "dist-packages")
        for folder in (root / "lib").glob(f"python3*/{kind}")
        if folder.is_dir() and not folder.is_symlink()
    )


def unjailed_command(paths: HostPaths, *, control: int, patches: Sequence[str]) -> Sequence[str]:
    """Return the same with no wall around it, for development on hosts without user namespaces."""
    start = paths.library / "inside" / "start.py"
    packages = [str(path) for path in paths.packages]
    command = [str(paths.python), *_ALONE, str(start), str(control), ",".join(patches)]
    return [*command, *packages, str(paths.library.parent)]


def open_many_users() -> int:
    """Open a new user namespace: 0 is root, 1 to 65534 are users that own nothing on the host.

    The descriptor is the caller's to close.

    Raises:
        SandboxUnavailable: the kernel refuses user namespaces, or the maps.
    """
    # util-linux's unshare keeps the fork out of this process, which may have threads.
    holder = subprocess.Popen(["unshare", "--user", "cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        folder = Path(f"/proc/{holder.pid}")
        _wait_for_namespace(holder, folder)
        for kind in ("uid_map", "gid_map"):
            (folder / kind).write_text(f"0 0 1\n1 {_FIRST_HOST_UID} 65534\n")
        return os.open(folder / "ns/user", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise SandboxUnavailable(f"a user namespace for the jail could not be made: {error}") from error
    finally:
        holder.communicate()


def _wait_for_namespace(holder: "subprocess.Popen[bytes]", folder: Path) -> None:
    ours = Path("/proc/self/ns/user").stat().st_ino
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (folder / "ns/user").stat().st_ino == ours:
        if holder.poll() is not None or time.monotonic() > deadline:
            raise SandboxUnavailable(
                "the kernel refuses user namespaces (see sysctl user.max_user_namespaces)"
            )
        time.sleep(0.001)
