"""The job that runs in a fresh jail what was accepted in a warm one, before it counts."""

from datetime import UTC, datetime
from uuid import uuid4

from app.core.job import CONFIRMING, Job
from app.core.submission import CONFIRMATION, Submission


def confirmation_job(submission: Submission) -> Job:
    """Return the job that is to be asked for by the commit that writes a `pending` verdict.

    While it is not done, the submission does not count as solved: `store/queries/submissions.py`.
    """
    return Job(
        id=uuid4().hex,
        kind=CONFIRMATION,
        subject=submission.id,
        user_id=submission.user_id,
        priority=CONFIRMING,
        created_at=datetime.now(UTC),
    )
