"""The outer wall: the command line that starts a fork server inside bubblewrap."""

import importlib.util
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

import sandbox
from sandbox.interface import SandboxUnavailable

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
    "PYTHONHASHSEED": "0",
}


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """Where the interpreter and the packages of a jail lie on the host."""

    python: Path
    python_prefix: Path
    packages: tuple[Path, ...]
    library: Path
    """The folder that holds the `sandbox` package and nothing else that matters."""


def find_places() -> Places:
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
    return Places(
        python=prefix / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}",
        python_prefix=prefix,
        packages=tuple(dict.fromkeys(packages)),
        library=Path(sandbox.__path__[0]),
    )


def find_bubblewrap() -> str:
    """The path of `bwrap`.

    Raises:
        SandboxUnavailable: it is not installed.
    """
    path = shutil.which("bwrap")
    if path is None:
        raise SandboxUnavailable("bubblewrap is not installed (Debian: apt-get install bubblewrap)")
    return path


def fork_server_command(
    places: Places, *, cache: Path, writable_cache: bool, user_namespace: int | None, control: int
) -> Sequence[str]:
    """bubblewrap, then Python on `start.py`.

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
    system_python = places.python_prefix == Path("/usr")
    python_root = Path("/usr") if system_python else _JAIL_PYTHON
    environment = dict(ENVIRONMENT)
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
        command += ["--ro-bind", str(places.python_prefix), str(python_root)]
    packages = [f"{_JAIL_PACKAGES}/{index}" for index, _ in enumerate(places.packages)]
    for host, inside in zip(places.packages, packages, strict=True):
        command += ["--ro-bind", str(host), inside]
    command += ["--ro-bind", str(places.library), str(_JAIL_LIBRARY / "sandbox")]
    command += ["--bind" if writable_cache else "--ro-bind", str(cache), JAIL_CACHE]
    command += ["--remount-ro", "/", "--chdir", "/tmp", "--"]
    start = _JAIL_LIBRARY / "sandbox" / "inside" / "start.py"
    command += [str(python_root / "bin" / places.python.name), "-I", "-S", str(start), str(control)]
    return [*command, *packages, str(_JAIL_LIBRARY)]


def unjailed_command(places: Places, *, control: int) -> Sequence[str]:
    """The same fork server with no wall around it, for development on hosts without user namespaces."""
    start = places.library / "inside" / "start.py"
    packages = [str(path) for path in places.packages]
    return [str(places.python), "-I", "-S", str(start), str(control), *packages, str(places.library.parent)]
