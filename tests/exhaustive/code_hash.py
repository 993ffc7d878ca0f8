"""The hash of what results rest on: files of the checkout, and the versions of what computes.

Of Python, comments and docstrings do not count, so that a better sentence does not ask for hours of
computing; of folders, neither do READMEs and what a run leaves behind.
"""

import ast
import functools
import hashlib
import importlib.metadata
import platform
from collections.abc import Iterable, Iterator
from pathlib import Path

_PACKAGES = ("jax", "jaxlib", "flax", "numpy", "optax")
_DIGITS = 16
_PASSED_OVER = frozenset({"__pycache__", "node_modules", "dist"})
# There the text itself is graded: its lines are quoted, and a variant's docstring is what a learner reads.
_GRADED_TEXTS = ("problems/", "reference_solutions/")


def hash_files(checkout: Path, paths: Iterable[str]) -> dict[str, str]:
    """Return the hash of each file or folder, by its path.

    Raises:
        FileNotFoundError: one of them is not there.
    """
    return {path: _hash_tree(checkout, path) for path in paths}


def hash_whole(files: dict[str, str], versions: dict[str, str]) -> str:
    return _digest(repr((sorted(files.items()), sorted(versions.items()))).encode())


@functools.cache
def installed_versions() -> dict[str, str]:
    """Look up what computes; another version of it may give other results."""
    return {
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in _PACKAGES},
    }


def _hash_tree(checkout: Path, path: str) -> str:
    top = checkout / path
    if not top.exists():
        raise FileNotFoundError(f"{path}, which results rest on, is not in the checkout")
    files = [top] if top.is_file() else sorted(_files(top))
    parts = [(file.relative_to(checkout).as_posix(), _meaning(checkout, file)) for file in files]
    return _digest(repr(parts).encode())


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name in _PASSED_OVER or path.name == "README.md" or path.suffix == ".pyc":
            continue
        if path.is_dir():
            yield from _files(path)
        elif path.is_file():
            yield path


def _meaning(checkout: Path, file: Path) -> str:
    is_code = file.suffix == ".py" and not file.relative_to(checkout).as_posix().startswith(_GRADED_TEXTS)
    stat = file.stat()
    return _hash_file(file, is_code, stat.st_mtime_ns, stat.st_size)


# Asked after every item, and parsing a thousand modules takes seconds.
@functools.cache
def _hash_file(file: Path, is_code: bool, changed_ns: int, size: int) -> str:
    content = file.read_bytes()
    return _digest(_without_words(content) if is_code else content)


def _without_words(source: bytes) -> bytes:
    """Return what is executed; of a file that is no Python of ours, as an example with a fault, all of it."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return source
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [line for line in body if not _is_text(line)]  # type: ignore[attr-defined]
    return ast.dump(tree).encode()


def _is_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGITS]
