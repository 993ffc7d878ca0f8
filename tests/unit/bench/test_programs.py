"""Every bench starts as its own help, its README and the page of measurements say."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.checkout import CHECKOUT

_BENCH = CHECKOUT / "bench"
_PROGRAMS = sorted(path for path in _BENCH.rglob("*.py") if "__main__" in path.read_text())
# A folder that is a program has its own name.
_NAMES = {path: path.parent.name if path.stem == "__main__" else path.stem for path in _PROGRAMS}
_START = re.compile(r"\.venv/bin/python -m bench\.(\w+)")
_OTHER_WAY = re.compile(r"python\S* bench/")
_SAY_HOW = [_BENCH / "README.md", CHECKOUT / "docs" / "performance.md"]


@pytest.mark.parametrize("program", _PROGRAMS, ids=_NAMES.get)
def test_a_bench_starts_as_its_help_says(program: Path) -> None:
    """Without anything in the environment that would find the checkout's modules for it."""
    name = _NAMES[program]
    usage = ast.get_docstring(ast.parse(program.read_text())) or ""
    assert set(_START.findall(usage)) == {name}
    ran = subprocess.run(
        [sys.executable, "-m", f"bench.{name}", "--help"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert f".venv/bin/python -m bench.{name}" in ran.stdout


@pytest.mark.parametrize("document", _SAY_HOW, ids=lambda path: path.name)
def test_documents_start_a_bench_in_the_one_way_that_works(document: Path) -> None:
    named = set(_START.findall(document.read_text()))
    assert named
    assert named <= set(_NAMES.values())
    assert not _OTHER_WAY.search(document.read_text())


@pytest.mark.parametrize("folder", [_BENCH, _BENCH / "scale"], ids=lambda path: path.name)
def test_the_readme_names_every_module(folder: Path) -> None:
    readme = (folder / "README.md").read_text()
    assert [path.name for path in folder.glob("*.py") if f"`{path.name}`" not in readme] == []
