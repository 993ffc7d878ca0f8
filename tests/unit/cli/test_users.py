"""`jaxercise users`, `jaxercise db` and `jaxercise clean`, as an operator types them."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from app.cli.main import app
from tests.support.checkout import CHECKOUT

_LOADED_LATE = "{'fastapi', 'sqlalchemy', 'alembic', 'argon2', 'jax'}"


class Done(msgspec.Struct, frozen=True):
    exit_code: int
    printed: str
    complained: str


@pytest.fixture
def jaxercise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Done]:
    """Types a command; its state lies in the test's own folder."""
    monkeypatch.setenv("JAXERCISE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("JAXERCISE_PASSWORD", "correct horse battery")

    def type_command(*words: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["jaxercise", *words])
        with pytest.raises(SystemExit) as ended:
            app()
        printed = capsys.readouterr()
        return Done(int(ended.value.code or 0), printed.out, printed.err)

    return type_command


def test_accounts_are_created_listed_and_promoted(jaxercise: Callable[..., Done]) -> None:
    """The first is the admin, here too."""
    assert "admin" in jaxercise("users", "create", "a@school.test").printed
    assert "learner" in jaxercise("users", "create", "b@school.test").printed
    assert jaxercise("users", "set-role", "B@school.test", "instructor").exit_code == 0
    listed = jaxercise("users", "list").printed.splitlines()
    assert [line.split()[:2] for line in listed] == [
        ["admin", "a@school.test"],
        ["instructor", "b@school.test"],
    ]


@pytest.mark.parametrize(
    ("words", "settings", "mentions"),
    [
        ("users set-role nobody@school.test admin", {}, "no account nobody@school.test"),
        ("users create nobody", {}, "not an email address"),
        ("users list", {"JAXERCISE_PORT": "x"}, "JAXERCISE_PORT"),
        ("db check", {}, "jaxercise db upgrade"),
        ("serve", {"JAXERCISE_SLOTS": "0"}, "JAXERCISE_SLOTS"),
        ("serve --port 99999", {}, "JAXERCISE_PORT"),
        ("serve --host 192.0.2.1", {}, "cannot listen on 192.0.2.1"),
    ],
)
@pytest.mark.enable_socket
def test_an_error_of_ours_is_one_line_and_exit_code_2(
    jaxercise: Callable[..., Done],
    monkeypatch: pytest.MonkeyPatch,
    words: str,
    settings: dict[str, str],
    mentions: str,
) -> None:
    """No traceback, whatever is wrong: the account, a setting, the database, the network."""
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    done = jaxercise(*words.split())
    assert done.exit_code == 2
    assert len(done.complained.splitlines()) == 1
    assert done.complained.startswith("jaxercise: ")
    assert mentions in done.complained


def test_the_schema_is_brought_up_to_date_and_checked(jaxercise: Callable[..., Done]) -> None:
    assert jaxercise("db", "upgrade").exit_code == 0
    assert "the newest" in jaxercise("db", "check").printed


@pytest.mark.parametrize("words", ["nothing", "users set-role a@school.test king", "serve --port x"])
def test_wrong_usage_is_exit_code_2(jaxercise: Callable[..., Done], words: str) -> None:
    assert jaxercise(*words.split()).exit_code == 2


def test_the_command_line_starts_without_the_service() -> None:
    """Commands such as `check` are quick, since neither web framework nor store is loaded for them."""
    program = (
        "import sys, app.cli.main; "
        f"print(sorted({{m.partition('.')[0] for m in sys.modules}} & {_LOADED_LATE}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_clean_says_what_it_took_away(
    jaxercise: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or that nothing is asked for, and what would ask for it."""
    idle = jaxercise("clean")
    assert idle.exit_code == 0
    assert "JAXERCISE_KEEP_OUTPUT_DAYS" in idle.printed
    monkeypatch.setenv("JAXERCISE_KEEP_RUNS_DAYS", "30")
    done = jaxercise("clean")
    assert (done.exit_code, done.printed) == (
        0,
        "0 drafts deleted, the output of 0 submissions removed.\n",
    )
