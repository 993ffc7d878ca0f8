"""Whatever the sources import is named in pyproject.toml: another package may stop bringing it any day."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.support.checkout import CHECKOUT

_OURS = frozenset({"app", "sandbox"})
_WITH_ANOTHER = {"jaxlib": "jax"}
"""Two halves of one library, of the very same version."""
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def _imported(sources: Iterable[Path]) -> dict[str, Path]:
    """The top-level packages that are imported, each with one of the files that do."""
    found: dict[str, Path] = {}
    for path in sources:
        for node in ast.walk(ast.parse(path.read_text())):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            found |= {name.partition(".")[0]: path for name in names}
    return {name: path for name, path in found.items() if name not in sys.stdlib_module_names | _OURS}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _named() -> set[str]:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    requirements = [*project["dependencies"], *project["optional-dependencies"]["jail"]]
    return {_normal(match[0]) for line in requirements if (match := _NAME.match(line))}


def _unnamed(sources: Iterable[Path], named: set[str]) -> list[str]:
    distributions = packages_distributions()
    return [
        f"{path}: {package}"
        for package, path in sorted(_imported(sources).items())
        if not named
        & {_normal(name) for name in distributions.get(_WITH_ANOTHER.get(package, package), [package])}
    ]


def test_every_import_is_of_a_named_dependency() -> None:
    sources = [path for folder in _OURS for path in (CHECKOUT / folder).rglob("*.py")]
    assert _unnamed(sources, _named()) == []


def test_one_that_is_brought_by_another_is_found(tmp_path: Path) -> None:
    """The check above can fail."""
    source = tmp_path / "source.py"
    source.write_text("import os\nimport msgspec\nfrom h11 import Request\nfrom h11._util import x\n")
    assert _unnamed([source], {"msgspec"}) == [f"{source}: h11"]
