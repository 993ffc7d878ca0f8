"""Some mutants of position 41, always the same ones: each is told by a case, none explained wrongly.

All of them, of every bundled problem, are a part of `make exhaustive`.
"""

import asyncio
import hashlib
from pathlib import Path

import pytest

from app.grading.mutate.mutants import mutants_of
from app.grading.open_grader import open_grader
from app.grading.prove.mutants.judge_mutants import judge_mutants
from app.grading.prove.mutants.results import Explanation, Fate, MutantResult
from tests.support.real_problems import sampled_problem

pytestmark = [pytest.mark.jail]

_MOST = 8
_AT_ONCE = 2


@pytest.fixture(scope="module")
def results(graded_problems_dir: Path) -> list[MutantResult]:
    """Each graded and diagnosed the whole way, as a learner's submission."""
    problem = sampled_problem("41-encoder-block", with_variants=True)
    # The case that tells an epsilon is a hidden one.
    made = [mutant for mutant in mutants_of(problem) if mutant.operator != "another_epsilon"]
    drawn = sorted(made, key=lambda one: hashlib.sha256(f"{problem.version}{one.id}".encode()).digest())

    async def judged() -> list[MutantResult]:
        async with open_grader(data_dir=graded_problems_dir, unjailed=False) as grader:
            judging = judge_mutants(problem, drawn[:_MOST], grader, at_once=_AT_ONCE, explain=True)
            return [result async for result in judging]

    return asyncio.run(judged())


def test_every_one_of_them_is_killed(results: list[MutantResult]) -> None:
    """The cases and probes of a problem tell right from wrong, not from known wrong ones."""
    assert len(results) == _MOST
    assert [(result.mutant.id, result.fate) for result in results if result.fate is not Fate.KILLED] == []


def test_none_is_explained_wrongly_and_most_are_explained(results: list[MutantResult]) -> None:
    """A learner who is told of a mistake that they did not make looks in the wrong place for an hour."""
    found = [(result.mutant.id, result.explained_as, result.explanation) for result in results]

    assert [one for one in found if one[2] is Explanation.WRONG] == []
    assert sum(one[2] is Explanation.RIGHT for one in found) > _MOST / 2, found
