"""How much a look into a refused solution may cost, and whether that has cut it short."""

import logging
from collections.abc import Coroutine
from typing import TypeVar

import msgspec

from app.errors import GraderError
from app.grading.diagnose.stages import RunOnce
from sandbox.interface import Ending, RunRequest, RunResult, SandboxError
from sandbox.limits import Limits
from sandbox.run.loop_time import within

_Result = TypeVar("_Result")

_log = logging.getLogger("jaxercise.grading")


class Budget:
    """Processor seconds of the children that look: a busy machine makes a look longer, and not shorter.

    What trusted solutions answer is computed for everybody and not counted; it is waited for as many seconds.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._left = seconds
        self.was_cut_short = False
        """Something was not looked at, or not to its end; what was found until then is true all the same."""

    def bounding(self, run: RunOnce) -> RunOnce:
        """Return `run`, ended where the budget is spent; the calls that it made until then are kept."""

        async def bounded(request: RunRequest, *, limits: Limits) -> RunResult:
            computing = min(limits.cpu_seconds, max(self._left, 0.0))
            compiling = min(limits.compile_seconds, max(self._left - computing, 0.0))
            allowed = msgspec.structs.replace(limits, cpu_seconds=computing, compile_seconds=compiling)
            result = await run(request, limits=allowed)
            self._left -= result.cpu_seconds
            # By the problem's own limit it would end so each time, and nothing more could be learnt.
            if result.ending is Ending.TIME_LIMIT and allowed != limits:
                self.was_cut_short = True
            return result

        return bounded

    async def within(
        self, step: Coroutine[None, None, _Result], otherwise: _Result, *, run_seconds: float = 0.0
    ) -> _Result:
        """Return what `step` gives; `otherwise` where it is cut short or our side fails.

        `run_seconds` is what its own run may take on any clock. The verdict stands without a diagnosis, so
        that a fault of ours does not spoil it.
        """
        patience = self._seconds + run_seconds
        try:
            async with within(patience):
                return await step
        except TimeoutError:
            pass
        except (GraderError, SandboxError) as fault:
            _log.error("a diagnosis was given up: %s", fault)
        self.was_cut_short = True
        return otherwise
