"""How wide a package may be and how long its modules: so that a listing tells what lies where.

`__init__.py` is empty and does not count.
"""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.checkout import CHECKOUT

_ROOTS = ("app", "sandbox")
_WIDEST = 16
_COMMANDS_AND_PAGES = 22
"""One file a page or a command: there a list is the structure."""
_WIDER = ("app/web", "app/cli")
_MEDIAN_LINES = 90
_LONGEST_LINES = 400


def _modules(tree: Path) -> list[Path]:
    return sorted(path for path in tree.rglob("*.py") if path.name != "__init__.py")


def _lines(module: Path) -> int:
    return len(module.read_text().splitlines())


def _too_wide(checkout: Path) -> list[str]:
    """Return the folders that hold more modules than a reader takes in at a glance."""
    widths: dict[str, int] = {}
    for root in _ROOTS:
        for module in _modules(checkout / root):
            folder = module.parent.relative_to(checkout).as_posix()
            widths[folder] = widths.get(folder, 0) + 1
    return [
        f"{folder}: {width} modules"
        for folder, width in sorted(widths.items())
        if width > (_COMMANDS_AND_PAGES if folder in _WIDER else _WIDEST)
    ]


def _too_long(checkout: Path) -> list[str]:
    modules = [module for root in _ROOTS for module in _modules(checkout / root)]
    return [
        f"{module.relative_to(checkout)}: {_lines(module)} lines"
        for module in modules
        if _lines(module) > _LONGEST_LINES
    ]


def _median_lines(tree: Path) -> float:
    return statistics.median(_lines(module) for module in _modules(tree))


def _places_counted_from(module: Path) -> Iterator[int]:
    """Yield the lines that reach beyond a module's own folder by counting the parents of its file."""
    for node in ast.walk(ast.parse(module.read_text())):
        match node:
            case (
                ast.Subscript(value=ast.Attribute(attr="parents"))
                | ast.Attribute(attr="parent", value=ast.Attribute(attr="parent"))
                | ast.Call(
                    func=ast.Attribute(attr="dirname") | ast.Name(id="dirname"),
                    args=[ast.Call(func=ast.Attribute(attr="dirname") | ast.Name(id="dirname"))],
                )
            ) if any(isinstance(part, ast.Name) and part.id == "__file__" for part in ast.walk(node)):
                yield node.lineno


def _counted_places(checkout: Path) -> list[str]:
    return [
        f"{module.relative_to(checkout)}:{line}"
        for root in _ROOTS
        for module in _modules(checkout / root)
        for line in _places_counted_from(module)
    ]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Make up a checkout that keeps every bar, and by a hair."""
    for root in _ROOTS:
        _write(tmp_path, f"{root}/deep/down", _WIDEST, lines=_MEDIAN_LINES)
    _write(tmp_path, "app/cli", _COMMANDS_AND_PAGES, lines=_MEDIAN_LINES)
    (tmp_path / "app/deep/down/m0.py").write_text("#\n" * _LONGEST_LINES)
    return tmp_path


def _write(checkout: Path, folder: str, count: int, *, lines: int, name: str = "m") -> None:
    (checkout / folder).mkdir(parents=True, exist_ok=True)
    (checkout / folder / "__init__.py").touch()
    for number in range(count):
        (checkout / folder / f"{name}{number}.py").write_text("#\n" * lines)


def test_no_package_is_wider_than_a_glance() -> None:
    """Sixteen modules; the pages and the commands may be twenty-two."""
    assert _too_wide(CHECKOUT) == []


@pytest.mark.parametrize("root", _ROOTS)
def test_modules_are_whole_concepts(root: str) -> None:
    """Where the median falls, concepts are being cut into pieces."""
    assert _median_lines(CHECKOUT / root) >= _MEDIAN_LINES


def test_no_module_is_too_long_to_read() -> None:
    """Four hundred lines."""
    assert _too_long(CHECKOUT) == []


def test_no_module_finds_a_folder_by_counting_its_parents() -> None:
    """A move would change what it means, and no import would show it."""
    assert _counted_places(CHECKOUT) == []


def test_a_tree_at_the_bars_passes(tree: Path) -> None:
    """They are the last values allowed, and empty files count for nothing."""
    assert (_too_wide(tree), _too_long(tree), _counted_places(tree)) == ([], [], [])
    assert [_median_lines(tree / root) for root in _ROOTS] == [_MEDIAN_LINES, _MEDIAN_LINES]


@pytest.mark.parametrize("folder", ["app/deep/down", "sandbox/deep/down", "app/cli"])
def test_one_module_more_is_too_wide(tree: Path, folder: str) -> None:
    """A check that cannot fail is a defect."""
    _write(tree, folder, 1, lines=_MEDIAN_LINES, name="more")
    [found] = _too_wide(tree)
    assert found.startswith(f"{folder}: ")


def test_one_line_more_is_too_long(tree: Path) -> None:
    """A check that cannot fail is a defect."""
    (tree / "sandbox/deep/down/m1.py").write_text("#\n" * (_LONGEST_LINES + 1))
    assert _too_long(tree) == [f"sandbox/deep/down/m1.py: {_LONGEST_LINES + 1} lines"]


def test_many_small_modules_lower_the_median(tree: Path) -> None:
    """A check that cannot fail is a defect."""
    _write(tree, "sandbox/pieces", _WIDEST + 2, lines=_MEDIAN_LINES - 1)
    assert _median_lines(tree / "sandbox") < _MEDIAN_LINES


@pytest.mark.parametrize(
    "line",
    [
        "PLACE = Path(__file__).parents[2]",
        "PLACE = Path(__file__).resolve().parent.parent / 'alembic'",
        "PLACE = os.path.dirname(os.path.dirname(__file__))",
        "PLACE = dirname(dirname(__file__))",
    ],
)
def test_counted_parents_are_seen(tree: Path, line: str) -> None:
    """A check that cannot fail is a defect."""
    (tree / "app/deep/down/m2.py").write_text(f"{line}\n")
    assert _counted_places(tree) == ["app/deep/down/m2.py:1"]


def test_parents_of_other_files_may_be_counted(tree: Path) -> None:
    """An installed library lies where it lies, whatever moves here."""
    (tree / "app/deep/down/m2.py").write_text("PLACE = Path(jax.__file__).parent.parent\n")
    assert _counted_places(tree) == []
