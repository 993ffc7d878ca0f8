"""References that stay loaded, so that fresh cases get their expected values in milliseconds."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

from app.core.problem import Problem
from app.errors import ReferenceFailed
from app.grading.plan.checks import Check
from app.grading.plan.request import request_for
from sandbox.interface import CallResult
from sandbox.jailed import Supervisor
from sandbox.limits import Limits
from sandbox.run.session import Session, SessionEnded

_CAPACITY = 4
_ATTEMPTS = 3


class ReferenceSessions:
    """One session a problem version, the least recently used one going first.

    The process holds nothing but the reference: no learner's code is ever loaded into it.
    """

    def __init__(self, sandbox: Supervisor, limits: Limits) -> None:
        self._sandbox = sandbox
        self._limits = limits
        self._open: OrderedDict[str, Session] = OrderedDict()
        self._opening = asyncio.Lock()

    async def call(self, problem: Problem, checks: Sequence[Check]) -> list[CallResult]:
        """Return what the reference gives for each check.

        Raises:
            ReferenceFailed: the reference does not load.
            SandboxError: the jail broke, three times over.
        """
        for attempt in range(_ATTEMPTS):
            session = None
            try:
                session = await self._session(problem, checks[0])
                return [await session.call(check.call) for check in checks]
            except SessionEnded:
                if session is not None:
                    await self._discard(problem.version, session)
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    async def close(self) -> None:
        """End every session."""
        while self._open:
            await self._open.popitem()[1].close()

    async def _session(self, problem: Problem, check: Check) -> Session:
        async with self._opening:
            if problem.version not in self._open:
                while len(self._open) >= _CAPACITY:
                    await self._open.popitem(last=False)[1].close()
                self._open[problem.version] = await self._start(problem, check)
            self._open.move_to_end(problem.version)
            return self._open[problem.version]

    async def _start(self, problem: Problem, check: Check) -> Session:
        request = request_for(problem, problem.reference, [check])
        session = await self._sandbox.open_session(
            limits=self._limits, starts_jax=not request.may_start_jax_otherwise
        )
        try:
            loaded = await session.load(request)
        except BaseException:
            await session.close()
            raise
        if loaded.refusal is not None:
            await session.close()
            raise ReferenceFailed(f"the reference of {problem.slug} does not load: {loaded.message}")
        return session

    async def _discard(self, version: str, session: Session) -> None:
        if self._open.get(version) is session:
            del self._open[version]
        await session.close()
