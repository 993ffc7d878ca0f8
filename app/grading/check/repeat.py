"""A call that was made before, made again → a row."""

from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.verdict import CaseResult
from app.grading.check.case_result import case_result
from app.grading.compare.outputs import outputs_match
from app.grading.plan.checks import Check
from app.grading.reference.outputs import ReferenceOutput
from sandbox.interface import CallResult

_DIFFERS = (
    "right at first, but not when called again after other inputs: something is kept between calls, or an "
    "argument is changed"
)


def judge_again(
    problem: Problem, check: Check, call: CallResult, expected: ReferenceOutput, first: CallResult | None
) -> CaseResult:
    """Only about what lasts between calls: whoever was wrong the first time is told so there."""
    wanted, tolerance = expected.arrays, problem.manifest.tolerance
    was_right = first is not None and outputs_match(first.arrays, wanted, tolerance)
    is_right = outputs_match(call.arrays, wanted, tolerance)
    if was_right and not is_right:
        return case_result(check, Outcome.WRONG_VALUE, _DIFFERS, call.wall_seconds)
    return case_result(check, Outcome.PASSED, "", call.wall_seconds)
