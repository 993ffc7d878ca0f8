"""Which packages the code in a jail can import, looked up without importing any."""

import hashlib
import sys
from collections.abc import Iterable
from importlib.machinery import PathFinder
from pathlib import Path

from sandbox.interface import SandboxUnavailable
from sandbox.isolation.bubblewrap import find_host_paths


def missing_packages(names: Iterable[str]) -> list[str]:
    """Return those of the top-level `names` that an `import` in a jail would not find."""
    wanted = [name for name in names if name not in sys.stdlib_module_names]
    folders = _folders() if wanted else []
    return [name for name in wanted if PathFinder.find_spec(name, folders) is None]


def packages_digest() -> str:
    """Return a digest that changes where a package is installed or removed."""
    names = [sorted(path.name for path in Path(folder).iterdir()) for folder in _folders()]
    return hashlib.sha256(repr(names).encode()).hexdigest()


def _folders() -> list[str]:
    try:
        return [str(folder) for folder in find_host_paths().packages]
    except SandboxUnavailable:  # Whoever opens a jail here says so.
        return []
