"""Taking submissions in, and what their owners may do with them afterwards."""

import hashlib
import logging
import secrets
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from uuid import uuid4

import msgspec

from app.catalog.file_text import BYTE_ORDER_MARK
from app.core.events import VerdictReached
from app.core.job import INTERACTIVE, Ending, Job, Status
from app.core.log_context import submission_in_log
from app.core.network import network_of
from app.core.outcome import Outcome
from app.core.submission import (
    CODE_LIMIT_BYTES,
    SEED_LIMIT,
    SUBMISSION,
    Progress,
    Submission,
    SubmissionLine,
)
from app.core.user import User
from app.core.verdict import Explained, Mode, Verdict, VerdictLine, VerdictReason
from app.errors import SubmissionNotFound, SubmissionRefused, SubmissionTooLarge, VerdictNotFound
from app.queue.admission import Limits, RefusalReason, ask_for, ignore_refusal
from app.queue.interface import Publish, Queue
from app.store.engine.database import Connection, Database
from app.store.problems import Problems
from app.store.queries import jobs, submissions, verdicts
from app.submissions.explanation import explanation_job

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
        on_refused: Callable[[RefusalReason], None] = ignore_refusal,
    ) -> None:
        self._database = database
        self._problems = problems
        self._queue = queue
        self._publish = publish
        self._limits = Limits(in_all=queue_limit, of_one_account=waiting_per_user)
        self._on_refused = on_refused

    async def submit(
        self,
        user: User,
        slug: str,
        code: str,
        mode: Mode,
        *,
        client: str | None = None,
        key: str | None = None,
    ) -> Submission:
        """Store the code and queue it for grading; when this returns, no crash loses it.

        `key` names one wish of the user's: said again, as by a second click or a client that got no answer,
        it gives the submission that it made the first time. An account that has solved something waits for a
        turn of its own, any other for one of the network of the `client`, the address that it was sent from.

        Raises:
            SubmissionRefused: empty, too large, no text that can be stored, or another wish under a used key.
            ProblemNotFound: there is no such problem.
            QueueFull: too many submissions wait, or too many of this user's.
        """
        code = code.lstrip(BYTE_ORDER_MARK)
        check_code(code)
        problem = await self._problems.by_slug(slug)
        submission = Submission(
            id=uuid4().hex if key is None else _id_by_key(user, key),
            user_id=user.id,
            problem_slug=problem.slug,
            version=problem.version,
            mode=mode,
            code=code,
            status=Status.QUEUED,
            seed=secrets.randbelow(SEED_LIMIT),
            created_at=datetime.now(UTC),
        )
        job = Job(
            id=submission.id,
            kind=SUBMISSION,
            subject=submission.id,
            user_id=user.id,
            priority=INTERACTIVE,
            created_at=submission.created_at,
        )
        async with self._database.transaction() as connection:
            if client is not None and not await _has_own_turns(connection, user):
                job = msgspec.structs.replace(job, network=network_of(client))
            if not await submissions.insert_submission(connection, submission):
                return await _sent_before(connection, submission)
            ticket = await ask_for(
                connection, self._queue, job, limits=self._limits, on_refused=self._on_refused
            )
        self._queue.notify(ticket)
        with submission_in_log(submission.id):
            _log.info("taken in: %s at %s", mode, slug)
        return submission

    async def get(self, user: User, submission_id: str) -> Submission:
        """Return a submission of one's own; instructors and admins see all.

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

    async def verdicts(self, submission: Submission) -> tuple[VerdictLine, ...]:
        """Return all verdicts of a submission that one may see, the first one first."""
        if submission.verdict is None:
            return ()
        async with self._database.reading() as connection:
            return tuple(await verdicts.lines_of(connection, submission.id))

    async def verdict(self, user: User, submission_id: str, number: int) -> Verdict:
        """Return one verdict of a submission as it was.

        Raises:
            SubmissionNotFound: there is none, or it is none of this user's business.
            VerdictNotFound: it has no verdict of that number.
        """
        submission = await self.get(user, submission_id)
        if not 0 < number <= submission.verdict_number:
            raise VerdictNotFound
        async with self._database.reading() as connection:
            found = await verdicts.verdict_of(connection, submission.id, number)
        if found is None:
            raise VerdictNotFound
        return found

    async def list_for(self, user: User, slug: str, *, limit: int = 50) -> list[SubmissionLine]:
        """Return the user's submissions to one problem, newest first."""
        if "\0" in slug:
            return []
        async with self._database.reading() as connection:
            return await submissions.submissions_of(connection, user.id, slug, limit=limit)

    async def latest_code(self, user: User, slug: str) -> str | None:
        """Return what the user sent in to a problem last; None where that is nothing."""
        async with self._database.reading() as connection:
            return await submissions.latest_code(connection, user.id, slug)

    async def progresses(self, user: User, slugs: Collection[str]) -> dict[str, Progress]:
        """Return how far the user is with these problems, by slug; no entry where nothing was sent in."""
        async with self._database.reading() as connection:
            return await submissions.progress_of(connection, user.id, slugs)

    async def count_solved(self, user: User) -> int:
        """Count the problems on offer that the user has solved."""
        async with self._database.reading() as connection:
            return await submissions.count_solved(connection, user.id)

    async def cancel(self, user: User, submission_id: str) -> Submission:
        """End a waiting or running submission with the outcome `cancelled`; a verdict that is there stays.

        Raises:
            SubmissionNotFound
        """
        submission = await self.get(user, submission_id)
        verdict = cancelled_verdict(submission)
        async with self._database.transaction() as connection:
            ended = await jobs.overtake(connection, submission.id, Ending.CANCELLED)
            if ended:
                await verdicts.write_first(connection, submission.id, verdict, by=user.id)
        if ended:
            # The verdict is written already, so whatever the run still ends with is void.
            with submission_in_log(submission.id):
                _log.info("cancelled by its owner")
            await self._queue.cancel(submission.id)
            self._publish(submission.id, VerdictReached(verdict=verdict))
        return await self.get(user, submission_id)

    async def look_again(self, user: User, submission_id: str) -> Submission:
        """Have a submission looked into once more whose look was given up; any other stays as it is.

        Raises:
            SubmissionNotFound
            QueueFull: too many submissions wait, or too many of the learner's.
        """
        submission = await self.get(user, submission_id)
        if submission.verdict is None or submission.verdict.explained is not Explained.GIVEN_UP:
            return submission
        verdict = msgspec.structs.replace(submission.verdict, explained=Explained.CUT_SHORT)
        ticket = None
        async with self._database.transaction() as connection:
            after, why = submission.verdict_number, VerdictReason.EXPLAINED
            if await verdicts.write_next(connection, submission.id, verdict, why, after=after, by=user.id):
                job = explanation_job(submission)
                ticket = await ask_for(
                    connection, self._queue, job, limits=self._limits, on_refused=self._on_refused
                )
        if ticket is not None:
            self._publish(submission.id, VerdictReached(verdict=verdict))
            self._queue.notify(ticket)
        return await self.get(user, submission_id)

    async def position(self, submission: Submission) -> int | None:
        """Return how many are graded before this one; None if it is not waiting."""
        if submission.status is not Status.QUEUED:
            return None
        return (await self._queue.positions([submission.id])).get(submission.id)


async def _has_own_turns(connection: Connection, user: User) -> bool:
    # Whoever was given a role is known to an admin, and has perhaps nothing to solve.
    return user.sees_everything or await submissions.has_solved_something(connection, user.id)


def _id_by_key(user: User, key: str) -> str:
    # The id itself, so that the primary key decides between two that come at once.
    return hashlib.sha256(f"{user.id}\n{key}".encode()).hexdigest()[:32]


async def _sent_before(connection: Connection, again: Submission) -> Submission:
    first = await submissions.submission_by_id(connection, again.id)
    if first is None or (first.problem_slug, first.mode, first.code) != (
        again.problem_slug,
        again.mode,
        again.code,
    ):
        raise SubmissionRefused("This Idempotency-Key was used for another submission already.")
    return first


def check_code(code: str) -> None:
    """Check that this can be taken as a submission at all.

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
        line = code.partition("\0")[0].count("\n") + 1
        raise SubmissionRefused(
            f"The code holds NUL characters (line {line}), as one in UTF-16 does that was read as another: "
            "save it as UTF-8."
        )


def cancelled_verdict(submission: Submission) -> Verdict:
    return unfinished_verdict(submission, Outcome.CANCELLED, "The submission was cancelled.")


def unfinished_verdict(submission: Submission, outcome: Outcome, message: str) -> Verdict:
    """Return a verdict on a submission that was not graded to the end."""
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
