"""Before learners come: expected answers, variants' answers, compiled programs."""

import asyncio
import logging
from collections.abc import Callable

from app.errors import DatabaseUnavailable, GraderError
from app.store.problems import Problems
from app.worker.grades import Prepares
from sandbox.interface import SandboxError

_LOOK_SECONDS = 30.0

_log = logging.getLogger("jaxercise.worker")


Proven = Callable[[tuple[str, ...], str], None]
"""Told of the versions that hold so far, and where the work is, in words."""


async def keep_prepared(
    grader: Prepares, problems: Problems, on_proven: Proven, *, look_seconds: float = _LOOK_SECONDS
) -> None:
    """Prepare what is on offer, and what is published later, until cancelled."""
    prepared: list[str] | None = None
    while True:
        try:
            on_offer = await problems.versions()
            if on_offer != prepared:
                await prepare_problems(grader, problems, on_proven)
                prepared = on_offer
                await _prepare_mutants(grader, problems, on_offer)
        except DatabaseUnavailable:
            pass  # Whoever grades says so; the next look is soon.
        await asyncio.sleep(look_seconds)


async def _prepare_mutants(grader: Prepares, problems: Problems, on_offer: list[str]) -> None:
    """Have mutants run, which takes minutes a problem, once; what is published meanwhile comes first."""
    for version in on_offer:
        if await problems.versions() != on_offer:
            return
        try:
            await grader.prepare_mutants(await problems.by_version(version))
        except (GraderError, SandboxError) as fault:
            _log.error("the mutants of %s could not be run: %s", version[:12], fault)


async def prepare_problems(
    grader: Prepares, problems: Problems, on_proven: Proven = lambda versions, message: None
) -> None:
    """Prepare every problem on offer, all references first: a learner waits for those.

    A problem that cannot be prepared is logged, and graded as well as it can be.
    """
    on_offer = await problems.versions()
    unfit: dict[str, str] = {}
    proven: list[str] = []
    for step in (grader.prepare_reference, grader.prepare_solutions):
        for number, version in enumerate(on_offer, start=1):
            # Parsed one by one: of thousands, all would be too much to hold.
            name = version
            try:
                problem = await problems.by_version(version)
                name = problem.slug
                await step(problem)
            except (GraderError, SandboxError) as fault:
                _log.error("%s could not be prepared: %s", name, fault)
                unfit[name] = str(fault)
            if step == grader.prepare_reference:
                message = f"It computes expected answers: {number} of {len(on_offer)} problems."
            else:
                if name not in unfit:
                    proven.append(version)
                message = f"It prepares diagnoses: {number} of {len(on_offer)} problems."
            on_proven(tuple(proven), message)
    _log.info("%d problems are prepared", len(on_offer))
    on_proven(tuple(proven), f"It cannot prepare {', '.join(sorted(unfit))}; see its log." if unfit else "")
