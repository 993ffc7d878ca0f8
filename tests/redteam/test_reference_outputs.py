"""What our own solutions answer is stored, but not that one of them failed."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from app.core.outcome import Outcome
from app.core.verdict import Mode
from app.grading.open_grader import open_grader
from app.grading.plan.checks import checks_of
from app.grading.reference.outputs import ReferenceOutput
from sandbox.environment import describe_environment
from tests.support.toy_problem import REFERENCE, toy_problem

pytestmark = pytest.mark.jail

_RAISES = REFERENCE.replace("x + self.shift", "x + self.shift + 1 / 0")


def test_only_answers_outlive_the_process(tmp_path: Path) -> None:
    problem = toy_problem()
    checks = [check for check in checks_of(problem, Mode.SUBMIT, fresh_seed=None) if not check.is_fresh]

    async def answer() -> list[bool]:
        async with open_grader(data_dir=tmp_path, unjailed=False) as grader:
            solutions = await grader.answers.of_solutions(problem, [REFERENCE, _RAISES], checks)
        return [all(output.failure for output in outputs) for outputs in solutions]

    assert asyncio.run(answer()) == [False, True]
    stored = [path for folder in tmp_path.glob("grading/*/answers") for path in folder.iterdir()]
    # The first case called again is the same question, and is not asked twice.
    assert len(stored) == len([check for check in checks if not check.repeats])


def test_answers_of_another_environment_are_computed_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers share a disk and differ in a processor or a version: each compares with its own answers."""

    async def outcome() -> tuple[Outcome, str]:
        async with open_grader(data_dir=tmp_path, unjailed=False) as grader:
            verdict = await grader.grade(toy_problem(), REFERENCE, Mode.SUBMIT, fresh_seed=1)
        return verdict.outcome, verdict.environment["cpu"]

    ours = describe_environment(jailed=True)
    assert asyncio.run(outcome()) == (Outcome.ACCEPTED, ours["cpu"])
    for path in tmp_path.glob("grading/*/answers/*"):
        answer = msgspec.msgpack.decode(path.read_bytes(), type=ReferenceOutput)
        zeros = {
            name: msgspec.structs.replace(array, data=bytes(len(array.data)))
            for name, array in answer.arrays.items()
        }
        path.write_bytes(msgspec.msgpack.encode(msgspec.structs.replace(answer, arrays=zeros)))
    # What is stored is what is compared with, in the same environment.
    assert asyncio.run(outcome()) == (Outcome.WRONG_VALUE, ours["cpu"])
    for place in ("app.grading.open_grader", "sandbox.jailed"):
        monkeypatch.setattr(f"{place}.describe_environment", lambda *, jailed: ours | {"cpu": "another"})
    assert asyncio.run(outcome()) == (Outcome.ACCEPTED, "another")
