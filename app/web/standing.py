"""How far a learner is with a problem, told from their submissions to it."""

import enum
from collections.abc import Iterable

from app.core.submission import Submission
from app.core.verdict import Mode


class Standing(enum.StrEnum):
    """Tried means submitted or run, whatever came of it."""

    NEW = "new"
    TRIED = "tried"
    SOLVED = "solved"


def standing(submissions: Iterable[Submission]) -> Standing:
    """Solved takes an accepted `submit`: a run leaves the hidden cases out."""
    best = Standing.NEW
    for submission in submissions:
        verdict = submission.verdict
        if verdict is not None and verdict.accepted and submission.mode is Mode.SUBMIT:
            return Standing.SOLVED
        best = Standing.TRIED
    return best
