"""The failing answers of a run, and the one thing that all of them look like."""

from collections.abc import Sequence

import msgspec
import numpy as np

from app.core.outcome import Outcome
from app.core.probes.probe import About
from app.core.problem import Problem
from app.core.tolerance import Tolerance, is_exact
from app.core.verdict import Diagnosis, DiagnosisKind
from app.grading.compare.distance import distance
from app.grading.diagnose.across_cases import CaseAnswer, across_cases
from app.grading.diagnose.error_pattern import ErrorShape, Pair, error_shapes
from app.grading.diagnose.numbers import numbers_of
from app.grading.run.run_checks import CheckedRun
from sandbox.arrays import unpack_array
from sandbox.interface import CallMode


@np.errstate(all="ignore")
def shape_of_answers(problem: Problem, run: CheckedRun) -> Diagnosis | None:
    """Name what every failing answer is to the right one; None where nothing fits all of them."""
    answers = _answers(run, problem.manifest.tolerance)
    if answers is None:
        return None
    if found := across_cases(answers, problem.manifest.tolerance):
        return _diagnosis([found])
    failing = [answer for answer in answers if not answer.passed]
    tolerance = problem.manifest.tolerance
    shapes = error_shapes([answer.pair for answer in failing], tolerance, with_numbers=False)
    # A number that all have in common is read off the shown ones alone: the others could move it.
    shown = [answer.pair for answer in failing if answer.is_shown]
    reported = {shape.id: shape for shape in error_shapes(shown, tolerance)}
    return _diagnosis([reported.get(shape.id, shape) for shape in shapes]) if shapes else None


def _diagnosis(shapes: Sequence[ErrorShape]) -> Diagnosis:
    return Diagnosis(
        kind=DiagnosisKind.ERROR_SHAPE,
        id=shapes[0].id,
        message=f"Your answer is {', or: '.join(shape.message for shape in shapes)}.",
        others=tuple(shape.id for shape in shapes[1:]),
    )


def _answers(run: CheckedRun, tolerance: Tolerance) -> list[CaseAnswer] | None:
    """Return every judged array in order; None where a failing answer has none."""
    answers = []
    for check, result, call, expected in zip(
        run.checks, run.case_results, run.result.calls, run.expected, strict=False
    ):
        if check.about is not About.ANSWER or check.call.mode != CallMode.PLAIN:
            continue
        passed = result.outcome is Outcome.PASSED
        given, wanted = numbers_of(call), numbers_of(expected)
        if not given or not wanted or given.keys() != wanted.keys():
            if passed:
                continue
            return None
        for name, right in wanted.items():
            arrays = {name: call.arrays[name]}, {name: expected.arrays[name]}
            pair = Pair(got=given[name], expected=right, is_exact=is_exact(unpack_array(arrays[1][name])))
            answers.append(
                CaseAnswer(
                    question=msgspec.msgpack.encode((name, check.call.arguments, check.call.module)),
                    pair=pair,
                    passed=passed or distance(*arrays, tolerance) <= 1,
                    is_plain=not check.hands_in_parameters,
                    is_shown=check.is_value and not check.call.is_hidden,
                )
            )
    return answers
