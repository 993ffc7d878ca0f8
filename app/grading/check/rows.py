"""A row of a verdict that has no numbers to tell."""

from app.core.outcome import Outcome
from app.core.verdict import CaseResult
from app.grading.plan.checks import GradedItem


def row(item: GradedItem, outcome: Outcome, message: str, wall_seconds: float | None = None) -> CaseResult:
    """A row without numbers."""
    return CaseResult(
        name=item.name,
        visibility=item.visibility,
        outcome=outcome,
        points=item.points,
        wall_seconds=wall_seconds,
        message=message,
    )
