"""A row of a verdict that has no numbers to tell."""

from app.core.outcome import Outcome
from app.core.verdict import CaseResult
from app.grading.plan.checks import Check


def case_result(
    check: Check, outcome: Outcome, message: str, wall_seconds: float | None = None
) -> CaseResult:
    """A row without numbers."""
    return CaseResult(
        name=check.name,
        visibility=check.visibility,
        outcome=outcome,
        points=check.points,
        wall_seconds=wall_seconds,
        message=message,
    )
