"""A database with a problem, a learner and a queue, for tests of queues; and what happens to tickets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import text

from app.catalog.problem_folder import read_problem
from app.core.outcome import Outcome
from app.core.submission import Status, Submission
from app.core.user import Role, User
from app.core.verdict import Mode
from app.queue.embedded.queue import EmbeddedQueue
from app.queue.interface import INTERACTIVE, Queue, Ticket
from app.queue.postgres.queue import ProcrastinateQueue
from app.store import tables
from app.store.engine.database import Database, is_sqlite
from app.store.engine.open import open_database
from app.store.problems import Problems
from app.store.queries import submissions, users
from app.submissions.service import unfinished_verdict
from tests.support.small_problem import small_problem

# As `enqueue` does it one by one.
_A_JOB_EACH = """
    INSERT INTO procrastinate_jobs (queue_name, task_name, priority, queueing_lock, args)
    SELECT 'bulk', 'grade', priority, id, jsonb_build_object('submission_id', id) FROM submissions
    WHERE status <> 'done' AND priority = :priority
"""


class QueueHarness:
    """`take_in` is what the API does; `grading` what a worker does, minus the grading."""

    def __init__(
        self, database: Database, problems: Problems, queue: Queue, user: User, version: str
    ) -> None:
        self.database = database
        self.problems = problems
        self.queue = queue
        self.user = user
        self._version = version

    async def take_in(self, *priorities: int) -> list[str]:
        """Submissions of these priorities, one commit each, in order; their ids."""
        taken = []
        for priority in priorities or (INTERACTIVE,):
            submission = Submission(
                id=uuid4().hex,
                user_id=self.user.id,
                problem_slug="double",
                version=self._version,
                mode=Mode.SUBMIT,
                code="x",
                status=Status.QUEUED,
                attempt=0,
                seed=1,
                created_at=datetime.now(UTC),
            )
            ticket = Ticket(submission.id, priority)
            async with self.database.transaction() as connection:
                await submissions.insert_submission(connection, submission, priority=priority)
                await self.queue.enqueue(connection, ticket)
            self.queue.notify(ticket)
            taken.append(submission.id)
        return taken

    async def take_in_many(self, count: int, priority: int) -> None:
        """So many in one commit, as a regrade of everything does it."""
        tickets = [Ticket(uuid4().hex, priority) for _ in range(count)]
        now = datetime.now(UTC)
        rows = [
            {
                "id": ticket.job_id,
                "user_id": self.user.id,
                "version": self._version,
                "mode": Mode.SUBMIT.value,
                "code": "x",
                "status": Status.QUEUED.value,
                "priority": priority,
                "attempt": 0,
                "seed": 1,
                "created_at": now,
            }
            for ticket in tickets
        ]
        async with self.database.transaction() as connection:
            await connection.execute(tables.submissions.insert(), rows)
            if isinstance(self.queue, ProcrastinateQueue):
                await connection.execute(text(_A_JOB_EACH), {"priority": priority})
        for ticket in tickets:
            self.queue.notify(ticket)

    async def stored(self, submission_id: str) -> Submission:
        async with self.database.reading() as connection:
            found = await submissions.submission_by_id(connection, submission_id)
        assert found is not None
        return found


class Grading:
    """Claims each ticket, holds it until it is let go (or withdrawn), and stores a verdict."""

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
            submission = await submissions.claim(connection, ticket.job_id)
        if submission is None:
            return
        self.begun.append(submission.id)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        waits = [asyncio.ensure_future(event.wait()) for event in (self._let_go, ticket.cancelled)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self.cut_off.append(submission.id)
            async with self._database.transaction() as connection:
                await submissions.give_back(connection, submission, failed=False)
            raise
        finally:
            self._at_once -= 1
            for wait in waits:
                wait.cancel()
        if ticket.cancelled.is_set():
            self.cancelled.append(submission.id)
            return
        async with self._database.transaction() as connection:
            verdict = unfinished_verdict(submission, Outcome.ACCEPTED, "")
            if await submissions.finish(connection, submission, verdict):
                self.ended.append(submission.id)


@asynccontextmanager
async def queue_harness(url: str) -> AsyncIterator[QueueHarness]:
    """The queue that belongs to the URL's database."""
    async with open_database(url) as database:
        problems = Problems(database, read_problem)
        problem = await problems.publish(small_problem())
        async with database.transaction() as connection:
            email = f"{uuid4().hex}@school.test"
            user = await users.insert_user(connection, email=email, password_hash="x", role=Role.LEARNER)
        queue: Queue = EmbeddedQueue() if is_sqlite(url) else ProcrastinateQueue(database)
        yield QueueHarness(database, problems, queue, user, problem.version)
