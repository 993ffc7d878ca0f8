"""`jaxercise mutate` as a shell runs it, on the toy problem in a real jail."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.catalog.problem_folder import load_folders
from tests.support.checkout import CHECKOUT
from tests.support.small_problem import small_problem, write_problem
from tests.support.toy_problem import write_toy_folders

pytestmark = pytest.mark.jail


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the toy problem and one data directory for all commands."""
    root = tmp_path_factory.mktemp("mutate")
    write_toy_folders(root)
    return root


def _mutate(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    settings = {
        "JAXERCISE_DATA_DIR": str(root / "var"),
        "JAXERCISE_PROBLEMS_DIR": str(root / "problems"),
        "JAXERCISE_REFERENCES_DIR": str(root / "references"),
    }
    return subprocess.run(
        [sys.executable, "-m", "app.cli.main", "mutate", *words],
        cwd=CHECKOUT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


@pytest.fixture(scope="module")
def ran(workshop: Path) -> subprocess.CompletedProcess[str]:
    """All mutants, once."""
    return _mutate(
        workshop, "toy-shift", "--json", str(workshop / "m.json"), "--markdown", str(workshop / "m.md")
    )


def test_it_prints_what_kills_each_and_how_many_are_explained(
    workshop: Path, ran: subprocess.CompletedProcess[str]
) -> None:
    """And writes the same as JSON and as a page."""
    assert ran.returncode == 0, ran.stderr
    assert "killed by parameters, checkpoint" in ran.stdout
    assert "0 wrongly" in ran.stdout
    assert ran.stdout.endswith("no undeclared survivor\n")
    [report] = json.loads((workshop / "m.json").read_text())["reports"]
    assert {result["fate"] for result in report["results"]} == {"killed"}
    page = (workshop / "m.md").read_text()
    assert all(f"`{result['mutant']['id']}`" in page for result in report["results"])


def test_no_survivor_is_run_again_where_there_is_none(
    workshop: Path, ran: subprocess.CompletedProcess[str]
) -> None:
    """The last time is known by this very problem and code."""
    assert ran.returncode == 0
    again = _mutate(workshop, "toy-shift", "--survivors")

    assert again.returncode == 0
    assert "none is known to survive" in again.stdout


def test_a_name_that_is_none_says_which_is_meant(workshop: Path) -> None:
    """One line, and the code of wrong usage."""
    found = _mutate(workshop, "toy-shift", "--only", "term_droped")

    assert found.returncode == 2
    assert "did you mean term_dropped-" in found.stderr


def test_a_mutant_becomes_a_variant_whose_docstring_is_to_be_written(
    workshop: Path, ran: subprocess.CompletedProcess[str]
) -> None:
    """The package still reads, with the outcome and the cases that were seen."""
    [report] = json.loads((workshop / "m.json").read_text())["reports"]
    chosen = next(r for r in report["results"] if r["mutant"]["operator"] == "scale_dropped")
    made = _mutate(
        workshop, "toy-shift", "--to-variant", chosen["mutant"]["id"], "--name", "leaves_out_scale"
    )

    assert made.returncode == 0, made.stderr
    loaded = load_folders(workshop / "problems", workshop / "references")
    assert not loaded.refused
    text = loaded.problems["toy-shift"]["variants/leaves_out_scale.py"].decode()
    assert (ast.get_docstring(ast.parse(text)) or "").startswith("TODO")
    manifest = loaded.problems["toy-shift"]["problem.toml"].decode()
    assert '[variants.leaves_out_scale]\noutcome = "wrong_value"' in manifest
    again = _mutate(
        workshop, "toy-shift", "--to-variant", chosen["mutant"]["id"], "--name", "leaves_out_scale"
    )
    assert again.returncode == 2


def test_a_reference_without_mutants_has_an_exit_code_of_its_own(tmp_path: Path) -> None:
    """Nothing was tried, which is no success."""
    files = small_problem()
    manifest = files["problem.toml"].decode().replace('parameters = ["x"]', "parameters = []")
    lines = [line for line in manifest.splitlines() if not line.startswith("arguments.x")]
    lines = [line.replace("[[cases]]", "[[cases]]\narguments = {}") for line in lines]
    files["problem.toml"] = "\n".join(lines).encode()
    files["reference/reference.py"] = (
        b"import numpy as np\n\n\ndef double():\n    return np.ones(3, 'float32')\n"
    )
    files["variants/returns_input.py"] = b'"""No."""\n\n\ndef double():\n    return 1\n'
    files["starter.py"] = b"def double():\n    ...\n"
    write_problem(files, tmp_path)
    found = _mutate(tmp_path, "double")

    assert found.returncode == 3, found.stderr
    assert "no mutant" in found.stdout
