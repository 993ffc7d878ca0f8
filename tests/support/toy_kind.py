"""A third kind of jobs, to see what one takes: this file, and a line in the table of kinds."""

import json

from app.core.job import Job
from app.store.engine.database import Connection
from app.worker.kinds.kind import Kind, Report

TOY = "toy"


class ToyKind(Kind[str, list[int]]):
    """Counts the letters of its subject, behind the grader as every kind; "gone" is no subject."""

    async def load(self, connection: Connection, job: Job) -> str | None:
        return None if job.subject == "gone" else job.subject

    async def run(self, job: Job, subject: str, report: Report) -> list[int]:
        problem = await self.services.problems.by_slug("double")
        seen = [row async for row in self.services.grader.prove(problem)]
        await report({"rows": len(seen)})
        return [len(subject)]

    def give_up(self, job: Job, subject: str) -> list[int]:
        return []

    def result_json(self, result: list[int]) -> str | None:
        return json.dumps(result)
