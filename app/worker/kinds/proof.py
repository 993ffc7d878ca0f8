"""Proving a published version of a problem: its results are told one by one, and stay in the job."""

import contextlib

import msgspec

from app.core.job import Job
from app.grading.prove.results import Proof, ProofResult, columns_of
from app.store.engine.database import Connection
from app.store.engine.open import retry_until_available
from app.store.queries.problem_versions import is_published
from app.worker.kinds.kind import Kind, KindServices, Report
from app.worker.kinds.with_words import to_json_values
from sandbox.run.loop_time import within

PROOF = "proof"
"""The name of this kind; its subject is a problem version."""
_LIMIT_SECONDS = 3600.0
OUR_FAULT = "The proof failed on our side, three times in a row; the worker's log says why."


class ProofReport(msgspec.Struct, frozen=True, kw_only=True):
    """A proof so far, or the whole of it; `error` says why there is none."""

    results: tuple[ProofResult, ...] = ()
    proof: Proof | None = None
    error: str = ""


class ProofKind(Kind[str, ProofReport]):
    """Nothing is stored beside the job: a proof can be had again."""

    def __init__(self, services: KindServices, *, limit_seconds: float = _LIMIT_SECONDS) -> None:
        super().__init__(services)
        self._limit_seconds = limit_seconds

    async def load(self, connection: Connection, job: Job) -> str | None:
        return job.subject if await is_published(connection, job.subject) else None

    async def run(self, job: Job, subject: str, report: Report) -> ProofReport:
        problem = await retry_until_available(lambda: self.services.problems.by_version(subject))
        results: list[ProofResult] = []
        async with (
            within(self._limit_seconds),
            contextlib.aclosing(self.services.grader.prove(problem)) as proving,
        ):
            async for result in proving:
                results.append(result)
                await report(to_json_values(ProofReport(results=tuple(results))))
        proof = Proof(
            problem=problem.slug,
            position=problem.manifest.position,
            version=problem.version,
            columns=columns_of(problem),
            results=tuple(results),
        )
        return ProofReport(proof=proof)

    def give_up(self, job: Job, subject: str) -> ProofReport:
        return ProofReport(error=OUR_FAULT)

    def result_json(self, result: ProofReport) -> str | None:
        return msgspec.json.encode(to_json_values(result)).decode()


def read_report(text: str | None) -> ProofReport:
    """Return what was stored of a proof, on its way or at its end."""
    return (
        ProofReport()
        if text is None
        else msgspec.convert(msgspec.json.decode(text), ProofReport, strict=False)
    )
