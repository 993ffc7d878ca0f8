"""The errors' tree is drawn as it is, and every error of it can happen."""

import ast
import re
from pathlib import Path

import pytest

from app import errors
from app.errors import GraderError
from tests.support.checkout import CHECKOUT

_APP = CHECKOUT / "app"
_CLASSES = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and kind.__module__ == errors.__name__
}


def _drawn(text: str) -> dict[str, str]:
    """Read a drawing: the parent of each class by its name, empty for the root."""
    parents: dict[str, str] = {}
    above: list[str] = []
    for line in text.splitlines():
        found = re.match(r"((?:[│ ]   )*(?:[├└]── )?)([A-Z]\w*)", line)
        if found is None or (not found[1] and above):
            continue
        depth = len(found[1]) // 4
        parents[found[2]] = above[depth - 1] if depth else ""
        above[depth:] = [found[2]]
    return parents


def _made(folder: Path) -> set[str]:
    """Return the names that code below `folder` raises or calls."""
    trees = [ast.parse(file.read_text()) for file in folder.rglob("*.py") if file != _APP / "errors.py"]
    made = [
        node.exc if isinstance(node, ast.Raise) else node.func
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise | ast.Call)
    ]
    return {name.id for name in made if isinstance(name, ast.Name)}


def test_the_tree_is_drawn_as_it_is() -> None:
    """Whoever reads the first lines of the module knows what can go wrong, and what is handled together."""
    real = {
        name: "" if kind is GraderError else kind.__bases__[0].__name__ for name, kind in _CLASSES.items()
    }
    assert _drawn((errors.__doc__ or "").partition("\n\n")[2]) == real


def test_a_drawing_is_read_by_its_indentation() -> None:
    """A check that cannot fail is a defect: another parent is another tree."""
    tree = "A\n├── B\n│   └── C   why\n└── D\n    └── E\n"
    assert _drawn(tree) == {"A": "", "B": "A", "C": "B", "D": "A", "E": "D"}
    assert _drawn(tree.replace("│   └── C", "├── C")) != _drawn(tree)


def test_every_error_is_made_somewhere() -> None:
    """One that nothing raises would be handled, documented and never seen."""
    assert set(_CLASSES) - _made(_APP) == set()


def test_an_error_that_nothing_raises_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("raise QueueFull\nraise SettingsError('x') from None\nNotAllowed\n")
    assert {"QueueFull", "SettingsError"} <= _made(tmp_path)
    assert "NotAllowed" not in _made(tmp_path)


@pytest.mark.parametrize("name", _CLASSES)
def test_an_error_says_by_itself_what_happened(name: str) -> None:
    """Its docstring is what is shown where no other message is given."""
    assert _CLASSES[name]().message == _CLASSES[name].__doc__
    assert _CLASSES[name]("other").message == "other"
