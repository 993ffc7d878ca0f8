"""`jaxercise users`, `jaxercise db` and `jaxercise clean`, as an operator types them."""

import contextlib
import io
import os
import pty
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


def test_an_account_is_disabled_and_enabled(jaxercise: Callable[..., Done]) -> None:
    """The list says so; a new password does not enable it."""
    for email in ("a@school.test", "b@school.test"):
        jaxercise("users", "create", email)
    assert "sessions and tokens have ended" in jaxercise("users", "disable", "b@school.test").printed
    assert jaxercise("users", "list").printed.splitlines()[1].endswith("disabled")
    assert "still disabled" in jaxercise("users", "set-password", "b@school.test").printed
    assert jaxercise("users", "enable", "b@school.test").printed == "b@school.test is enabled.\n"
    assert "disabled" not in jaxercise("users", "list").printed
    assert "its sessions have ended" in jaxercise("users", "set-password", "b@school.test").printed


@pytest.mark.parametrize("words", ["set-role a@school.test learner", "disable a@school.test"])
def test_the_only_admin_stays_one(jaxercise: Callable[..., Done], words: str) -> None:
    jaxercise("users", "create", "a@school.test")
    jaxercise("users", "create", "b@school.test")
    done = jaxercise("users", *words.split())
    assert done.exit_code == 2
    assert "a@school.test is the only admin who can sign in" in done.complained
    assert len(done.complained.splitlines()) == 1


@pytest.mark.parametrize("command", ["create", "set-password"])
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (b"", "hand it over on standard input"),
        (b"\n", "hand it over on standard input"),
        (b"correct \xff horse\n", "is not UTF-8 text"),
        (b"short\n", "at least 10 characters"),
        (b"another staple battery\nwhatever else\n", ""),
    ],
)
def test_without_a_terminal_the_password_is_read_from_standard_input(
    jaxercise: Callable[..., Done], monkeypatch: pytest.MonkeyPatch, command: str, typed: bytes, said: str
) -> None:
    """Without a warning of Python's; where nothing is handed over, one sentence says how it may be."""
    if command == "set-password":
        jaxercise("users", "create", "a@school.test")
    monkeypatch.delenv("JAXERCISE_PASSWORD")
    with io.TextIOWrapper(io.BytesIO(typed)) as handed_over:
        monkeypatch.setattr(sys, "stdin", handed_over)
        done = jaxercise("users", command, "a@school.test")
    assert done.exit_code == (2 if said else 0)
    assert said in done.complained
    assert len(done.complained.splitlines()) == bool(said)


def test_a_service_without_a_place_for_its_data_says_so_in_one_line(tmp_path: Path) -> None:
    """Its grading process, which begins beside it, adds nothing."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JAXERCISE_")}
    ran = subprocess.run(
        [sys.executable, "-m", "app.cli.main", "serve", "--port", "0"],
        cwd=CHECKOUT,
        env={**environment, "JAXERCISE_DATA_DIR": "/dev/null/x"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert "JAXERCISE_DATA_DIR or JAXERCISE_DATABASE_URL must name a place" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_at_a_terminal_the_password_is_asked_for_twice(tmp_path: Path) -> None:
    """And is not shown there."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JAXERCISE_")}
    parent, child = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "app.cli.main", "users", "create", "a@school.test"],
        cwd=CHECKOUT,
        env={**environment, "JAXERCISE_DATA_DIR": str(tmp_path)},
        stdin=child,
        stdout=child,
        stderr=child,
        start_new_session=True,
    ) as process:
        os.close(child)
        shown = b""
        for typed in (b"correct horse battery\n", b"correct horse battery\n"):
            asked = shown.count(b": ") + 1
            while shown.count(b": ") < asked:
                shown += os.read(parent, 1000)
            os.write(parent, typed)
        with contextlib.suppress(OSError):  # EIO is a terminal's end.
            while more := os.read(parent, 1000):
                shown += more
        os.close(parent)
        assert process.wait() == 0
    assert b"is now admin" in shown
    assert b"horse" not in shown


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
        ("users disable nobody@school.test", {}, "no account nobody@school.test"),
        ("users enable nobody@school.test", {}, "no account nobody@school.test"),
        ("users set-password nobody@school.test", {}, "no account nobody@school.test"),
        ("users list", {"JAXERCISE_DATA_DIR": "/dev/null/x"}, "JAXERCISE_DATA_DIR"),
        ("worker", {"JAXERCISE_SLOT": "2"}, "the nearest is JAXERCISE_SLOTS"),
        ("clean", {"JAXERCISE_SLOT": "2"}, "the nearest is JAXERCISE_SLOTS"),
        ("doctor", {"JAXERCISE_SLOT": "2"}, "the nearest is JAXERCISE_SLOTS"),
        ("validate", {"JAXERCISE_SLOT": "2"}, "the nearest is JAXERCISE_SLOTS"),
        ("regrade", {"JAXERCISE_SLOT": "2"}, "the nearest is JAXERCISE_SLOTS"),
        ("check vit-cls-token x.py", {"JAXERCISE_SLOT": "2"}, "the nearest is JAXERCISE_SLOTS"),
        ("db upgrade", {"JAXERCISE_SLOT": "2"}, "the nearest is JAXERCISE_SLOTS"),
        ("settings", {"JAXERCISE_SLOT": "2"}, "the nearest is JAXERCISE_SLOTS"),
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
