"""From a queue's ticket to a stored verdict: exactly one, however often it takes."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from app.core.events import Event, VerdictReached
from app.core.log_context import submission_in_log
from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.submission import Submission, UnexplainedOutput
from app.core.verdict import Mode, Verdict
from app.errors import DatabaseUnavailable, GraderError
from app.metrics.metrics import GradingCounts
from app.queue.interface import BULK, Publish, Queue, Ticket
from app.store.engine.database import Database
from app.store.problems import Problems
from app.store.queries import submissions
from app.store.queries.unexplained import add_unexplained
from app.submissions.service import unfinished_verdict
from app.worker.prewarm import Prepares

ATTEMPTS = 3
_OUR_FAULT = (
    "Grading failed on our side, three times in a row. This says nothing about your code: "
    "please submit it again later."
)
# A grader keeps its own limits; this one only frees the slot of a grader that broke. It may run a code in a
# practised jail, in a fresh one, and once more for the probes that "Run" leaves out.
_RUNS = 3
_SPARE_SECONDS = 120.0
_LOOK_AGAIN_SECONDS = 0.5

_Found = TypeVar("_Found")

_log = logging.getLogger("jaxercise.worker")


class Grades(Prepares, Protocol):
    """The part of `app.grading.grader.Grader` that is used here."""

    def environment(self) -> dict[str, str]: ...

    @property
    def waiting_pids(self) -> list[int]: ...

    async def take_seed(self, problem: Problem) -> int | None: ...

    async def grade(
        self,
        problem: Problem,
        code: str,
        mode: Mode,
        *,
        fresh_seed: int | None,
        on_event: Callable[[Event], None],
        learner: str | None,
        on_unexplained: Callable[[UnexplainedOutput], None],
    ) -> Verdict: ...


class GradeSubmission:
    """Grades one ticket after the other; safe to call from several slots at once."""

    def __init__(
        self,
        database: Database,
        problems: Problems,
        queue: Queue,
        publish: Publish,
        grader: Grades,
        *,
        counts: GradingCounts | None = None,
        diagnosis_seconds: float = 0.0,
    ) -> None:
        self._database = database
        self._problems = problems
        self._queue = queue
        self._publish = publish
        self._grader = grader
        self._counts = counts or GradingCounts()
        self._spare_seconds = _SPARE_SECONDS + diagnosis_seconds

    async def __call__(self, ticket: Ticket) -> None:
        """Claims the submission, grades it, and stores the verdict if no other has been stored meanwhile.

        Our own faults are stored too, once they have happened three times. A claim on a database that
        can't be reached raises, and the ticket must come again; a verdict waits until it is back.
        """
        with submission_in_log(ticket.job_id):
            await self._grade_once(ticket)

    async def _grade_once(self, ticket: Ticket) -> None:
        async with self._database.transaction() as connection:
            submission = await submissions.claim(connection, ticket.job_id)
        if submission is None:
            return
        _log.info("taken up: attempt %d at %s", submission.attempt, submission.problem_slug)
        if submission.attempt == 1:
            waited = datetime.now(UTC) - submission.created_at
            self._counts.stage("waiting", waited.total_seconds())
        if submission.failures >= ATTEMPTS:
            # The process died with it each time, or it would have been given up below.
            await self._finish(submission, _gave_up(submission))
            return
        unexplained: list[UnexplainedOutput] = []
        try:
            verdict = await self._grade(submission, ticket, unexplained.append)
        except asyncio.CancelledError:
            # The worker stops. It has not failed, and whoever works next takes it up.
            with contextlib.suppress(Exception):
                await asyncio.shield(self._give_back(submission, failed=False))
            raise
        except Exception as fault:
            _report(submission, fault)
            self._counts.failure()
            await self._give_back_or_give_up(submission, ticket)
            return
        if verdict is not None:
            await self._finish(submission, verdict)
            for found in unexplained:
                await self._count_unexplained(submission, found)

    async def _grade(
        self, submission: Submission, ticket: Ticket, on_unexplained: Callable[[UnexplainedOutput], None]
    ) -> Verdict | None:
        """The verdict; None where nobody wants it any more, in which case the run has been stopped."""
        problem = await self._retry_until_available(lambda: self._problems.by_version(submission.version))
        run = asyncio.ensure_future(
            self._grader.grade(
                problem,
                submission.code,
                submission.mode,
                fresh_seed=await self._seed(problem, submission, ticket)
                if submission.mode is Mode.SUBMIT
                else None,
                on_event=lambda event: self._publish(submission.id, event),
                learner=submission.user_id,
                on_unexplained=on_unexplained,
            )
        )
        cancelled = asyncio.ensure_future(ticket.cancelled.wait())
        try:
            async with asyncio.timeout(_RUNS * problem.manifest.limits.wall_seconds + self._spare_seconds):
                await asyncio.wait({run, cancelled}, return_when=asyncio.FIRST_COMPLETED)
            return None if ticket.cancelled.is_set() else run.result()
        finally:
            for task in (run, cancelled):
                task.cancel()
            await asyncio.gather(run, cancelled, return_exceptions=True)

    async def _seed(self, problem: Problem, submission: Submission, ticket: Ticket) -> int:
        """A regrade repeats the seed of the verdict before; the first run may have any that is new."""
        if submission.attempt > 1 or ticket.priority <= BULK:
            return submission.seed
        prepared = await self._grader.take_seed(problem)
        return submission.seed if prepared is None else prepared

    async def _finish(self, submission: Submission, verdict: Verdict) -> None:
        start, tries = time.perf_counter(), 0

        async def finish() -> bool:
            nonlocal tries
            tries += 1
            async with self._database.transaction() as connection:
                if await submissions.finish(connection, submission, verdict):
                    return True
                # The first try may have written it, where only the answer to its commit was lost.
                stored = await submissions.verdicts_of(connection, [submission.id]) if tries > 1 else {}
                return stored.get(submission.id) == verdict

        if await self._retry_until_available(finish):
            self._counts.stage("storing", time.perf_counter() - start)
            self._counts.verdict(verdict)
            _log.info("verdict: %s after %.2f s", verdict.outcome, verdict.wall_seconds)
            self._publish(submission.id, VerdictReached(verdict=verdict))

    async def _count_unexplained(self, submission: Submission, found: UnexplainedOutput) -> None:
        """For instructors. The learner has the verdict, so that whatever fails here is not their matter."""
        try:
            problem = await self._problems.by_version(submission.version)
            async with self._database.transaction() as connection:
                await add_unexplained(connection, submission, found, problem.manifest.tolerance)
        except Exception:
            _log.exception("the unexplained answer of submission %s could not be counted", submission.id)

    async def _give_back_or_give_up(self, submission: Submission, ticket: Ticket) -> None:
        if submission.failures + 1 >= ATTEMPTS:
            await self._finish(submission, _gave_up(submission))
            return
        again = Ticket(submission.id, ticket.priority)
        if await self._retry_until_available(lambda: self._give_back(submission, failed=True, again=again)):
            self._queue.notify(again)

    async def _retry_until_available(self, step: Callable[[], Awaitable[_Found]]) -> _Found:
        """Again and again while the database is away. Safe for whatever the attempt's number guards."""
        reported = False
        while True:
            try:
                return await step()
            except DatabaseUnavailable as fault:
                if not reported:
                    _log.warning("a run waits for the database: %s", fault)
                reported = True
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)

    async def _give_back(self, submission: Submission, *, failed: bool, again: Ticket | None = None) -> bool:
        async with self._database.transaction() as connection:
            held = await submissions.give_back(connection, submission, failed=failed)
            if held and again is not None:
                await self._queue.enqueue(connection, again)
        return held


def _gave_up(submission: Submission) -> Verdict:
    return unfinished_verdict(submission, Outcome.INTERNAL_ERROR, _OUR_FAULT)


def _report(submission: Submission, fault: Exception) -> None:
    # Our own errors explain themselves; anything else is a bug and needs its traceback.
    trace = None if isinstance(fault, GraderError) else fault
    _log.error(
        "attempt %d at submission %s failed: %s: %s",
        submission.attempt,
        submission.id,
        type(fault).__name__,
        fault,
        exc_info=trace,
    )
