"""`jaxercise users`, as an operator types it."""

import contextlib
import io
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.checkout import CHECKOUT
from tests.support.command_line import Done


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


def test_an_invitation_is_made_listed_and_revoked(jaxercise: Callable[..., Done]) -> None:
    """The link is readable once; the list has its id, not its secret."""
    address = ("--address", "https://jax.school.example/")
    made = jaxercise("users", "invite", "--uses", "80", "--days", "7", "--name", "Tuesday", *address)
    link, good_for, unneeded = made.printed.splitlines()
    assert re.fullmatch(r"https://jax\.school\.example/sign-up\?invitation=[\w-]{43}", link)
    assert good_for.startswith("Good for 80 accounts until 20")
    assert unneeded == "Nobody needs it as long as JAXERCISE_SIGN_UP is open."
    [listed] = jaxercise("users", "invitations").printed.splitlines()
    invitation_id, rest = listed.split(maxsplit=1)
    assert rest.startswith("0 of 80")
    assert rest.endswith("open     Tuesday")
    revoked = jaxercise("users", "revoke-invitation", invitation_id)
    assert revoked.printed == f"{invitation_id} is revoked; 0 of 80 had signed up by it.\n"
    assert "revoked  Tuesday" in jaxercise("users", "invitations").printed
    for refused in (("revoke-invitation", "none"), ("invite", "--uses", "0"), ("invite", "--days", "366")):
        done = jaxercise("users", *refused)
        assert (done.exit_code, len(done.complained.splitlines())) == (2, 1)


def test_a_link_begins_with_the_public_address(
    jaxercise: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of several; without one it is where the service listens."""
    assert jaxercise("users", "invite").printed.startswith("http://127.0.0.1:8000/sign-up?")
    monkeypatch.setenv("JAXERCISE_PUBLIC_ADDRESSES", "https://grader.example.org,https://other.example.org")
    assert jaxercise("users", "invite").printed.startswith("https://grader.example.org/sign-up?")


def test_an_operator_needs_no_invitation(
    jaxercise: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAXERCISE_SIGN_UP", "invitation")
    for email in ("a@school.test", "b@school.test"):
        assert jaxercise("users", "create", email).exit_code == 0
    assert len(jaxercise("users", "invite").printed.splitlines()) == 2
