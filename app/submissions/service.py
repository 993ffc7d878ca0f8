"""Taking submissions in, and what their owners may do with them afterwards."""

import functools
import logging
import secrets
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Literal
from uuid import uuid4

from app.core.events import VerdictReached
from app.core.log_context import submission_in_log
from app.core.outcome import Outcome
from app.core.submission import CODE_LIMIT_BYTES, SEED_LIMIT, Progress, Status, Submission, SubmissionLine
from app.core.user import User
from app.core.verdict import Mode, Verdict
from app.errors import QueueFull, SubmissionNotFound, SubmissionRefused, SubmissionTooLarge
from app.queue.interface import INTERACTIVE, Publish, Queue, Ticket
from app.store.engine.database import Database
from app.store.problems import Problems
from app.store.queries import submissions

RefusalReason = Literal["queue_full", "learner_limit"]
"""Why a submission was turned away that might be taken a minute later."""

_log = logging.getLogger("jaxercise.jobs")


class Submissions:
    """Submissions by their owners. A submission and its job are one commit."""

    def __init__(
        self,
        database: Database,
        problems: Problems,
        queue: Queue,
        publish: Publish,
        *,
        queue_limit: int,
        waiting_per_user: int,
        on_refused: Callable[[RefusalReason], None] = lambda reason: None,
    ) -> None:
        self._database = database
        self._problems = problems
        self._queue = queue
        self._publish = publish
        self._queue_limit = queue_limit
        self._waiting_per_user = waiting_per_user
        self._on_refused = on_refused

    async def submit(self, user: User, slug: str, code: str, mode: Mode) -> Submission:
        """Stores the code and queues it for grading; when this returns, no crash loses it.

        Raises:
            SubmissionRefused: empty, too large, or not text that can be stored.
            ProblemNotFound: there is no such problem.
            QueueFull: too many submissions wait, or too many of this user's.
        """
        check_code(code)
        problem = await self._problems.by_slug(slug)
        submission = Submission(
            id=uuid4().hex,
            user_id=user.id,
            problem_slug=problem.slug,
            version=problem.version,
            mode=mode,
            code=code,
            status=Status.QUEUED,
            attempt=0,
            seed=secrets.randbelow(SEED_LIMIT),
            created_at=datetime.now(UTC),
        )
        ticket = Ticket(submission.id, INTERACTIVE)
        async with self._database.transaction() as connection:
            waiting = functools.partial(submissions.count_waiting, connection, at_least=INTERACTIVE)
            if await waiting() >= self._queue_limit:
                self._on_refused("queue_full")
                raise QueueFull
            if await waiting(user_id=user.id) >= self._waiting_per_user:
                self._on_refused("learner_limit")
                raise QueueFull(
                    f"You have {self._waiting_per_user} submissions waiting. Try again in a minute."
                )
            await submissions.insert_submission(connection, submission, priority=ticket.priority)
            await self._queue.enqueue(connection, ticket)
        self._queue.notify(ticket)
        with submission_in_log(submission.id):
            _log.info("taken in: %s at %s", mode, slug)
        return submission

    async def get(self, user: User, submission_id: str) -> Submission:
        """A submission of one's own; instructors and admins see all.

        Raises:
            SubmissionNotFound: there is none, or it is none of this user's business.
        """
        found = None
        # Ids are hexadecimal; PostgreSQL cannot even be asked about a NUL.
        if submission_id.isalnum():
            async with self._database.reading() as connection:
                found = await submissions.submission_by_id(connection, submission_id)
        if found is None or not (found.user_id == user.id or user.sees_everything):
            raise SubmissionNotFound
        return found

    async def list_for(self, user: User, slug: str, *, limit: int = 50) -> list[SubmissionLine]:
        """The user's submissions to one problem, newest first."""
        if "\0" in slug:
            return []
        async with self._database.reading() as connection:
            return await submissions.submissions_of(connection, user.id, slug, limit=limit)

    async def latest_code(self, user: User, slug: str) -> str | None:
        """What the user sent in to a problem last; None where that is nothing."""
        async with self._database.reading() as connection:
            return await submissions.latest_code(connection, user.id, slug)

    async def progresses(self, user: User, slugs: Collection[str]) -> dict[str, Progress]:
        """How far the user is with these problems, by slug; no entry where nothing was sent in."""
        async with self._database.reading() as connection:
            return await submissions.progress_of(connection, user.id, slugs)

    async def count_solved(self, user: User) -> int:
        """How many of the problems on offer the user has solved."""
        async with self._database.reading() as connection:
            return await submissions.count_solved(connection, user.id)

    async def cancel(self, user: User, submission_id: str) -> Submission:
        """Ends a waiting or running submission with the outcome `cancelled`; a verdict that is there stays.

        Raises:
            SubmissionNotFound
        """
        submission = await self.get(user, submission_id)
        verdict = cancelled_verdict(submission)
        async with self._database.transaction() as connection:
            ended = await submissions.finish_whatever_attempt(connection, submission.id, verdict)
        if ended:
            # The verdict is written already, so whatever the run still ends with is void.
            with submission_in_log(submission.id):
                _log.info("cancelled by its owner")
            await self._queue.cancel(submission.id)
            self._publish(submission.id, VerdictReached(verdict=verdict))
        return await self.get(user, submission_id)

    async def position(self, submission: Submission) -> int | None:
        """How many are graded before this one; None if it is not waiting."""
        if submission.status is not Status.QUEUED:
            return None
        return (await self._queue.positions([submission.id])).get(submission.id)


def check_code(code: str) -> None:
    """Whether this can be taken as a submission at all.

    Raises:
        SubmissionRefused: says what is allowed.
    """
    if not code.strip():
        raise SubmissionRefused("The submission has no code.")
    try:
        size_bytes = len(code.encode())
    except UnicodeEncodeError:
        raise SubmissionRefused("The code holds characters that are not valid Unicode.") from None
    if size_bytes > CODE_LIMIT_BYTES:
        raise SubmissionTooLarge(
            f"The code has {size_bytes:,} bytes; at most {CODE_LIMIT_BYTES:,} bytes are allowed."
        )
    if "\0" in code:
        raise SubmissionRefused("The code holds a NUL character, which no Python source may.")


def cancelled_verdict(submission: Submission) -> Verdict:
    return unfinished_verdict(submission, Outcome.CANCELLED, "The submission was cancelled.")


def unfinished_verdict(submission: Submission, outcome: Outcome, message: str) -> Verdict:
    """A verdict on a submission that was not graded to the end."""
    return Verdict(
        problem=submission.problem_slug,
        version=submission.version,
        outcome=outcome,
        accepted=False,
        score=0.0,
        diagnosis=None,
        cases=(),
        stdout="",
        stderr="",
        error=None,
        wall_seconds=0.0,
        environment={},
        message=message,
    )
