"""One real grader for all attacks: what one leaves behind, the next would meet."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.problem import Problem
from app.core.verdict import Mode, Verdict
from app.grading.grader import Grader
from tests.redteam.classroom import Classroom
from tests.support.opened_grader import opened_grader
from tests.support.toy_problem import toy_problem


class Judge:
    """Grades a text as a learner's submission to the toy problem, from the text to the verdict."""

    def __init__(self, grader: Grader, runner: asyncio.Runner, data_dir: Path) -> None:
        self._grader = grader
        self._runner = runner
        self.data_dir = data_dir
        self.problem = toy_problem()

    def grade(self, code: str, mode: Mode = Mode.SUBMIT, *, problem: Problem | None = None) -> Verdict:
        graded = self._grader.grade(problem or self.problem, code, mode, fresh_seed=4)
        return self._runner.run(graded)


@pytest.fixture(scope="session")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    data_dir: Path = tmp_path_factory.mktemp("redteam")
    with opened_grader(data_dir) as (grader, runner):
        yield Judge(grader, runner, data_dir)


@pytest.fixture(scope="session")
def shared_classroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Classroom]:
    data_dir: Path = tmp_path_factory.mktemp("classroom")
    with opened_grader(data_dir, warm_jails=4) as (grader, runner):
        yield Classroom(grader, runner)


@pytest.fixture
def classroom(shared_classroom: Classroom) -> Classroom:
    """Nobody waits yet."""
    for key in list(shared_classroom.sandbox.warm_pool._waiting):
        child = shared_classroom.sandbox.warm_pool.take(key)
        assert child is not None
        shared_classroom.runner.run(child.close())
    return shared_classroom
