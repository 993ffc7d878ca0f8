"""Times the workload once; a machine that does other work meanwhile tells nothing of its speed."""

import os
import time
from pathlib import Path
from typing import Protocol

import msgspec

from sandbox.arrays import unpack_array
from sandbox.calibration.workload import CODE, ROUNDS
from sandbox.interface import Call, Ending, RunRequest, RunResult, SandboxError
from sandbox.limits import Limits, Slowdown
from sandbox.procfs.schedule import processor_seconds

COMPILE_SECONDS = 0.33
COMPUTE_SECONDS = 0.068
"""Of processor time, what each round takes on the machine that limits are written for."""

LEAST_SLOWDOWN, MOST_SLOWDOWN = 0.5, 4.0
"""Beyond these a figure is rather a mistake than a machine."""

_LIMITS = Limits(wall_seconds=120.0, cpu_seconds=60.0)
_STAT = Path("/proc/stat")
_BUSY_FIELDS = (1, 2, 3, 6, 7, 8)
"""Of proc_stat(5): user, nice, system, irq, softirq, steal."""


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """The lowest of all rounds, in seconds of processor time."""

    compile_seconds: float
    compute_seconds: float

    @property
    def slowdown(self) -> Slowdown:
        """How many times as long as on the machine of reference, to two digits."""
        return Slowdown(
            computing=_bounded(self.compute_seconds / COMPUTE_SECONDS),
            compiling=_bounded(self.compile_seconds / COMPILE_SECONDS),
        )


class Runs(Protocol):
    """What is needed of a sandbox: to make one run."""

    async def run(self, request: RunRequest, *, limits: Limits) -> RunResult: ...


async def measure(sandbox: Runs) -> Times | None:
    """Run the workload; None where the machine had much else to do.

    Raises:
        SandboxError: the jail broke, or the workload did not come to its end.
    """
    if _is_loaded():
        return None
    request = RunRequest(code=CODE, parameters=(), calls=(Call(function="measure", arguments=()),))
    busy_before, own_before = busy_seconds(), time.process_time()
    result = await sandbox.run(request, limits=_LIMITS)
    others = busy_seconds() - busy_before - result.cpu_seconds - (time.process_time() - own_before)
    if result.ending is not Ending.FINISHED or not result.calls or not result.calls[0].arrays:
        raise SandboxError(f"the machine's speed could not be measured: {_reason(result)}")
    if others > result.wall_seconds * _harmless_processors():
        return None
    compiling, computing = unpack_array(result.calls[0].arrays[""]).reshape(2, ROUNDS).min(axis=1)
    return Times(compile_seconds=float(compiling), compute_seconds=float(computing))


def busy_seconds(stat: Path = _STAT) -> float:
    """Return for how long all processors together have been busy since boot; 0 where nobody says."""
    return processor_seconds(_BUSY_FIELDS, stat)


def _is_loaded() -> bool:
    """Say whether the last minute was busier than the start of a service alone makes it."""
    return os.getloadavg()[0] > max(1.0, 0.75 * (os.cpu_count() or 1))


def _harmless_processors() -> float:
    """Return how many processors may be busy with other work: caches and cores are shared."""
    return max(0.3, 0.2 * (os.cpu_count() or 1))


def _bounded(ratio: float) -> float:
    return round(min(MOST_SLOWDOWN, max(LEAST_SLOWDOWN, ratio)), 2)


def _reason(result: RunResult) -> str:
    raised = result.calls[0].raised if result.calls else None
    return f"{raised.type}: {raised.message}" if raised is not None else result.message or result.ending
