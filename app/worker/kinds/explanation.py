"""Finishing, behind its verdict, the look into a refused submission that was cut short."""

import logging

import msgspec

from app.core.events import VerdictExplained
from app.core.job import Job
from app.core.submission import Submission
from app.core.verdict import Explained, Verdict, VerdictReason, with_explanation
from app.worker.kinds.further_verdict import FurtherVerdictKind, RunsAgain
from app.worker.kinds.kind import KindServices
from app.worker.kinds.submission import Graded

_SPARE_SECONDS = 900.0
"""Beyond its runs, for what variants and reference have not answered yet; this only frees a slot."""

_log = logging.getLogger("jaxercise.worker")


class ExplanationKind(FurtherVerdictKind):
    """A verdict gains an explanation; it loses none, and nothing else of it changes."""

    # The code runs again as it was graded, for the probes that "Run" leaves out, and twice on its way.
    runs = 4
    reason = VerdictReason.EXPLAINED
    event = VerdictExplained

    def __init__(self, services: KindServices, *, spare_seconds: float = _SPARE_SECONDS) -> None:
        super().__init__(services, spare_seconds=spare_seconds)

    def waits_for_it(self, verdict: Verdict) -> bool:
        return verdict.explained is Explained.CUT_SHORT

    def run_again(self) -> RunsAgain:
        return self.services.grader.explain

    def further(self, before: Verdict, found: Verdict) -> Verdict:
        return with_explanation(before, found)

    def give_up(self, job: Job, subject: Submission) -> Graded:
        assert subject.verdict is not None
        return Graded(verdict=msgspec.structs.replace(subject.verdict, explained=Explained.GIVEN_UP))

    async def stored(self, job: Job, subject: Submission, result: Graded, *, seconds: float) -> None:
        diagnosis = result.verdict.diagnosis
        _log.info("explained: %s", diagnosis.id if diagnosis else result.verdict.explained)
        await super().stored(job, subject, result, seconds=seconds)
