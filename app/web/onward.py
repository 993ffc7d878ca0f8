"""Where an accepted solution leads on to."""

from app.core.problem import ProblemSummary
from app.core.submission import Progress
from app.core.user import User
from app.store.problems import Problems
from app.submissions.service import Submissions

_LOOKED_AT = 20


async def next_exercise(
    problems: Problems, submissions: Submissions, user: User, slug: str
) -> ProblemSummary | None:
    """Return the next problem by position that the user has not solved; None where there is none near."""
    following = (await problems.page(limit=_LOOKED_AT, after=slug)).problems
    progresses = await submissions.progresses(user, [shown.slug for shown in following])
    return next(
        (shown for shown in following if progresses.get(shown.slug) is not Progress.SOLVED),
        None,
    )
