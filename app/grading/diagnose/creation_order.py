"""The architecture is right, and only the parameters' first values are others than the task's."""

from collections.abc import Sequence

import msgspec

from app.core.outcome import Outcome
from app.core.verdict import CaseResult, Diagnosis, DiagnosisKind
from app.grading.plan.checks import Check, CheckKind
from app.grading.run.run_checks import CheckedRun

_NEVER = (CheckKind.PARAMETERS, CheckKind.AGAIN, CheckKind.DETERMINISM)
"""What fails here fails for another reason: first values only change what a call answers."""
_MESSAGE = (
    "The architecture is right: with the same parameters handed in, every answer agrees. Without them the "
    "same seed gives your parameters other random values, as it does when they are created in another order "
    "than the task lists."
)


def is_creation_order(run: CheckedRun) -> bool:
    """Whether only answers without handed-in parameters are wrong, while all others are right."""
    wrong = [
        check
        for check, case_result in zip(run.checks, run.case_results, strict=True)
        if case_result.outcome is not Outcome.PASSED
    ]
    kinds = {check.kind for check in run.checks}
    return (
        bool(wrong)
        and {CheckKind.CHECKPOINT, CheckKind.PARAMETERS} <= kinds
        and all(check.kind not in _NEVER and not _is_handed_in(check) for check in wrong)
        and all(
            case_result.outcome in (Outcome.PASSED, Outcome.WRONG_VALUE) for case_result in run.case_results
        )
    )


def creation_order() -> Diagnosis:
    """What is told for the outcome of the same name."""
    return Diagnosis(kind=DiagnosisKind.CREATION_ORDER, id="creation_order", message=_MESSAGE)


def as_creation_order(case_results: Sequence[CaseResult]) -> tuple[CaseResult, ...]:
    """The rows, those with wrong values under their other name."""
    return tuple(
        msgspec.structs.replace(case_result, outcome=Outcome.CREATION_ORDER)
        if case_result.outcome is Outcome.WRONG_VALUE
        else case_result
        for case_result in case_results
    )


def _is_handed_in(check: Check) -> bool:
    return check.call.module is not None and check.call.module.std is not None
