"""A database with a problem, a learner and a queue, for tests of queues; and what happens to tickets."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import uuid4

import msgspec
from sqlalchemy import text

from app.catalog.problem_folder import read_problem
from app.core.job import INTERACTIVE, Ending, Job, JobReport
from app.core.outcome import Outcome
from app.core.submission import CONFIRMATION, SUBMISSION, Submission
from app.core.user import Role, User
from app.core.verdict import Confirmation, Explained, Mode
from app.metrics.metrics import GradingCounts
from app.queue.admission import Limits, ask_for
from app.queue.embedded.queue import EmbeddedQueue
from app.queue.interface import Publish, Queue, Ticket
from app.queue.postgres.queue import ProcrastinateQueue
from app.store import tables
from app.store.engine.database import Connection, Database, is_sqlite
from app.store.engine.open import open_database
from app.store.problems import Problems
from app.store.queries import jobs, submissions, users, verdicts
from app.submissions.explanation import EXPLANATION
from app.submissions.service import cancelled_verdict, unfinished_verdict
from app.worker.grades import Grades
from app.worker.kinds.kind import KindServices
from app.worker.kinds.mutants import MUTANTS
from app.worker.kinds.proof import PROOF
from app.worker.kinds.table import KINDS, MakeKind, kinds_of
from app.worker.run_job import RunJob
from tests.support.small_problem import small_problem
from tests.support.submission_jobs import end_submission, job_by_id
from tests.support.toy_kind import TOY, ToyKind

ALL_KINDS: Mapping[str, MakeKind] = {**KINDS, TOY: ToyKind}
"""Those that there are, and one more."""

# As `enqueue` does it one by one.
_AN_ENTRY_EACH = """
    INSERT INTO procrastinate_jobs (queue_name, task_name, priority, queueing_lock, args)
    SELECT 'bulk', 'run', priority, id, jsonb_build_object('job_id', id) FROM jobs
    WHERE status <> 'done' AND priority = :priority
"""


class QueueHarness:
    """`take_in` is what the API or a command does, for one kind of jobs; `running` is a worker's part."""

    def __init__(
        self, database: Database, problems: Problems, queue: Queue, user: User, version: str, kind: str
    ) -> None:
        self.database = database
        self.problems = problems
        self.queue = queue
        self.user = user
        self.kind = kind
        self._version = version

    async def take_in(self, *priorities: int, code: str = "x") -> list[str]:
        """Jobs of these priorities, one commit each, in order; their ids."""
        return [await self.ask(priority, code=code) for priority in priorities or (INTERACTIVE,)]

    async def ask(
        self,
        priority: int = INTERACTIVE,
        *,
        code: str = "x",
        limits: Limits | None = None,
        user: User | None = None,
        network: str | None = None,
    ) -> str:
        """One job about a subject of its own, of the one account or of this one; its id."""
        job = self._job(priority, await self._new_subject(code), user=user, network=network)
        async with self.database.transaction() as connection:
            if self.kind in (SUBMISSION, EXPLANATION, CONFIRMATION):
                await submissions.insert_submission(connection, self._submission(job, code))
            if self.kind == EXPLANATION:
                await self._write_first(connection, job.subject, explained=Explained.CUT_SHORT)
            if self.kind == CONFIRMATION:
                await self._write_first(connection, job.subject, confirmation=Confirmation.PENDING)
            ticket = await ask_for(connection, self.queue, job, limits=limits)
        self.queue.notify(ticket)
        return ticket.job_id

    async def ask_again(self, job_id: str) -> str:
        """Another job about what this one is about; the id of the one that does it."""
        async with self.database.transaction() as connection:
            held = await job_by_id(connection, job_id)
            assert held is not None
            ticket = await ask_for(connection, self.queue, self._job(held.priority, held.subject))
        self.queue.notify(ticket)
        return ticket.job_id

    async def take_in_many(self, count: int, priority: int) -> None:
        """So many in one commit, as a regrade of everything does it."""
        asked = [self._job(priority, uuid4().hex) for _ in range(count)]
        rows = [
            {"id": job.id, "kind": job.kind, "subject": job.subject, "user_id": job.user_id}
            | {"priority": priority, "status": job.status.value, "created_at": job.created_at}
            for job in asked
        ]
        async with self.database.transaction() as connection:
            await connection.execute(tables.jobs.insert(), rows)
            if self.kind == SUBMISSION:
                await connection.execute(tables.submissions.insert(), [self._row(job) for job in asked])
            if isinstance(self.queue, ProcrastinateQueue):
                await connection.execute(text(_AN_ENTRY_EACH), {"priority": priority})
        for job in asked:
            self.queue.notify(Ticket(job.id, priority))

    async def cancel(self, job_id: str) -> None:
        """As the API does it: the end first, then the queue."""
        await self.overtake(job_id)
        await self.queue.cancel(job_id)

    async def overtake(self, job_id: str) -> None:
        """The end of a cancel, of which the worker has not heard yet."""
        async with self.database.transaction() as connection:
            assert await self._overtake(connection, job_id)

    async def job(self, job_id: str) -> Job:
        async with self.database.reading() as connection:
            found = await job_by_id(connection, job_id)
        assert found is not None
        return found

    async def report(self, job_id: str) -> JobReport:
        async with self.database.reading() as connection:
            found = await jobs.report_of(connection, job_id)
        assert found is not None
        return found

    async def stored(self, submission_id: str) -> Submission:
        async with self.database.reading() as connection:
            found = await submissions.submission_by_id(connection, submission_id)
        assert found is not None
        return found

    def running(self, grader: Grades, publish: Publish = lambda *_: None) -> RunJob:
        """What a worker does with each ticket, behind this grader."""
        counts = GradingCounts()
        services = KindServices(
            database=self.database,
            problems=self.problems,
            queue=self.queue,
            grader=grader,
            publish=publish,
            counts=counts,
        )
        return RunJob(self.database, self.queue, kinds_of(services, ALL_KINDS), counts)

    async def new_users(self, count: int = 1) -> list[User]:
        """So many new accounts, none of which has solved anything."""
        async with self.database.transaction() as connection:
            return [
                await users.insert_user(
                    connection, email=f"{uuid4().hex}@school.test", password_hash="x", role=Role.LEARNER
                )
                for _ in range(count)
            ]

    def _job(
        self, priority: int, subject: str, *, user: User | None = None, network: str | None = None
    ) -> Job:
        job_id = subject if self.kind == SUBMISSION else uuid4().hex
        return Job(
            id=job_id,
            kind=self.kind,
            subject=subject,
            user_id=(user or self.user).id,
            priority=priority,
            created_at=datetime.now(UTC),
            network=network,
        )

    async def _new_subject(self, code: str) -> str:
        if self.kind in (PROOF, MUTANTS):
            files = small_problem(statement=f"{uuid4().hex}\n")
            files["reference/reference.py"] += f"# {code}\n".encode()
            return (await self.problems.publish(files)).version
        return uuid4().hex

    def _submission(self, job: Job, code: str) -> Submission:
        return Submission(
            id=job.subject,
            user_id=job.user_id or self.user.id,
            problem_slug="double",
            version=self._version,
            mode=Mode.SUBMIT,
            code=code,
            status=job.status,
            seed=1,
            created_at=job.created_at,
        )

    def _row(self, job: Job) -> dict[str, object]:
        return {
            "id": job.subject,
            "user_id": self.user.id,
            "version": self._version,
            "mode": Mode.SUBMIT.value,
            "code": "x",
            "seed": 1,
            "created_at": job.created_at,
        }

    async def _write_first(self, connection: Connection, submission_id: str, **what: object) -> None:
        """As one whose verdict came before its explanation or confirmation."""
        submission = await submissions.submission_by_id(connection, submission_id)
        assert submission is not None
        outcome = Outcome.ACCEPTED if "confirmation" in what else Outcome.WRONG_VALUE
        verdict = unfinished_verdict(submission, outcome, "")
        accepted = {"accepted": outcome is Outcome.ACCEPTED}
        verdict = msgspec.structs.replace(verdict, **accepted, **what)
        await verdicts.write_first(connection, submission_id, verdict)

    async def _overtake(self, connection: Connection, job_id: str) -> bool:
        if self.kind != SUBMISSION:
            return await jobs.overtake(connection, job_id, Ending.CANCELLED)
        submission = await submissions.submission_by_id(connection, job_id)
        assert submission is not None
        return await end_submission(connection, job_id, cancelled_verdict(submission))


class Grading:
    """Claims each ticket, holds it until it is let go (or withdrawn), and stores its end."""

    def __init__(self, database: Database, *, held: bool = False) -> None:
        self._database = database
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.cut_off: list[str] = []
        self.cancelled: list[str] = []
        self.most_at_once = 0
        self._at_once = 0
        self._let_go = asyncio.Event()
        if not held:
            self._let_go.set()

    def let_go(self) -> None:
        self._let_go.set()

    async def __call__(self, ticket: Ticket) -> None:
        async with self._database.transaction() as connection:
            job = await jobs.claim(connection, ticket.job_id)
        if job is None:
            return
        self.begun.append(job.id)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        waits = [asyncio.ensure_future(event.wait()) for event in (self._let_go, ticket.cancelled)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self.cut_off.append(job.id)
            async with self._database.transaction() as connection:
                await jobs.give_back(connection, job, failed=False)
            raise
        finally:
            self._at_once -= 1
            for wait in waits:
                wait.cancel()
        if ticket.cancelled.is_set():
            self.cancelled.append(job.id)
            return
        async with self._database.transaction() as connection:
            if await jobs.finish(connection, job):
                await _store_verdict(connection, job)
                self.ended.append(job.id)


async def _store_verdict(connection: Connection, job: Job) -> None:
    submission = await submissions.submission_by_id(connection, job.subject)
    if submission is not None:
        verdict = unfinished_verdict(submission, Outcome.ACCEPTED, "")
        await verdicts.write_first(connection, submission.id, verdict)


@asynccontextmanager
async def queue_harness(url: str, kind: str = SUBMISSION) -> AsyncIterator[QueueHarness]:
    """The queue that belongs to the URL's database."""
    async with open_database(url) as database:
        problems = Problems(database, read_problem)
        problem = await problems.publish(small_problem())
        async with database.transaction() as connection:
            email = f"{uuid4().hex}@school.test"
            user = await users.insert_user(connection, email=email, password_hash="x", role=Role.LEARNER)
        queue: Queue = EmbeddedQueue() if is_sqlite(url) else ProcrastinateQueue(database)
        yield QueueHarness(database, problems, queue, user, problem.version, kind)
