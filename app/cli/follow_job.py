"""Asking a worker for something about a problem on offer, and following it to its end."""

import asyncio
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from app.settings import Settings

if TYPE_CHECKING:
    from app.core.job import JobReport
    from app.core.problem import Problem
    from app.store.engine.database import Database

LOOK_SECONDS = 0.5
_WITHOUT_WORKER_SECONDS = 3.0

ShowsProgress = Callable[[str | None, str | None], None]
"""Takes what a job has stored so far, its progress and its result as JSON; it shows what is new."""


async def ask_worker(
    settings: Settings,
    slug: str,
    kind: str,
    shows_for: "Callable[[Problem], ShowsProgress]",
    *,
    look_seconds: float = LOOK_SECONDS,
) -> str | None:
    """Ask for a job of `kind` on a problem's published version; return its result as JSON once it has ended.

    One that waits or is under way for the same version is followed, and not begun a second time. `shows_for`
    makes what shows its progress; it is made anew where another worker begins again.

    Raises:
        ProblemNotFound: no problem on offer has this slug.
        GraderError: the job is gone from the database.
    """
    from app.bootstrap import open_services
    from app.core.job import WATCHED, Job
    from app.queue.admission import ask_for

    async with open_services(settings, only_asks=True) as services:
        problem = await services.problems.by_slug(slug)
        job = Job(
            id=uuid4().hex,
            kind=kind,
            subject=problem.version,
            user_id=None,
            priority=WATCHED,
            created_at=datetime.now(UTC),
        )
        async with services.database.transaction() as connection:
            ticket = await ask_for(connection, services.queue, job)
        services.queue.notify(ticket)
        return await _follow(services.database, problem, ticket.job_id, shows_for, look_seconds)


async def _follow(
    database: "Database",
    problem: "Problem",
    job_id: str,
    shows_for: "Callable[[Problem], ShowsProgress]",
    look_seconds: float,
) -> str | None:
    from app.core.job import Status

    print(f"{problem.manifest.position} {problem.slug} · version {problem.version[:12]}")
    show = shows_for(problem)
    attempt = 0
    waited, has_warned = 0.0, False
    while True:
        report = await _look(database, job_id)
        if report.attempt != attempt and attempt:
            print("  its worker has stopped, and another one begins again", flush=True)
            show = shows_for(problem)
        attempt = report.attempt
        show(report.progress, report.result)
        if report.status is Status.DONE:
            return report.result
        if report.status is Status.QUEUED and not has_warned and waited >= _WITHOUT_WORKER_SECONDS:
            has_warned = await _warn_if_nobody_works(database)
        waited += look_seconds
        await asyncio.sleep(look_seconds)


async def _look(database: "Database", job_id: str) -> "JobReport":
    from app.errors import GraderError
    from app.store.engine.open import retry_until_available
    from app.store.queries.jobs import report_of

    async def look() -> "JobReport | None":
        async with database.reading() as connection:
            return await report_of(connection, job_id)

    found = await retry_until_available(look)
    if found is None:
        raise GraderError("The job is gone from the database.")
    return found


async def _warn_if_nobody_works(database: "Database") -> bool:
    from app.store.queries.workers import count_workers

    async with database.reading() as connection:
        living = [state for state in await count_workers(connection) if state is not None]
    if not living:
        print("Nobody works on this database just now: this waits for a service.", file=sys.stderr)
    return True
