"""Two bundled problems prove themselves anew: the smallest, and one that the tree of today chooses.

That the others were proven as they are now is said by their records (`tests/docs/test_proof_records.py`).
What is run from nothing, to learn how long it takes, is left to `make proofs`.
"""

import asyncio
from pathlib import Path

import pytest

from app.core.problem import Problem
from app.grading.grader import Grader
from app.grading.open_grader import open_grader
from app.grading.prove.prove import prove
from app.grading.prove.proving_grader import PROOF_DIAGNOSIS_SECONDS
from app.grading.prove.results import Figure, ProofResult
from tests.support.chosen_problems import chosen_problems

pytestmark = [pytest.mark.jail]

_FIGURES = {"second_inputs", "float64", "noise_floor", "nearest_variant", "determinism", "mutants"}
_MUTANTS = 3
"""Of 25: that all of them are killed is a part of `make exhaustive`."""


async def _results(problem: Problem, grader: Grader) -> list[ProofResult]:
    return [result async for result in prove(problem, grader, timed=False, mutants=_MUTANTS)]


def test_the_smallest_and_one_more_are_proven(graded_problems_dir: Path) -> None:
    """Side by side, by the code of today."""
    problems = chosen_problems()
    assert len(problems) == 2

    async def prove_both() -> list[list[ProofResult]]:
        async with open_grader(
            data_dir=graded_problems_dir, unjailed=False, diagnosis_seconds=PROOF_DIAGNOSIS_SECONDS
        ) as grader:
            return await asyncio.gather(*(_results(problem, grader) for problem in problems))

    for problem, results in zip(problems, asyncio.run(prove_both()), strict=True):
        assert [fault.message for result in results for fault in result.faults] == [], problem.slug
        figures = {result.id for result in results if isinstance(result, Figure)}
        assert figures >= {
            "second_inputs",
            "float64",
            "noise_floor",
            "nearest_variant",
            "determinism",
            "mutants",
        }
        assert len(results) > len(problem.variants) + len(problem.also_right) + len(figures)
