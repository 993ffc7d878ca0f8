"""What the set-up promises: it skips what is done, takes turns, and gives up in one line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.one_at_a_time import one_at_a_time
from scripts.stamps import Stamps, digest
from tests.support.checkout import CHECKOUT


def test_a_step_is_done_until_its_key_changes(tmp_path: Path) -> None:
    """The second set-up compares hashes and finds nothing to do."""
    stamps = Stamps(tmp_path / "stamps")

    assert not stamps.is_current("npm", "one")
    stamps.write("npm", "one")
    assert stamps.is_current("npm", "one")
    assert not stamps.is_current("npm", "two")
    assert not stamps.is_current("node", "one")


def test_a_digest_changes_with_names_contents_and_absence(tmp_path: Path) -> None:
    """A lock file that was edited, renamed or removed is installed again; its time of writing is nothing."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("a")
    second.write_text("a")
    seen = {digest([first]), digest([second]), digest([first, second]), digest([first], "word")}
    unchanged = digest([first])
    first.touch()

    assert digest([first]) == unchanged
    first.write_text("b")
    seen.add(digest([first]))
    first.unlink()
    seen.add(digest([first]))
    assert len(seen) == 6


def _run(program: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=CHECKOUT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_two_set_ups_take_turns(tmp_path: Path) -> None:
    """The second says that it waits, and goes on once the first has ended."""
    program = f"""
from pathlib import Path
from scripts.one_at_a_time import one_at_a_time
with one_at_a_time(Path({str(tmp_path)!r})):
    print("my turn")
"""
    with one_at_a_time(tmp_path):
        second = _run(program)
        assert second.stdout is not None
        assert "Waiting" in second.stdout.readline()
        assert second.poll() is None
    with second:
        assert second.stdout.read() == "my turn\n"
    assert second.returncode == 0


@pytest.mark.parametrize("package", ["bubblewrap", "chromium"])
def test_what_may_not_be_installed_is_named_in_one_line(tmp_path: Path, package: str) -> None:
    """With the command that would install it."""
    program = f"""
import sys
from scripts import debian_packages
from scripts.lacking import Lacking
try:
    debian_packages.install_missing([{package!r}])
except Lacking as lacking:
    print(lacking)
"""
    # A PATH without anything on it: no such program, no apt-get, no sudo.
    with _run(program, PATH=str(tmp_path)) as refused:
        assert refused.stdout is not None
        said = refused.stdout.read()

    wanted = f"jaxercise needs {package}, and may not install it here: sudo apt-get install {package}\n"
    assert said == wanted


def test_a_wrong_purpose_is_refused() -> None:
    """`scripts/setup` takes what the Makefile gives it and nothing else."""
    refused = subprocess.run([CHECKOUT / "scripts" / "setup", "dance"], capture_output=True, text=True)

    assert refused.returncode == 2
    assert "serve|test" in refused.stderr


@pytest.mark.parametrize("program", ["scripts/setup", "scripts/lock", "scripts/test", ".ci/run"])
def test_the_programs_can_be_run(program: str) -> None:
    """A lost executable bit would only show on somebody else's machine."""
    assert os.access(CHECKOUT / program, os.X_OK)
