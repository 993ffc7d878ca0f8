"""Survivors, sorted: like the reference everywhere, on these cases alone, or within the tolerance."""

import math
from collections.abc import Sequence

import msgspec

from app.core.probes.probe import About
from app.core.problem import Problem
from app.core.verdict import Mode
from app.errors import ReferenceFailed
from app.grading.compare.distance import distance
from app.grading.compare.parameters import same_tree
from app.grading.compare.tolerance import tolerance_of
from app.grading.mutate.mutants import Mutant
from app.grading.plan.checks import Check, checks_of
from app.grading.prove.mutants.drawn_inputs import drawn_checks
from app.grading.prove.mutants.results import Likeness, Telling
from app.grading.reference.outputs import ReferenceOutputs
from sandbox.interface import CallResult

_AT_ONCE = 10
"""So many inputs in one process; where one of them tells, no more are drawn."""


class Sorted(msgspec.Struct, frozen=True, kw_only=True):
    """What a survivor is."""

    likeness: Likeness
    distance: float
    """The largest over the cases, in units of the tolerance."""
    telling: Telling | None
    drawn: int
    """On how many drawn inputs both gave an answer."""


async def sort_survivor(problem: Problem, mutant: Mutant, answers: ReferenceOutputs) -> Sorted:
    """Compare a survivor with the reference on the cases, number by number, and then on drawn inputs.

    Raises:
        ReferenceFailed: one of the two did not run to its end on the cases.
        SandboxError: the jail broke.
    """
    checks = [check for check in checks_of(problem, Mode.SUBMIT, fresh_seed=None) if not check.repeats]
    pairs = await _both(problem, mutant, answers, checks)
    near = max(
        (_apart(problem, check, *pair) for check, pair in zip(checks, pairs, strict=True)), default=0.0
    )
    telling, drawn, differs = await _drawn(problem, mutant, answers)
    if near > 0:
        likeness = Likeness.WITHIN_TOLERANCE
    else:
        likeness = Likeness.ON_THESE_CASES if differs else Likeness.EVERYWHERE
    return Sorted(likeness=likeness, distance=near, telling=telling, drawn=drawn)


async def _drawn(
    problem: Problem, mutant: Mutant, answers: ReferenceOutputs
) -> tuple[Telling | None, int, bool]:
    """Return what tells, on how many inputs both were compared, and whether any number differed."""
    inputs = list(drawn_checks(problem))
    compared, differs = 0, False
    for start in range(0, len(inputs), _AT_ONCE):
        batch = inputs[start : start + _AT_ONCE]
        try:
            pairs = await _both(problem, mutant, answers, [check for _, check in batch])
        except ReferenceFailed:
            continue  # Some size was too much for the jail; the others are drawn all the same.
        for (drawn, check), (wanted, given) in zip(batch, pairs, strict=True):
            if wanted.raised is not None or not (wanted.arrays or wanted.parameters):
                continue
            apart = _apart(problem, check, wanted, given)
            compared += 1
            differs = differs or apart > 0
            if apart > 1:
                return Telling(words=drawn.words, distance=apart), compared, True
    return None, compared, differs


async def _both(
    problem: Problem, mutant: Mutant, answers: ReferenceOutputs, checks: Sequence[Check]
) -> list[tuple[CallResult, CallResult]]:
    asked = [(check, program) for check in checks for program in (0, 1)]
    calls = await answers.run_programs(problem, [problem.reference, mutant.code], asked)
    return list(zip(calls[::2], calls[1::2], strict=True))


def _apart(problem: Problem, check: Check, wanted: CallResult, given: CallResult) -> float:
    """Return how far apart two calls are, in units of the tolerance; what is no number is infinitely so."""
    if check.about is About.PARAMETERS:
        alike = same_tree(given.parameters or (), wanted.parameters or (), wanted.parameters or ())
        return 0.0 if alike else math.inf
    if not given.arrays or not wanted.arrays:
        return math.inf
    return distance(given.arrays, wanted.arrays, tolerance_of(problem, check, wanted.arrays))
