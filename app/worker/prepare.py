"""Before learners come: expected answers, variants' answers, compiled programs."""

import logging
from typing import Protocol

from app.core.problem import Problem
from app.errors import GraderError
from app.store.problems import Problems
from sandbox.interface import SandboxError

_log = logging.getLogger("jaxercise.worker")


class Prepares(Protocol):
    """The part of `app.grading.grader.Grader` that is used here."""

    async def prepare_reference(self, problem: Problem) -> None: ...

    async def prepare_solutions(self, problem: Problem) -> None: ...


async def prepare_problems(grader: Prepares, problems: Problems) -> None:
    """Prepare every problem on offer, all references first: a learner waits for those.

    A problem that cannot be prepared is logged, and graded as well as it can be.
    """
    on_offer = await problems.versions()
    for step in (grader.prepare_reference, grader.prepare_solutions):
        for version in on_offer:
            # Parsed one by one: of thousands, all would be too much to hold.
            name = version
            try:
                problem = await problems.by_version(version)
                name = problem.slug
                await step(problem)
            except (GraderError, SandboxError) as fault:
                _log.error("%s could not be prepared: %s", name, fault)
    _log.info("%d problems are prepared", len(on_offer))
