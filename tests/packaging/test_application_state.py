"""What lies on `app.state` is known to app/http and app/api alone: all others get typed values handed."""

import ast
from pathlib import Path

import pytest

from tests.support.checkout import CHECKOUT

_MAY = {"app/http/services.py", "app/api/operators.py"}


def uses_of_state(source: str) -> list[int]:
    """Return the lines that reach for the state of an application: `app.state`, `request.app.state`."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute) and node.attr == "state" and _is_application(node.value)
    ]


def _is_application(value: ast.expr) -> bool:
    name = value.attr if isinstance(value, ast.Attribute) else getattr(value, "id", "")
    return name in ("app", "_app", "application")


def _modules() -> list[Path]:
    return [path for package in ("app", "sandbox", "tests") for path in (CHECKOUT / package).rglob("*.py")]


def test_the_state_of_the_application_is_reached_in_two_places() -> None:
    found = {str(path.relative_to(CHECKOUT)) for path in _modules() if uses_of_state(path.read_text())}
    assert found == _MAY


@pytest.mark.parametrize(
    "line", ["app.state.problems", "request.app.state.feed = 1", "f(service.app.state.worker._ready)"]
)
def test_each_way_to_reach_it_is_seen(line: str) -> None:
    assert uses_of_state(line) == [1]


@pytest.mark.parametrize("line", ["worker.state", "app.status", "state.app"])
def test_other_states_are_not_meant(line: str) -> None:
    assert uses_of_state(line) == []
