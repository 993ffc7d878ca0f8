"""What README, operators' pages and CI's tell their readers to type is typed, and does what they say."""

from pathlib import Path

import pytest

from tests.support.checkout import CHECKOUT
from tests.support.typed_commands import Shell, is_whole, typed_lines

_DOCUMENTS = [
    CHECKOUT / "README.md",
    CHECKOUT / "docs/ci.md",
    *sorted((CHECKOUT / "docs/operators").glob("*.md")),
]
_LINES = sorted(
    {line for document in _DOCUMENTS for line in typed_lines(document.read_text()) if is_whole(line)}
)
_UNTIL_STOPPED = {"jaxercise serve"}
"""It does not end by itself; `make serve` and the tests of the real service start it."""
_CODES = {"jaxercise worker": 2, "jaxercise doctor --production": 1}
"""Exit codes other than 0.

A worker of its own has nothing to work on without PostgreSQL, and says so; a shell of the tests is not what
one opens to the world.
"""
_JAILED = ("jaxercise check", "jaxercise validate", "jaxercise regrade", "jaxercise doctor")


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """One for all lines, so that they grade with one compilation cache."""
    made = Shell(tmp_path_factory.mktemp("shell"))
    made.furnish()
    return made


def _param(line: str) -> object:
    return pytest.param(line, marks=pytest.mark.jail if line.startswith(_JAILED) else ())


@pytest.mark.parametrize("line", [_param(line) for line in _LINES])
def test_a_command_does_what_a_document_says(shell: Shell, tmp_path: Path, line: str) -> None:
    """Graded in the shell that all share; what changes accounts or a database has a copy of them."""
    if line in _UNTIL_STOPPED:
        ran = shell.type(f"{line} --help")
    else:
        ran = (shell if line.startswith(_JAILED) else shell.copy_for(line, tmp_path)).type(line)
    assert ran.returncode == _CODES.get(line, 0), ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr


def test_what_is_no_whole_command_is_told_apart() -> None:
    assert is_whole("jaxercise db check")
    assert is_whole("jaxercise check toy-shift solution.py")
    assert is_whole("docs/deploy/make-secrets")
    for part in ("jaxercise db", "jaxercise check", "jaxercise users create", "jaxercise db move"):
        assert not is_whole(part)
    block = "```console\nsudo systemctl daemon-reload\njaxercise db check\n```\n"
    assert list(typed_lines(f"{block} and `jaxercise doctor`, not `make test`")) == [
        "jaxercise db check",
        "jaxercise doctor",
    ]


def test_a_command_that_fails_is_noticed(tmp_path: Path) -> None:
    """The check of the commands can fail."""
    assert Shell(tmp_path).type("jaxercise users disable ada@school.example").returncode == 2
