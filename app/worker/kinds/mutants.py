"""Running the mutants of a published version's reference: told one by one, and kept in the job."""

import contextlib

import msgspec

from app.core.job import Job
from app.grading.mutate.equivalence import fallen_declarations
from app.grading.mutate.mutants import mutants_of
from app.grading.prove.mutants.results import MutantResult, MutationReport
from app.store.engine.database import Connection
from app.store.engine.open import retry_until_available
from app.store.queries.problem_versions import is_published
from app.worker.kinds.kind import Kind, KindServices, Report
from app.worker.kinds.with_words import to_json_values
from sandbox.run.loop_time import within

MUTANTS = "mutants"
"""The name of this kind; its subject is a problem version."""
_LIMIT_SECONDS = 3 * 3600.0
OUR_FAULT = "Our side failed three times in a row to run the mutants; the worker's log says why."


class MutantsReport(msgspec.Struct, frozen=True, kw_only=True):
    """What is known so far, or all of it; `error` says why there is nothing. Mutants have no text."""

    results: tuple[MutantResult, ...] = ()
    count: int = 0
    """How many there are in all."""
    report: MutationReport | None = None
    error: str = ""


class MutantsKind(Kind[str, MutantsReport]):
    """Nothing is stored beside the job: it can be had again."""

    def __init__(self, services: KindServices, *, limit_seconds: float = _LIMIT_SECONDS) -> None:
        super().__init__(services)
        self._limit_seconds = limit_seconds

    async def load(self, connection: Connection, job: Job) -> str | None:
        return job.subject if await is_published(connection, job.subject) else None

    async def run(self, job: Job, subject: str, report: Report) -> MutantsReport:
        problem = await retry_until_available(lambda: self.services.problems.by_version(subject))
        made = mutants_of(problem)
        results: list[MutantResult] = []
        async with (
            within(self._limit_seconds),
            contextlib.aclosing(self.services.grader.mutate(problem)) as judging,
        ):
            async for result in judging:
                results.append(_without_text(result))
                await report(to_json_values(MutantsReport(results=tuple(results), count=len(made))))
        found = MutationReport(
            problem=problem.slug,
            position=problem.manifest.position,
            version=problem.version,
            results=tuple(results),
            fallen=fallen_declarations(problem, {mutant.id: mutant for mutant in made}),
        )
        return MutantsReport(report=found, count=len(made))

    def give_up(self, job: Job, subject: str) -> MutantsReport:
        return MutantsReport(error=OUR_FAULT)

    def result_json(self, result: MutantsReport) -> str | None:
        return msgspec.json.encode(to_json_values(result)).decode()


def _without_text(result: MutantResult) -> MutantResult:
    """Leave out what the reference has anyway: a hundred whole texts, written down anew with each result."""
    mutant = msgspec.structs.replace(result.mutant, code="")
    return msgspec.structs.replace(result, mutant=mutant)


def read_mutants_report(text: str | None) -> MutantsReport:
    """Return what was stored of a job, on its way or at its end."""
    if text is None:
        return MutantsReport()
    return msgspec.convert(msgspec.json.decode(text), MutantsReport, strict=False)
