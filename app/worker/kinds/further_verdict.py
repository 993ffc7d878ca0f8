"""Reaching a further verdict on a submission, behind its first: what explaining and confirming share."""

from abc import abstractmethod
from collections.abc import Awaitable
from typing import Protocol

from app.core.events import VerdictConfirmed, VerdictExplained
from app.core.job import Job
from app.core.problem import Problem
from app.core.submission import Submission, UnexplainedOutput
from app.core.verdict import Mode, Verdict, VerdictReason
from app.queue.admission import ask_for
from app.queue.interface import Ticket
from app.store.engine.database import Connection
from app.store.engine.open import retry_until_available
from app.store.queries import submissions, verdicts
from app.worker.grades import OnUnexplained
from app.worker.kinds.kind import Kind, KindServices, Report, longest_seconds
from app.worker.kinds.submission import Graded, follow_up_job
from app.worker.kinds.unexplained import count_unexplained
from sandbox.run.loop_time import within


class RunsAgain(Protocol):
    """`Grades.explain` or `Grades.confirm`."""

    def __call__(
        self, problem: Problem, code: str, mode: Mode, verdict: Verdict, /, *, on_unexplained: OnUnexplained
    ) -> Awaitable[Verdict]: ...


class FurtherVerdictKind(Kind[Submission, Graded]):
    """Its subject is a submission whose current verdict waits for this job; of any other there is none."""

    runs: int
    """How often the code runs at the most."""
    reason: VerdictReason
    event: type[VerdictConfirmed | VerdictExplained]

    def __init__(self, services: KindServices, *, spare_seconds: float) -> None:
        super().__init__(services)
        self._spare_seconds = spare_seconds

    @abstractmethod
    def waits_for_it(self, verdict: Verdict) -> bool:
        """Say whether this job is to follow the verdict."""

    @abstractmethod
    def run_again(self) -> RunsAgain:
        """Return what the grader is asked."""

    @abstractmethod
    def further(self, before: Verdict, found: Verdict) -> Verdict:
        """Return the verdict to store, of what the grader has found."""

    async def load(self, connection: Connection, job: Job) -> Submission | None:
        found = await submissions.submission_by_id(connection, job.subject)
        # Where a regrade came first, its verdict needs nothing of this.
        waits = found is not None and found.verdict is not None and self.waits_for_it(found.verdict)
        return found if waits else None

    async def run(self, job: Job, subject: Submission, report: Report) -> Graded:
        before = subject.verdict
        assert before is not None
        problem = await retry_until_available(lambda: self.services.problems.by_version(before.version))
        unexplained: list[UnexplainedOutput] = []
        async with within(longest_seconds(problem, runs=self.runs) + self._spare_seconds):
            found = await self.run_again()(
                problem, subject.code, subject.mode, before, on_unexplained=unexplained.append
            )
        verdict = self.further(before, found)
        return Graded(
            verdict=verdict, unexplained=tuple(unexplained), follow_up=follow_up_job(subject, verdict)
        )

    async def store(self, connection: Connection, job: Job, subject: Submission, result: Graded) -> None:
        after = subject.verdict_number
        is_written = await verdicts.write_next(
            connection, subject.id, result.verdict, self.reason, after=after
        )
        if is_written and result.follow_up is not None:
            await ask_for(connection, self.services.queue, result.follow_up)

    async def stored(self, job: Job, subject: Submission, result: Graded, *, seconds: float) -> None:
        # A regrade may have come between, and then it is that one's verdict which counts.
        async with self.services.database.reading() as connection:
            current = await verdicts.current_of(connection, [subject.id])
        for verdict in current.values():
            self.services.publish(subject.id, self.event(verdict=verdict))
        if (asked := result.follow_up) is not None:
            self.services.queue.notify(Ticket.of(asked))
        for found in result.unexplained:
            await count_unexplained(self.services, subject, found)
