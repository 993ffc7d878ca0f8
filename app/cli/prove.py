"""`jaxercise prove`: a worker proves the published version of a problem."""

import asyncio
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from app.settings import Settings, read_settings

if TYPE_CHECKING:
    from app.core.job import JobReport
    from app.core.problem import Problem
    from app.store.engine.database import Database

_REFUSED = 1
_LOOK_SECONDS = 0.5
_WITHOUT_WORKER_SECONDS = 3.0


def prove(problem: Annotated[str, typer.Argument(help="The slug of a problem on offer.")]) -> None:
    """Have a worker prove the published version of a problem, and print its mutation table.

    Exit code 1 where it is refused. The work is done by `jaxercise serve` or `jaxercise worker`; a folder is
    proven without them by `jaxercise validate`.
    """
    proven = asyncio.run(prove_published(read_settings(), problem))
    raise typer.Exit(0 if proven else _REFUSED)


async def prove_published(settings: Settings, slug: str, *, look_seconds: float = _LOOK_SECONDS) -> bool:
    """Ask for the proof, print each result as it becomes known, and return whether the problem is proven.

    One that waits or is under way for the same version is followed, and not begun a second time.

    Raises:
        ProblemNotFound: no problem on offer has this slug.
        GraderError: it failed on our side, or somebody cancelled it.
    """
    from app.bootstrap import open_services
    from app.core.job import WATCHED, Job
    from app.queue.admission import ask_for
    from app.worker.kinds.proof import PROOF

    async with open_services(settings, only_asks=True) as services:
        problem = await services.problems.by_slug(slug)
        job = Job(
            id=uuid4().hex,
            kind=PROOF,
            subject=problem.version,
            user_id=None,
            priority=WATCHED,
            created_at=datetime.now(UTC),
        )
        async with services.database.transaction() as connection:
            ticket = await ask_for(connection, services.queue, job)
        services.queue.notify(ticket)
        return await _follow(services.database, problem, ticket.job_id, look_seconds)


async def _follow(database: "Database", problem: "Problem", job_id: str, look_seconds: float) -> bool:
    from app.cli.reports.proof_table import ProofTable, summary_lines
    from app.core.job import Status
    from app.errors import GraderError
    from app.grading.prove.results import columns_of
    from app.worker.kinds.proof import read_report

    table = ProofTable(columns_of(problem))
    print(f"{problem.manifest.position} {problem.slug} · version {problem.version[:12]}")
    print("\n".join(table.legend()), flush=True)
    attempt = shown = 0
    waited, said = 0.0, False
    while True:
        report = await _look(database, job_id)
        if report.attempt != attempt and shown:
            print("  its worker has stopped, and another one begins again", flush=True)
            shown = 0
        attempt = report.attempt
        result = read_report(report.result)
        known = result.proof.results if result.proof else read_report(report.progress).results
        for one in known[shown:]:
            print("\n".join(table.lines(one)), flush=True)
        shown = len(known)
        if report.status is Status.DONE:
            break
        if report.status is Status.QUEUED and not said and waited >= _WITHOUT_WORKER_SECONDS:
            said = await _say_if_nobody_works(database)
        waited += look_seconds
        await asyncio.sleep(look_seconds)
    if result.proof is None:
        raise GraderError(result.error or f"The proof of {problem.slug} was cancelled.")
    print("\n".join(summary_lines(problem.slug, result.proof.faults)), flush=True)
    return result.proof.is_proven


async def _look(database: "Database", job_id: str) -> "JobReport":
    from app.errors import GraderError
    from app.store.engine.open import retry_until_available
    from app.store.queries.jobs import report_of

    async def look() -> "JobReport | None":
        async with database.reading() as connection:
            return await report_of(connection, job_id)

    found = await retry_until_available(look)
    if found is None:
        raise GraderError("The job of this proof is gone from the database.")
    return found


async def _say_if_nobody_works(database: "Database") -> bool:
    from app.store.queries.workers import count_workers

    async with database.reading() as connection:
        living = [state for state in await count_workers(connection) if state is not None]
    if not living:
        print("Nobody works on this database just now: the proof waits for a service.", file=sys.stderr)
    return True
