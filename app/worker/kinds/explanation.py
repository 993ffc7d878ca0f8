"""Finishing, behind its verdict, the look into a refused submission that was cut short."""

import logging

import msgspec

from app.core.events import VerdictExplained
from app.core.job import Job
from app.core.submission import Submission, UnexplainedOutput
from app.core.verdict import Explained, Verdict, VerdictReason, with_explanation
from app.store.engine.database import Connection
from app.store.engine.open import retry_until_available
from app.store.queries import submissions, verdicts
from app.worker.kinds.kind import Kind, KindServices, Report, longest_seconds
from app.worker.kinds.unexplained import count_unexplained
from sandbox.run.loop_time import within

# The code runs again as it was graded, for the probes that "Run" leaves out, and twice on its way.
_RUNS = 4
_SPARE_SECONDS = 900.0
"""Beyond its runs, for what variants and reference have not answered yet; this only frees a slot."""


_log = logging.getLogger("jaxercise.worker")


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict that differs from the one before by its explanation alone."""

    verdict: Verdict
    unexplained: tuple[UnexplainedOutput, ...] = ()


class ExplanationKind(Kind[Submission, Explanation]):
    """A verdict gains an explanation; it loses none, and nothing else of it changes."""

    def __init__(self, services: KindServices, *, spare_seconds: float = _SPARE_SECONDS) -> None:
        super().__init__(services)
        self._spare_seconds = spare_seconds

    async def load(self, connection: Connection, job: Job) -> Submission | None:
        found = await submissions.submission_by_id(connection, job.subject)
        verdict = None if found is None else found.verdict
        is_open = verdict is not None and verdict.explained is Explained.CUT_SHORT
        return found if is_open else None

    async def run(self, job: Job, subject: Submission, report: Report) -> Explanation:
        services, verdict = self.services, subject.verdict
        assert verdict is not None
        problem = await retry_until_available(lambda: services.problems.by_version(verdict.version))
        unexplained: list[UnexplainedOutput] = []
        async with within(longest_seconds(problem, runs=_RUNS) + self._spare_seconds):
            explained = await services.grader.explain(
                problem, subject.code, subject.mode, verdict, on_unexplained=unexplained.append
            )
        return Explanation(verdict=with_explanation(verdict, explained), unexplained=tuple(unexplained))

    def give_up(self, job: Job, subject: Submission) -> Explanation:
        assert subject.verdict is not None
        return Explanation(verdict=msgspec.structs.replace(subject.verdict, explained=Explained.GIVEN_UP))

    async def store(self, connection: Connection, job: Job, subject: Submission, result: Explanation) -> None:
        await verdicts.write_next(
            connection, subject.id, result.verdict, VerdictReason.EXPLAINED, after=subject.verdict_number
        )

    async def stored(self, job: Job, subject: Submission, result: Explanation, *, seconds: float) -> None:
        diagnosis = result.verdict.diagnosis
        _log.info("explained: %s", diagnosis.id if diagnosis else result.verdict.explained)
        # A regrade may have come between, and then it is that one's verdict which counts.
        async with self.services.database.reading() as connection:
            current = await verdicts.current_of(connection, [subject.id])
        for verdict in current.values():
            self.services.publish(subject.id, VerdictExplained(verdict=verdict))
        for found in result.unexplained:
            await count_unexplained(self.services, subject, found)
