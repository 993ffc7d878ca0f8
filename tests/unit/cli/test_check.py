"""What `jaxercise check` says before it grades anything."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command_line import Done
from tests.support.toy_problem import write_toy_folders


def test_a_problem_that_this_host_cannot_grade_is_refused_in_one_sentence(
    jaxercise: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no mistake of whoever wrote the file, so the exit code is 2."""
    write_toy_folders(tmp_path)
    manifest = tmp_path / "problems" / "1-toy-shift" / "problem.toml"
    manifest.write_text(f'packages = ["optax", "no_such_package"]\n{manifest.read_text()}')
    monkeypatch.setenv("JAXERCISE_PROBLEMS_DIR", str(tmp_path / "problems"))
    monkeypatch.setenv("JAXERCISE_REFERENCES_DIR", str(tmp_path / "references"))
    solution = tmp_path / "solution.py"
    solution.write_text("def shift(seed, x):\n    return x\n")
    done = jaxercise("check", "toy-shift", str(solution), "--json")
    assert (done.exit_code, done.printed) == (2, "")
    assert done.complained.strip().endswith(
        "toy-shift cannot be graded on this host: the package no_such_package is not installed for the jail"
    )
