"""What a kind of jobs says of itself; everything else is the law's, see `app/worker/run_job.py`."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

import msgspec

from app.core.job import Job
from app.core.problem import Problem
from app.grading.plan.request import limits_for
from app.metrics.metrics import GradingCounts
from app.queue.interface import Publish, Queue
from app.store.engine.database import Connection, Database
from app.store.problems import Problems
from app.worker.grades import Grades
from sandbox.calibration.measure import MOST_SLOWDOWN

Subject = TypeVar("Subject")
Result = TypeVar("Result")
Report = Callable[[Any], Awaitable[None]]
"""Stores what has happened so far, anything that JSON can say, for those who watch the job."""


class KindServices(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker has for its kinds. Code runs behind `grader`, never in this process."""

    database: Database
    problems: Problems
    queue: Queue
    grader: Grades
    publish: Publish
    counts: GradingCounts
    diagnosis_seconds: float = 0.0


class Kind(ABC, Generic[Subject, Result]):
    """One kind of jobs: its subject, what is run, where the result goes, what its final failure is.

    One instance serves all slots of a worker at once.
    """

    def __init__(self, services: KindServices) -> None:
        self.services = services

    @abstractmethod
    async def load(self, connection: Connection, job: Job) -> Subject | None:
        """Read what the job is about, within the transaction that claims it; None where it is gone."""

    @abstractmethod
    async def run(self, job: Job, subject: Subject, report: Report) -> Result:
        """Do the work, in a time that has a bound.

        Whatever is raised is a fault of ours. A cancellation ends whatever was begun.
        """

    @abstractmethod
    def give_up(self, job: Job, subject: Subject) -> Result:
        """Return what is stored after the last attempt that may fail."""

    def result_json(self, result: Result) -> str | None:
        """Return what is kept in the job's own row; None where `store` puts it elsewhere."""
        return None

    async def store(self, connection: Connection, job: Job, subject: Subject, result: Result) -> None:
        """Write the result beside its subject, in the transaction that ends the job."""

    async def put_back(self, job: Job, subject: Subject) -> None:
        """Say that the machine was too busy for this attempt, and that another one comes."""

    async def stored(self, job: Job, subject: Subject, result: Result, *, seconds: float) -> None:
        """Tell of the result, once it is stored, which took so long."""


def longest_seconds(problem: Problem, *, runs: int) -> float:
    """Return how long so many runs of a problem may take by the clock, waiting for a processor included."""
    limits = limits_for(problem)
    return runs * (MOST_SLOWDOWN * limits.wall_seconds + limits.starved_seconds)
