"""Running in a fresh jail, behind its verdict, what was accepted in a warm one."""

import logging

import msgspec

from app.core.events import VerdictConfirmed
from app.core.job import Job
from app.core.outcome import Outcome
from app.core.submission import Submission
from app.core.verdict import Confirmation, Verdict, VerdictReason
from app.submissions.service import unfinished_verdict
from app.worker.kinds.further_verdict import FurtherVerdictKind, RunsAgain
from app.worker.kinds.kind import KindServices
from app.worker.kinds.submission import Graded

_OUR_FAULT = (
    "Your code was accepted at first, and could not be confirmed then, through a fault on our side, three "
    "times in a row. This says nothing about your code: please submit it again later."
)
_SPARE_SECONDS = 3600.0
"""Beyond its runs, for what trusted code has not answered yet; this only frees a slot."""

_log = logging.getLogger("jaxercise.worker")


class ConfirmationKind(FurtherVerdictKind):
    """An acceptance counts with the end of this job, or is taken back."""

    # It runs the code in a fresh jail, and where that refuses, twice to follow it on its way.
    runs = 3
    reason = VerdictReason.CONFIRMED
    event = VerdictConfirmed

    def __init__(self, services: KindServices, *, spare_seconds: float = _SPARE_SECONDS) -> None:
        super().__init__(services, spare_seconds=spare_seconds + 3 * services.diagnosis_seconds)

    def waits_for_it(self, verdict: Verdict) -> bool:
        return verdict.confirmation is Confirmation.PENDING

    def run_again(self) -> RunsAgain:
        return self.services.grader.confirm

    def further(self, before: Verdict, found: Verdict) -> Verdict:
        return found

    def give_up(self, job: Job, subject: Submission) -> Graded:
        given_up = unfinished_verdict(subject, Outcome.INTERNAL_ERROR, _OUR_FAULT)
        return Graded(verdict=msgspec.structs.replace(given_up, confirmation=Confirmation.GIVEN_UP))

    async def stored(self, job: Job, subject: Submission, result: Graded, *, seconds: float) -> None:
        _log.info("%s: %s", result.verdict.confirmation, result.verdict.outcome)
        if (confirmation := result.verdict.confirmation) is not None:
            self.services.counts.confirmation(confirmation)
        await super().stored(job, subject, result, seconds=seconds)
