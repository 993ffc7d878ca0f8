"""Seeds of fresh cases, drawn ahead of the submissions they are for, with the reference's answers."""

import asyncio
import logging
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable

from app.core.problem import Problem
from app.core.submission import SEED_LIMIT
from app.core.verdict import Mode
from app.errors import GraderError
from app.grading.plan.checks import checks_of
from app.grading.reference.outputs import ReferenceOutputs
from sandbox.interface import SandboxError

_PROBLEMS = 32
_IDLE_POLL_SECONDS = 0.05
_SETTLING_SECONDS = 0.1
"""Whose run has just ended is told of it first."""

_log = logging.getLogger("jaxercise.grading")


class SeedPool:
    """A few unused seeds a problem: who takes one need not wait for the reference to answer.

    Each is given out once, and nobody is shown it before its submission has a verdict. They are made one
    at a time, only while `is_busy` says that nothing is graded.
    """

    def __init__(self, answers: ReferenceOutputs, is_busy: Callable[[], bool], *, ahead: int) -> None:
        self._answers = answers
        self._is_busy = is_busy
        self._ahead = ahead
        self._ready: OrderedDict[str, deque[int]] = OrderedDict()
        self._wanted: OrderedDict[str, Problem] = OrderedDict()
        self._making: asyncio.Task[None] | None = None

    def take(self, problem: Problem) -> int | None:
        """Take one that is ready, the caller's alone; None where there is none."""
        ready = self._ready.get(problem.version)
        return ready.popleft() if ready else None

    def plan(self, problem: Problem) -> None:
        """Have some made for `problem` once there is time."""
        if not self._ahead:
            return
        self._wanted[problem.version] = problem
        self._ready.setdefault(problem.version, deque())
        self._ready.move_to_end(problem.version)
        while len(self._ready) > _PROBLEMS:
            version, _ = self._ready.popitem(last=False)
            self._wanted.pop(version, None)
        if self._making is None or self._making.done():
            self._making = asyncio.create_task(self._make())

    async def close(self) -> None:
        """Make no more."""
        if self._making is not None:
            self._making.cancel()
            await asyncio.gather(self._making, return_exceptions=True)

    async def _make(self) -> None:
        while self._wanted:
            await asyncio.sleep(_SETTLING_SECONDS)
            while self._is_busy():  # noqa: ASYNC110 - runs come and go; nobody waits for a seed
                await asyncio.sleep(_IDLE_POLL_SECONDS)
            if not self._wanted:
                return
            version, problem = next(iter(self._wanted.items()))
            ready = self._ready[version]
            if len(ready) >= self._ahead:
                del self._wanted[version]
                continue
            seed = secrets.randbelow(SEED_LIMIT)
            fresh = [check for check in checks_of(problem, Mode.SUBMIT, fresh_seed=seed) if check.is_fresh]
            try:
                await self._answers.prepare_fresh(problem, fresh)
            except (GraderError, SandboxError) as fault:
                # The next submission meets it too, and says so where it is heard.
                _log.warning("no seeds ahead for %s: %s", problem.slug, fault)
                self._wanted.pop(version, None)
                continue
            if fresh:
                ready.append(seed)
            else:
                self._wanted.pop(version, None)
