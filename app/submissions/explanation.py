"""The job that finishes a look into a refused submission, by whoever asks for it."""

from datetime import UTC, datetime
from uuid import uuid4

from app.core.job import WATCHED, Job
from app.core.submission import Submission

EXPLANATION = "explanation"
"""The name of this kind of jobs; its subject is a submission."""


def explanation_job(submission: Submission) -> Job:
    """Return the job that is asked for: somebody may look at the page, and has the verdict already."""
    return Job(
        id=uuid4().hex,
        kind=EXPLANATION,
        subject=submission.id,
        user_id=submission.user_id,
        priority=WATCHED,
        created_at=datetime.now(UTC),
    )
