"""The architecture is right, and only the parameters' first values are others than the task's."""

from collections.abc import Sequence

import msgspec

from app.core.outcome import Outcome
from app.core.probes.probe import About
from app.core.verdict import CaseResult, Diagnosis, DiagnosisKind
from app.grading.plan.checks import Check
from app.grading.run.run_checks import CheckedRun

_MESSAGE = (
    "The architecture is right: with the same parameters handed in, every answer agrees. Without them the "
    "same seed gives your parameters other random values, as it does when they are created in another order "
    "than the task lists."
)


def is_creation_order(run: CheckedRun) -> bool:
    """Return whether only answers without handed-in parameters are wrong, while all others are right."""
    wrong = [
        check
        for check, found in zip(run.checks, run.case_results, strict=True)
        if found.outcome is not Outcome.PASSED
    ]
    return (
        bool(wrong)
        and any(check.about is About.PARAMETERS for check in run.checks)
        and any(check.has_own_answer and check.hands_in_parameters for check in run.checks)
        and all(_depends_on_first_values(check) for check in wrong)
        and all(found.outcome in (Outcome.PASSED, Outcome.WRONG_VALUE) for found in run.case_results)
    )


def creation_order() -> Diagnosis:
    """Return what is told for the outcome of the same name."""
    return Diagnosis(kind=DiagnosisKind.CREATION_ORDER, id="creation_order", message=_MESSAGE)


def as_creation_order(case_results: Sequence[CaseResult]) -> tuple[CaseResult, ...]:
    """Return the results, those with wrong values under their other name."""
    return tuple(
        msgspec.structs.replace(found, outcome=Outcome.CREATION_ORDER)
        if found.outcome is Outcome.WRONG_VALUE
        else found
        for found in case_results
    )


def _depends_on_first_values(check: Check) -> bool:
    """Say whether first values can fail it: they only change what a call answers, the first time."""
    is_about_values = check.about in (About.ANSWER, About.DERIVED) and not check.repeats
    return is_about_values and not check.hands_in_parameters
