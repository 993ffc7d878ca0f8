"""Counting, for instructors, what wrong submissions answered that nothing explains."""

import logging

from app.core.submission import Submission, UnexplainedOutput
from app.store.queries.unexplained import add_unexplained
from app.worker.kinds.kind import KindServices

_log = logging.getLogger("jaxercise.worker")


async def count_unexplained(services: KindServices, submission: Submission, found: UnexplainedOutput) -> None:
    """Count it. The learner has the verdict; whatever fails here is not their matter."""
    try:
        problem = await services.problems.by_version(submission.version)
        async with services.database.transaction() as connection:
            await add_unexplained(connection, submission, found, problem.manifest.tolerance)
    except Exception:
        _log.exception("the unexplained answer of submission %s could not be counted", submission.id)
