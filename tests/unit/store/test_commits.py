"""Only `app/store/engine/database.py` ends a transaction: a request or a job is one of them."""

import ast

import pytest

from tests.support.checkout import CHECKOUT

_APP = CHECKOUT / "app"
# Migrations have a connection of their own, before anything else uses the database.
_ALLOWED = {"store/engine/database.py", "store/engine/migrate.py"}
_ENDINGS = {"commit", "rollback", "begin", "begin_nested"}


def endings(source: str) -> list[str]:
    """Method calls that begin or end a transaction, as `line: name`."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [
        f"{call.lineno}: {call.func.attr}"
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr in _ENDINGS
    ]


def test_only_the_database_commits() -> None:
    offenders = {}
    for file in sorted(_APP.rglob("*.py")):
        name = file.relative_to(_APP).as_posix()
        found = endings(file.read_text())
        if found and name not in _ALLOWED:
            offenders[name] = found
    assert offenders == {}


@pytest.mark.parametrize("name", sorted(_ENDINGS))
def test_a_commit_elsewhere_is_noticed(name: str) -> None:
    """The check above can fail."""
    assert endings(f"async def f(c):\n    await c.{name}()\n") == [f"2: {name}"]


def test_what_is_allowed_is_needed() -> None:
    assert all(endings((_APP / name).read_text()) for name in _ALLOWED)
