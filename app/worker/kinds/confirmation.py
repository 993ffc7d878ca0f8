"""Running in a fresh jail, behind its verdict, what was accepted in a warm one."""

import logging

import msgspec

from app.core.events import VerdictConfirmed
from app.core.job import Job
from app.core.outcome import Outcome
from app.core.submission import Submission, UnexplainedOutput
from app.core.verdict import Confirmation, VerdictReason
from app.queue.admission import ask_for
from app.queue.interface import Ticket
from app.store.engine.database import Connection
from app.store.engine.open import retry_until_available
from app.store.queries import submissions, verdicts
from app.submissions.service import unfinished_verdict
from app.worker.kinds.kind import Kind, KindServices, Report, longest_seconds
from app.worker.kinds.submission import Graded, follow_up_job
from app.worker.kinds.unexplained import count_unexplained
from sandbox.run.loop_time import within

_OUR_FAULT = (
    "Your code was accepted at first, and could not be confirmed then, through a fault on our side, three "
    "times in a row. This says nothing about your code: please submit it again later."
)
# It runs the code in a fresh jail, and where that refuses, twice to follow it on its way.
_RUNS = 3
_SPARE_SECONDS = 3600.0
"""Beyond its runs, for what trusted code has not answered yet; this only frees a slot."""

_log = logging.getLogger("jaxercise.worker")


class ConfirmationKind(Kind[Submission, Graded]):
    """An acceptance counts with the end of this job, or is taken back."""

    def __init__(self, services: KindServices, *, spare_seconds: float = _SPARE_SECONDS) -> None:
        super().__init__(services)
        self._spare_seconds = spare_seconds + 3 * services.diagnosis_seconds

    async def load(self, connection: Connection, job: Job) -> Submission | None:
        found = await submissions.submission_by_id(connection, job.subject)
        verdict = None if found is None else found.verdict
        # Where a regrade came first, its verdict needs no confirmation: it never was in a warm jail.
        is_pending = verdict is not None and verdict.confirmation is Confirmation.PENDING
        return found if is_pending else None

    async def run(self, job: Job, subject: Submission, report: Report) -> Graded:
        services, verdict = self.services, subject.verdict
        assert verdict is not None
        problem = await retry_until_available(lambda: services.problems.by_version(verdict.version))
        unexplained: list[UnexplainedOutput] = []
        async with within(longest_seconds(problem, runs=_RUNS) + self._spare_seconds):
            confirmed = await services.grader.confirm(
                problem, subject.code, subject.mode, verdict, on_unexplained=unexplained.append
            )
        return Graded(
            verdict=confirmed, unexplained=tuple(unexplained), follow_up=follow_up_job(subject, confirmed)
        )

    def give_up(self, job: Job, subject: Submission) -> Graded:
        given_up = unfinished_verdict(subject, Outcome.INTERNAL_ERROR, _OUR_FAULT)
        return Graded(verdict=msgspec.structs.replace(given_up, confirmation=Confirmation.GIVEN_UP))

    async def store(self, connection: Connection, job: Job, subject: Submission, result: Graded) -> None:
        after, why = subject.verdict_number, VerdictReason.CONFIRMED
        is_written = await verdicts.write_next(connection, subject.id, result.verdict, why, after=after)
        if is_written and result.follow_up is not None:
            await ask_for(connection, self.services.queue, result.follow_up)

    async def stored(self, job: Job, subject: Submission, result: Graded, *, seconds: float) -> None:
        _log.info("%s: %s", result.verdict.confirmation, result.verdict.outcome)
        if (confirmation := result.verdict.confirmation) is not None:
            self.services.counts.confirmation(confirmation)
        # A regrade may have come between, and then it is that one's verdict which counts.
        async with self.services.database.reading() as connection:
            current = await verdicts.current_of(connection, [subject.id])
        for verdict in current.values():
            self.services.publish(subject.id, VerdictConfirmed(verdict=verdict))
        if (asked := result.follow_up) is not None:
            self.services.queue.notify(Ticket.of(asked))
        for found in result.unexplained:
            await count_unexplained(self.services, subject, found)
