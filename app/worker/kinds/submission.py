"""Grading a learner's submission: the verdict lies with the submission, and is told as it comes about."""

import logging
from datetime import UTC, datetime

import msgspec

from app.core.events import Busy, VerdictReached
from app.core.job import BULK, Job
from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.submission import Submission, UnexplainedOutput
from app.core.verdict import Confirmation, Explained, Mode, Verdict
from app.queue.admission import ask_for
from app.queue.interface import Ticket
from app.store.engine.database import Connection
from app.store.engine.open import retry_until_available
from app.store.queries import submissions, verdicts
from app.submissions.confirmation import confirmation_job
from app.submissions.explanation import explanation_job
from app.submissions.service import unfinished_verdict
from app.worker.kinds.kind import Kind, KindServices, Report, longest_seconds
from app.worker.kinds.unexplained import count_unexplained
from sandbox.run.loop_time import within

_OUR_FAULT = (
    "Grading failed on our side, three times in a row. This says nothing about your code: "
    "please submit it again later."
)
# It may run a code in a warm jail, in a fresh one, once more for the probes that "Run" leaves out, and twice
# to follow it on its way.
_RUNS = 5
_SPARE_SECONDS = 3600.0
"""Beyond its runs, which a slow machine lets take four times as long, and a busy one wait five minutes each.

A grader keeps its own limits, and this only frees the slot of one that broke.
"""

_log = logging.getLogger("jaxercise.worker")


class Graded(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict, and for instructors what was answered where nothing explains it.

    `follow_up` is the job that a verdict which goes on asks for.
    """

    verdict: Verdict
    follow_up: Job | None = None
    unexplained: tuple[UnexplainedOutput, ...] = ()


def follow_up_job(submission: Submission, verdict: Verdict) -> Job | None:
    """Return the job that finishes or confirms this verdict; None where it is the last word."""
    if verdict.confirmation is Confirmation.PENDING:
        return confirmation_job(submission)
    return explanation_job(submission) if verdict.explained is Explained.CUT_SHORT else None


class SubmissionKind(Kind[Submission, Graded]):
    """Its subject is the submission's id, which is the id of its first job as well."""

    def __init__(self, services: KindServices, *, spare_seconds: float = _SPARE_SECONDS) -> None:
        super().__init__(services)
        # A look waits so long for answers of trusted code, at each of three steps.
        self._spare_seconds = spare_seconds + 3 * services.diagnosis_seconds

    async def load(self, connection: Connection, job: Job) -> Submission | None:
        return await submissions.submission_by_id(connection, job.subject)

    async def run(self, job: Job, subject: Submission, report: Report) -> Graded:
        services = self.services
        _log.info("taken up: attempt %d at %s", job.attempt, subject.problem_slug)
        if job.attempt == 1:
            waited = datetime.now(UTC) - job.created_at
            services.counts.stage("waiting", waited.total_seconds())
        problem = await retry_until_available(lambda: services.problems.by_version(subject.version))
        unexplained: list[UnexplainedOutput] = []
        async with within(longest_seconds(problem, runs=_RUNS) + self._spare_seconds):
            verdict = await services.grader.grade(
                problem,
                subject.code,
                subject.mode,
                fresh_seed=await self._seed(problem, subject, job) if subject.mode is Mode.SUBMIT else None,
                on_event=lambda event: services.publish(subject.id, event),
                learner=subject.user_id,
                on_unexplained=unexplained.append,
            )
        return Graded(
            verdict=verdict, unexplained=tuple(unexplained), follow_up=follow_up_job(subject, verdict)
        )

    def give_up(self, job: Job, subject: Submission) -> Graded:
        return Graded(verdict=unfinished_verdict(subject, Outcome.INTERNAL_ERROR, _OUR_FAULT))

    async def store(self, connection: Connection, job: Job, subject: Submission, result: Graded) -> None:
        await verdicts.write_first(connection, subject.id, result.verdict)
        if result.follow_up is not None:
            await ask_for(connection, self.services.queue, result.follow_up)

    async def put_back(self, job: Job, subject: Submission) -> None:
        self.services.publish(subject.id, Busy())

    async def stored(self, job: Job, subject: Submission, result: Graded, *, seconds: float) -> None:
        verdict = result.verdict
        self.services.counts.stage("storing", seconds)
        self.services.counts.verdict(verdict)
        _log.info("verdict: %s after %.2f s", verdict.outcome, verdict.wall_seconds)
        self.services.publish(subject.id, VerdictReached(verdict=verdict))
        if (asked := result.follow_up) is not None:
            self.services.queue.notify(Ticket.of(asked))
        for found in result.unexplained:
            await count_unexplained(self.services, subject, found)

    async def _seed(self, problem: Problem, submission: Submission, job: Job) -> int:
        """Return the seed of the fresh cases: that of the verdict before, or for a first run any new one."""
        if job.attempt > 1 or job.priority <= BULK:
            return submission.seed
        prepared = await self.services.grader.take_seed(problem)
        return submission.seed if prepared is None else prepared
