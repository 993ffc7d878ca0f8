"""Submissions and their jobs together, as service and worker write them; and jobs as they are stored."""

import msgspec
from sqlalchemy import select

from app.core.job import INTERACTIVE, Ending, Job
from app.core.outcome import Outcome
from app.core.submission import SUBMISSION, Submission
from app.core.verdict import Verdict
from app.store import tables
from app.store.engine.database import Connection
from app.store.queries import jobs, submissions, verdicts

_ENDINGS = {Outcome.CANCELLED: Ending.CANCELLED, Outcome.INTERNAL_ERROR: Ending.FAILED}


def job_of(submission: Submission, *, priority: int = INTERACTIVE) -> Job:
    """The job that grades it."""
    return Job(
        id=submission.id,
        kind=SUBMISSION,
        subject=submission.id,
        user_id=submission.user_id,
        priority=priority,
        created_at=submission.created_at,
    )


async def insert_submission(connection: Connection, submission: Submission, *, priority: int) -> None:
    """Sent in, and waiting."""
    await submissions.insert_submission(connection, submission)
    await jobs.insert_job(connection, job_of(submission, priority=priority))


async def finish_submission(connection: Connection, job: Job, verdict: Verdict) -> bool:
    """By the attempt that holds the token, as a worker does it."""
    if not await jobs.finish(connection, job, _ENDINGS.get(verdict.outcome, Ending.FINISHED)):
        return False
    return await verdicts.write_first(connection, job.subject, verdict)


async def end_submission(connection: Connection, submission_id: str, verdict: Verdict) -> bool:
    """Whatever attempt there is, as a cancel does it."""
    ending = _ENDINGS.get(verdict.outcome, Ending.FINISHED)
    if not await jobs.overtake(connection, submission_id, ending):
        return False
    return await verdicts.write_first(connection, submission_id, verdict)


async def job_by_id(connection: Connection, job_id: str) -> Job | None:
    """What the table has of it."""
    columns = [tables.jobs.c[name] for name in Job.__struct_fields__]
    row = (await connection.execute(select(*columns).where(tables.jobs.c.id == job_id))).one_or_none()
    return (
        None
        if row is None
        else msgspec.convert({str(key): value for key, value in row._mapping.items()}, Job)
    )
