"""A function's docstring says what it does, and begins with the verb; ruff knows only some that do not."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.checkout import CHECKOUT

_ROOTS = ("app", "sandbox", "scripts", "alembic")
_NO_VERBS = frozenset(
    "a an the one each every all any both some several no none nobody nothing neither "
    "what which who whom whose where when why how whether "
    "of for in on at by as from with without below above until while after before "
    "if and or not only never also that this these those it its they such so many much "
    "whatever wherever everything everybody".split()
)


def _begins_otherwise(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the first words of docstrings that begin with no verb; properties may be nouns."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        is_property = any("property" in ast.unparse(decorator) for decorator in node.decorator_list)
        docstring = ast.get_docstring(node)
        if docstring and not is_property and docstring.split()[0].lower().strip(",.:;") in _NO_VERBS:
            yield node.lineno, " ".join(docstring.split()[:4])


def _modules() -> list[Path]:
    return [path for root in _ROOTS for path in sorted((CHECKOUT / root).rglob("*.py"))]


def test_docstrings_of_functions_begin_with_a_verb() -> None:
    """ "Return whether …", "Return the verdicts …"."""
    found = [
        f"{path.relative_to(CHECKOUT)}:{line}: {words}"
        for path in _modules()
        for line, words in _begins_otherwise(path.read_text())
    ]

    assert found == []


@pytest.mark.parametrize(
    "first", ["Whether it is so.", "Of one.", "What came of it.", "The verdicts, by id."]
)
def test_another_beginning_is_noticed(first: str) -> None:
    """A check that cannot fail is a defect."""
    module = f'def one():\n    """{first}"""\n\n\nasync def two():\n    """Return one."""\n'

    assert [line for line, _ in _begins_otherwise(module)] == [1]


def test_a_property_may_be_a_noun() -> None:
    """It is read like a value."""
    module = 'class One:\n    @property\n    def two(self):\n        """The other one."""\n'

    assert list(_begins_otherwise(module)) == []
