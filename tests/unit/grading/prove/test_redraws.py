"""A near variant has to be refused whatever is drawn, not only for the seeds that a problem has."""

import asyncio
import math
from collections.abc import Callable, Sequence
from typing import cast

import numpy as np

from app.core.outcome import Outcome
from app.core.problem import Problem
from app.errors import ReferenceFailed
from app.grading.plan.checks import Check
from app.grading.prove.reasons import Reason
from app.grading.prove.redraws import DRAWS, redraw_figure
from app.grading.prove.results import Figure, Role, SolutionResult
from app.grading.reference.outputs import ReferenceOutputs
from sandbox.arrays import pack_array
from sandbox.interface import CallResult
from tests.support.toy_problem import toy_problem

_TOY = toy_problem()
_DECLARED = {"subtracts": ("short", "checkpoint"), "plain_array": ("parameters",)}


def _variant(name: str, **distances: float) -> SolutionResult:
    return SolutionResult(
        role=Role.VARIANT,
        id=name,
        expected=Outcome.WRONG_VALUE,
        outcome=Outcome.WRONG_VALUE,
        distances=distances,
    )


class _Answers:
    """Gives the reference zeros, and the n-th of the draws of a variant `off(n)` tolerances more."""

    def __init__(self, off: Callable[[int], float], failure: str = "") -> None:
        self._off = off
        self._failure = failure
        self.asked: list[tuple[Check, int]] = []

    async def run_programs(
        self, problem: Problem, codes: Sequence[str], asked: Sequence[tuple[Check, int]]
    ) -> list[CallResult]:
        if self._failure:
            raise ReferenceFailed(self._failure)
        self.asked += asked
        tolerance = problem.manifest.tolerance.absolute
        return [
            CallResult(
                index=index,
                wall_seconds=0.0,
                arrays={"": pack_array(np.full(4, tolerance * self._off(index // 2) * program))},
            )
            for index, (_, program) in enumerate(asked)
        ]


def _figure(answers: _Answers, *results: SolutionResult) -> Figure | None:
    given = cast(ReferenceOutputs, answers)
    return asyncio.run(redraw_figure(_TOY, given, results, _DECLARED))


def test_a_variant_that_is_refused_on_every_draw_passes() -> None:
    """It is asked where it shows most, with other arguments each time, and the least distance is told."""
    answers = _Answers(lambda draw: 30.0 - draw)
    figure = _figure(answers, _variant("subtracts", short=5.0, checkpoint=9.0))
    assert figure is not None
    assert figure.faults == ()
    assert figure.value is not None
    assert math.isclose(figure.value, 30.0 - (DRAWS - 1))
    uses = {check.call.module.seed for check, _ in answers.asked if check.call.module is not None}
    assert len(answers.asked) == 2 * DRAWS
    assert len(uses) == DRAWS, "the checkpoint is drawn anew"


def test_a_variant_that_one_draw_would_accept_refuses_the_problem() -> None:
    figure = _figure(_Answers(lambda draw: 0.5 if draw == 7 else 9.0), _variant("subtracts", short=9.0))
    assert figure is not None
    assert [fault.reason for fault in figure.faults] == [Reason.VARIANT_PASSES_A_DRAW]
    assert "subtracts" in figure.faults[0].message


def test_a_run_that_does_not_come_to_its_end_proves_nothing() -> None:
    figure = _figure(_Answers(lambda _: 9.0, "it did not run to its end"), _variant("subtracts", short=9.0))
    assert figure is not None
    assert [fault.reason for fault in figure.faults] == [Reason.VARIANT_PASSES_A_DRAW]


def test_variants_that_no_number_measures_are_not_drawn() -> None:
    """What is refused by a parameter's shape is refused by no luck."""
    assert _figure(_Answers(lambda _: 9.0), _variant("plain_array", parameters=math.inf)) is None
