"""The answer to a case, and to the same call made again, against the reference's."""

from collections.abc import Mapping, Sequence

from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.tolerance import Tolerance
from app.core.verdict import CaseResult
from app.grading.check.case_result import case_result, no_arrays
from app.grading.compare.arrays import compare_outputs, outputs_match
from app.grading.plan.checks import Check
from app.grading.present.details import result_details
from app.grading.reference.outputs import ReferenceOutput
from sandbox.arrays import WireArray
from sandbox.interface import CallResult

_FORGED_NAMES = "the answer's frame is forged: its arrays have other names than were asked for"
_DIFFERS_AGAIN = (
    "right at first, but not when called again after other inputs: something is kept between calls, or an "
    "argument is changed"
)


def judge_value(
    problem: Problem, check: Check, call: CallResult, expected: ReferenceOutput, *, remark: str = ""
) -> CaseResult:
    """Compare what the entry function returned; `remark` is what is said first where values differ."""
    if not call.arrays:
        return no_arrays(problem, check, call)
    manifest = problem.manifest
    dtypes = {output.name: output.dtype for output in manifest.entry.named_outputs}
    return judge_arrays(
        check, call, call.arrays, expected.arrays, manifest.tolerance, dtypes=dtypes, remark=remark
    )


def judge_again(
    problem: Problem, check: Check, call: CallResult, expected: ReferenceOutput, first: CallResult | None
) -> CaseResult:
    """Judge only what lasts between calls: whoever was wrong the first time is told so there."""
    wanted, tolerance = expected.arrays, problem.manifest.tolerance
    was_right = first is not None and outputs_match(first.arrays, wanted, tolerance)
    if was_right and not outputs_match(call.arrays, wanted, tolerance):
        return case_result(check, Outcome.WRONG_VALUE, _DIFFERS_AGAIN, call.wall_seconds)
    return case_result(check, Outcome.PASSED, "", call.wall_seconds)


def judge_arrays(
    check: Check,
    call: CallResult,
    given: Mapping[str, WireArray],
    wanted: Mapping[str, WireArray],
    tolerance: Tolerance,
    *,
    dtypes: Mapping[str, str],
    remark: str = "",
) -> CaseResult:
    """Compare arrays with the reference's, `wanted`, under the same names.

    `remark` is what is said first where values differ.
    """
    if given.keys() != wanted.keys():
        return case_result(check, Outcome.SANDBOX_VIOLATION, _FORGED_NAMES, call.wall_seconds)
    found = compare_outputs(given, wanted, tolerance, dtypes=dtypes)
    remarks = [remark] if found.outcome is Outcome.WRONG_VALUE else []
    # Numbers of a hidden case would let its expected values be measured out.
    if check.call.is_hidden:
        return case_result(check, found.outcome, _joined([*remarks, found.hidden_message]), call.wall_seconds)
    details = result_details(found, given[found.output], wanted[found.output], tolerance)
    return CaseResult(
        name=check.name,
        visibility=check.visibility,
        outcome=found.outcome,
        points=check.points,
        max_abs_error=found.max_abs_error,
        max_abs_error_at=found.max_abs_error_at,
        max_rel_error=found.max_rel_error,
        mismatched=found.mismatched,
        size=found.size,
        wall_seconds=call.wall_seconds,
        message=_joined([*remarks, found.message, details.advice]),
        output=found.output,
        differences=details.differences,
        picture=details.picture,
    )


def _joined(remarks: Sequence[str]) -> str:
    return "; ".join(filter(None, remarks))
