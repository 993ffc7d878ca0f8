"""Grading a learner's submission: the verdict lies with the submission, and is told as it comes about."""

import asyncio
import logging
from datetime import UTC, datetime

import msgspec

from app.core.events import VerdictReached
from app.core.job import BULK, Job
from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.submission import Submission, UnexplainedOutput
from app.core.verdict import Mode, Verdict
from app.store.engine.database import Connection
from app.store.engine.open import retry_until_available
from app.store.queries import submissions
from app.store.queries.unexplained import add_unexplained
from app.submissions.service import unfinished_verdict
from app.worker.kinds.kind import Kind, KindServices, Report

_OUR_FAULT = (
    "Grading failed on our side, three times in a row. This says nothing about your code: "
    "please submit it again later."
)
# It may run a code in a warm jail, in a fresh one, and once more for the probes that "Run" leaves out.
_RUNS = 3
_SPARE_SECONDS = 120.0
"""Beyond its runs; a grader keeps its own limits, and this only frees the slot of one that broke."""

_log = logging.getLogger("jaxercise.worker")


class Graded(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict, and for instructors what was answered where nothing explains it."""

    verdict: Verdict
    unexplained: tuple[UnexplainedOutput, ...] = ()


class SubmissionKind(Kind[Submission, Graded]):
    """Its subject is the submission's id, which is the id of its first job as well."""

    def __init__(self, services: KindServices, *, spare_seconds: float = _SPARE_SECONDS) -> None:
        super().__init__(services)
        self._spare_seconds = spare_seconds + services.diagnosis_seconds

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
        async with asyncio.timeout(_RUNS * problem.manifest.limits.wall_seconds + self._spare_seconds):
            verdict = await services.grader.grade(
                problem,
                subject.code,
                subject.mode,
                fresh_seed=await self._seed(problem, subject, job) if subject.mode is Mode.SUBMIT else None,
                on_event=lambda event: services.publish(subject.id, event),
                learner=subject.user_id,
                on_unexplained=unexplained.append,
            )
        return Graded(verdict=verdict, unexplained=tuple(unexplained))

    def give_up(self, job: Job, subject: Submission) -> Graded:
        return Graded(verdict=unfinished_verdict(subject, Outcome.INTERNAL_ERROR, _OUR_FAULT))

    async def store(self, connection: Connection, job: Job, subject: Submission, result: Graded) -> None:
        await submissions.write_verdict(connection, subject.id, result.verdict)

    async def stored(self, job: Job, subject: Submission, result: Graded, *, seconds: float) -> None:
        verdict = result.verdict
        self.services.counts.stage("storing", seconds)
        self.services.counts.verdict(verdict)
        _log.info("verdict: %s after %.2f s", verdict.outcome, verdict.wall_seconds)
        self.services.publish(subject.id, VerdictReached(verdict=verdict))
        for found in result.unexplained:
            await self._count_unexplained(subject, found)

    async def _seed(self, problem: Problem, submission: Submission, job: Job) -> int:
        """Return the seed of the fresh cases: that of the verdict before, or for a first run any new one."""
        if job.attempt > 1 or job.priority <= BULK:
            return submission.seed
        prepared = await self.services.grader.take_seed(problem)
        return submission.seed if prepared is None else prepared

    async def _count_unexplained(self, submission: Submission, found: UnexplainedOutput) -> None:
        """Count it for instructors. The learner has the verdict; whatever fails here is not their matter."""
        try:
            problem = await self.services.problems.by_version(submission.version)
            async with self.services.database.transaction() as connection:
                await add_unexplained(connection, submission, found, problem.manifest.tolerance)
        except Exception:
            _log.exception("the unexplained answer of submission %s could not be counted", submission.id)
