"""Which packages the code in a jail can import, looked up without importing it."""

import hashlib
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from sandbox.isolation.distributions import mounted_entries


def missing_packages(names: Iterable[str]) -> list[str]:
    """Return those of the top-level `names` that an `import` in a jail would not find."""
    wanted = [name for name in names if name not in sys.stdlib_module_names]
    # `google/protobuf`, `typing_extensions.py` and `_yaml.cpython-311-x86_64-linux-gnu.so` alike.
    there = {inside.partition("/")[0].partition(".")[0] for inside in _entries()} if wanted else set()
    return [name for name in wanted if name not in there]


def packages_digest() -> str:
    """Return a digest that changes where a package is installed for jails or removed."""
    return hashlib.sha256(repr(sorted(_entries())).encode()).hexdigest()


def _entries() -> Mapping[str, Path]:
    return mounted_entries()
