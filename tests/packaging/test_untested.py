"""`make test` ends with what the machine could not test, and leaves the exit code to those who failed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.checkout import CHECKOUT
from tests.support.untested import VITEST_REPORT, listed

_MADE_UP = """
import pytest

@pytest.mark.skipif(True, reason="needs a second Linux")
@pytest.mark.parametrize("number", range(3))
def test_elsewhere(number):
    pass

@pytest.fixture
def groups():
    pytest.skip("needs control groups")

def test_in_a_group(groups):
    pass

@pytest.mark.xfail
def test_known():
    assert False

def test_here():
    assert {outcome}
"""


def _vitest(folder: Path, *results: tuple[str, str]) -> None:
    tests = [{"status": status, "fullName": name} for status, name in results]
    report = {"testResults": [{"name": "/somewhere/islands/quiz.test.ts", "assertionResults": tests}]}
    (folder / VITEST_REPORT).write_text(json.dumps(report))


def _run(folder: Path, lists: Path, *options: str, outcome: bool = True) -> subprocess.CompletedProcess[str]:
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_made_up.py").write_text(_MADE_UP.format(outcome=outcome))
    command = [sys.executable, "-m", "pytest", "-c", f"{folder}/pytest.ini", "-p", "tests.support.untested"]
    command += [f"--untested={lists}", "-ra", *options, f"{folder}/test_made_up.py"]
    # Of the plugins that are installed, the one that shares tests out is enough.
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "xdist.plugin"}
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, env=environment)


@pytest.mark.parametrize("options", [(), ("--numprocesses=2",)], ids=["one-process", "two-processes"])
def test_the_list_stands_between_the_summary_and_the_closing_line(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    """Each reason once, the one that kept most tests from running first; an expected failure is none."""
    lists = tmp_path / "lists"
    lists.mkdir()
    _vitest(lists, ("passed", "quiz marks what was chosen"))
    ran = _run(tmp_path, lists, *options)
    *_, heading, first, second, closing = ran.stdout.splitlines()

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert heading.strip("= ") == "what this machine could not test"
    assert first.split("  ") == ["", " 3", "needs a second Linux", "(test_made_up.py)"]
    assert second.split("  ") == ["", " 1", "needs control groups", "(test_made_up.py)"]
    assert "1 passed, 4 skipped, 1 xfailed" in closing


def test_a_later_run_lists_what_earlier_ones_skipped(tmp_path: Path) -> None:
    """What fails goes on to decide how the run ends."""
    lists = tmp_path / "lists"
    lists.mkdir()
    _vitest(lists)
    assert _run(tmp_path, lists).returncode == 0
    again = _run(tmp_path, lists, "-k", "test_here or group", outcome=False)

    assert again.returncode == 1
    assert "1 failed" in again.stdout.splitlines()[-1]
    assert listed(lists) == [
        "   3  needs a second Linux  (test_made_up.py)",
        "   2  needs control groups  (test_made_up.py)",
    ]


def test_what_vitest_skips_is_listed(tmp_path: Path) -> None:
    """By the name of the test, since vitest asks for no reason; and so is a report that is missing."""
    assert listed(tmp_path) == ["   1  vitest wrote no report of the pages' islands  (app/web/islands)"]
    _vitest(tmp_path, ("passed", "a"), ("failed", "b"), ("pending", "quiz marks"), ("todo", "quiz counts"))
    assert listed(tmp_path) == [
        "   1  pending: quiz marks  (quiz.test.ts)",
        "   1  todo: quiz counts  (quiz.test.ts)",
    ]
    _vitest(tmp_path, ("passed", "a"))
    assert listed(tmp_path) == ["      Nothing: no test was skipped."]
