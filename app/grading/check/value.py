"""Arrays that a call gave, held against the reference's → a row."""

from collections.abc import Mapping, Sequence

from app.core.outcome import Outcome
from app.core.tolerance import Tolerance
from app.core.verdict import CaseResult
from app.grading.check.case_result import case_result
from app.grading.compare.outputs import compare_outputs
from app.grading.plan.checks import Check
from app.grading.present.details import result_details
from sandbox.arrays import WireArray
from sandbox.interface import CallResult

_FORGED_NAMES = "the answer's frame is forged: its arrays have other names than were asked for"


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
    """The row for arrays that are compared with the reference's, `wanted`, under the same names.

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
