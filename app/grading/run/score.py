"""What the results of a run reach of a problem's points."""

from collections.abc import Iterable, Sequence

from app.core.outcome import Outcome
from app.core.verdict import CaseResult
from app.grading.plan.checks import Check


def score(checks: Sequence[Check], case_results: Sequence[CaseResult]) -> float:
    """Return the fraction of points that is reached, 0 to 1.

    A case counts where its repeats pass too: called again, and drawn anew. What code that computes nothing
    can pass counts as far as the answers do, so that it earns nothing by itself.
    """
    answers: list[tuple[float, float]] = []
    conditions: list[tuple[float, float]] = []
    groups: dict[str, list[tuple[Check, CaseResult]]] = {}
    for check, found in zip(checks, case_results, strict=True):
        groups.setdefault(check.group or check.name, []).append((check, found))
    for members in groups.values():
        is_condition = all(check.passes_stubs for check, _ in members)
        (conditions if is_condition else answers).append(_points_of(members))
    if not any(total for _, total in answers):
        if any(total for _, total in conditions):
            return _fraction(conditions)
        return float(all(found.outcome is Outcome.PASSED for found in case_results))
    share = _fraction(answers)
    reached = sum(points for points, _ in answers) + share * sum(points for points, _ in conditions)
    return reached / sum(total for _, total in (*answers, *conditions))


def _points_of(members: Sequence[tuple[Check, CaseResult]]) -> tuple[float, float]:
    """Return what a group reaches, and what there is to reach."""
    total = max(check.points for check, _ in members)
    return min(_reached(total, found) for _, found in members), total


def _reached(points: float, found: CaseResult) -> float:
    if found.points_reached is not None:
        return found.points_reached
    return points if found.outcome is Outcome.PASSED else 0.0


def _fraction(points: Iterable[tuple[float, float]]) -> float:
    pairs = list(points)
    return sum(reached for reached, _ in pairs) / sum(total for _, total in pairs)
