"""Whatever a command does not like, it is one line and exit code 2, said at once."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.checkout import CHECKOUT
from tests.support.command_line import Done

_LOADED_LATE = "{'fastapi', 'sqlalchemy', 'alembic', 'argon2', 'jax'}"


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


@pytest.mark.parametrize("words", ["nothing", "users set-role a@school.test king", "serve --port x"])
def test_wrong_usage_is_exit_code_2(jaxercise: Callable[..., Done], words: str) -> None:
    assert jaxercise(*words.split()).exit_code == 2


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
