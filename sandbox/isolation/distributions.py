"""What of the installed packages a jail sees: what JAX and Flax need, one by one, nothing of the service's.

Everything may lie in one folder, so folders are not mounted. What is needed is read from what each
distribution says of itself (`importlib.metadata`), without importing any.
"""

import functools
import importlib.metadata
import importlib.util
import os
import re
from collections.abc import Iterator
from pathlib import Path

ROOTS = ("jax", "flax", "optax", "numpy", "msgspec")
"""The extra `jail` of pyproject.toml, and what the sandbox itself imports inside."""
FURTHER = "JAXERCISE_JAIL_PACKAGES"
"""Names further distributions for jails, separated by commas: those that problems' `packages` need."""
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?[^;]*(?:;(.*))?", re.DOTALL)
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")
_SEPARATORS = re.compile(r"[-_.]+")


def jail_distributions() -> dict[str, importlib.metadata.Distribution]:
    """Return by their names the roots and all that they require, as far as it is installed.

    Of an environment marker only `extra` is asked: what another one rules out is not installed.
    """
    found: dict[str, importlib.metadata.Distribution] = {}
    further = [name.strip() for name in os.environ.get(FURTHER, "").split(",") if name.strip()]
    waiting: list[tuple[str, frozenset[str]]] = [(name, frozenset()) for name in (*ROOTS, *further)]
    met: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, extras = waiting.pop()
        if (_normal(name), extras) in met:
            continue
        met.add((_normal(name), extras))
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        found[_normal(name)] = distribution
        for requirement in distribution.requires or ():
            waiting += _required(requirement, extras)
    return found


@functools.cache
def mounted_entries() -> dict[str, Path]:
    """Return what a jail's folder of packages holds: by its path in there, where it lies on the host.

    A folder that is no package of its own, as `google`, may be another distribution's too: then what is in
    it is taken one by one.
    """
    entries: dict[str, Path] = {}
    for distribution in jail_distributions().values():
        for inside, host in _files(distribution):
            entries.setdefault(inside, host)
    for name in ROOTS:  # One that is installed to be worked on lists no files of its own.
        if name not in entries and (spec := importlib.util.find_spec(name)) and spec.origin:
            entries[name] = Path(spec.origin).parent
    return dict(sorted(entries.items()))


def _files(distribution: importlib.metadata.Distribution) -> Iterator[tuple[str, Path]]:
    root = Path(str(distribution.locate_file("")))
    # Its first column alone: to look at each file as `files` does takes seconds.
    listed = (distribution.read_text("RECORD") or "").splitlines()
    parts_of = sorted({tuple(line.partition(",")[0].strip('"').split("/")) for line in listed if line})
    whole: set[tuple[str, ...]] = set()
    for parts in parts_of:
        if parts[0] in ("", "..", "__pycache__") or parts[0].endswith(".pth"):
            continue
        for depth in range(1, len(parts) + 1):
            if parts[:depth] in whole:
                break
            host = root.joinpath(*parts[:depth])
            if depth == len(parts) or _is_whole(host):
                whole.add(parts[:depth])
                if host.exists():
                    yield "/".join(parts[:depth]), host
                break


def _is_whole(folder: Path) -> bool:
    """Say whether a folder is one distribution's: a package, or a folder of libraries or of metadata."""
    return (folder / "__init__.py").exists() or folder.name.endswith((".dist-info", ".libs", ".data"))


def _required(requirement: str, extras: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    match = _REQUIREMENT.match(requirement)
    if match is None:
        return
    name, own_extras, marker = match.groups()
    asked = _EXTRA.findall(marker or "")
    if not asked or any(_normal(extra) in extras for extra in asked):
        yield name, frozenset(_normal(extra) for extra in (own_extras or "").split(",") if extra.strip())


def _normal(name: str) -> str:
    return _SEPARATORS.sub("-", name.strip()).lower()
