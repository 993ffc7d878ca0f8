"""A probe is three files and one line: a toy one is added to a copy of the sources with these alone."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.checkout import CHECKOUT

pytestmark = pytest.mark.jail

_KEYS = '''
"""An odd function: turned inputs give turned answers."""

from app.core.probes.probe import Probe


class OddProbe(Probe, frozen=True, kw_only=True, tag="odd"):
    """With every number of the input negated, the answer lies at most `slack` from the negated one."""

    slack: float
    call_mode = "odd"

    def faults(self, manifest, case):
        if self.slack < 0:
            yield "slack", "what is allowed must not be negative"
'''
_CALL = '''
"""The call as it is, and with its arrays negated."""

from sandbox.inside.call.learner_call import prefixed
from sandbox.inside.report.answers import Answer, convert


def make_call(call):
    """Return arrays `there` and `back`."""
    named = {}
    for name, sign in (("there", 1.0), ("back", -1.0)):
        arguments = call.arguments()
        for place in call.array_places:
            arguments[place] = sign * arguments[place]
        named |= prefixed(name, convert(call.run(arguments), call.outputs))
    return Answer(arrays=named)
'''
_CHECK = '''
"""Answers to an input and to the negated one, against each other."""

import numpy as np

from app.core.outcome import Outcome
from app.grading.check.case_result import case_result, no_arrays
from sandbox.arrays import unpack_array


def judge(problem, check, call, expected):
    """Pass where the two cancel each other."""
    if not call.arrays:
        return no_arrays(problem, check, call)
    there, back = (unpack_array(call.arrays[name]) for name in ("there", "back"))
    off = float(np.abs(there + back).max())
    if off <= check.probe.slack:
        return case_result(check, Outcome.PASSED, "", call.wall_seconds)
    return case_result(check, Outcome.WRONG_VALUE, f"not odd: off by {off:g}", call.wall_seconds)
'''
_TABLE, _LINE = "app/core/probes/table.py", '    "odd",\n'
_GRADE = """
import asyncio, json, sys
from pathlib import Path

from app.catalog.problem_folder import read_problem
from app.core.verdict import Mode
from app.errors import ProblemError
from app.grading.open_grader import open_grader

TOML = '''
id = "0d0b1a0e-4f0a-4c2e-9b0e-6a2f3c1f7a13"
slug = "bent"
position = 1
title = "Bent"
track = "toys"
summary = "Bend a line."
[entry]
function = "bend"
parameters = ["x"]
[[cases]]
name = "line"
visibility = "sample"
arguments.x = { generator = "arange", shape = [4] }
[[probes]]
kind = "odd"
name = "is-odd"
case = "line"
visibility = "sample"
slack = 0.001
'''
RIGHT = "import jax.numpy as jnp\\ndef bend(x):\\n    return jnp.tanh(x)\\n"
# Right for what is asked, where no number is below zero.
WRONG = RIGHT.replace("jnp.tanh(x)", "jnp.tanh(jnp.abs(x))")


def problem(toml):
    return read_problem({
        "problem.toml": toml.encode(), "statement.md": b"# Bent", "starter.py": b"def bend(x): ...",
        "reference/reference.py": RIGHT.encode(),
    })


async def main():
    bent = problem(TOML)
    async with open_grader(data_dir=Path("var"), unjailed=False) as grader:
        verdicts = [await grader.grade(bent, code, Mode.RUN, fresh_seed=None) for code in (RIGHT, WRONG)]
    try:
        problem(TOML.replace("0.001", "-1.0"))
    except ProblemError as error:
        refused = error.message
    results = [{case.name: [case.outcome, case.message] for case in verdict.cases} for verdict in verdicts]
    print(json.dumps({"results": results, "refused": refused}))


asyncio.run(main())
"""


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A copy of the two import packages, to be added to."""
    for package in ("app", "sandbox"):
        shutil.copytree(CHECKOUT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_three_files_and_one_line_add_a_probe(sources: Path) -> None:
    """It has keys of its own in `problem.toml`, a way of its own to call, and words of its own."""
    (sources / "app/core/probes/odd.py").write_text(_KEYS)
    (sources / "sandbox/inside/call/odd.py").write_text(_CALL)
    (sources / "app/grading/check/odd.py").write_text(_CHECK)
    table = (sources / _TABLE).read_text()
    (sources / _TABLE).write_text(table.replace('    "accuracy",\n', f'    "accuracy",\n{_LINE}'))

    graded = subprocess.run(
        [sys.executable, "-c", _GRADE], cwd=sources, capture_output=True, text=True, timeout=600
    )

    assert graded.returncode == 0, graded.stderr
    reported = json.loads(graded.stdout.splitlines()[-1])
    right, wrong = reported["results"]
    assert {outcome for outcome, _ in right.values()} == {"passed"}
    assert wrong["line"] == ["passed", ""]
    assert wrong["is-odd"][0] == "wrong_value"
    assert wrong["is-odd"][1].startswith("not odd: off by 1.99")
    assert reported["refused"].endswith(": probes[0].slack: what is allowed must not be negative")


def test_without_its_line_the_files_are_no_probe(sources: Path) -> None:
    """What the table does not name, `problem.toml` cannot ask for."""
    (sources / "app/core/probes/odd.py").write_text(_KEYS)

    graded = subprocess.run(
        [sys.executable, "-c", _GRADE], cwd=sources, capture_output=True, text=True, timeout=600
    )

    assert graded.returncode == 1
    assert "probes[0].kind: 'odd' is none of" in graded.stderr
