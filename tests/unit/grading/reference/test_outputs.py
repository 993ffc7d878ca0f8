"""What is kept of reference outputs on disk, and what is never taken for it."""

import asyncio
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np

from app.core.verdict import Mode
from app.grading.plan.checks import checks_of
from app.grading.reference.outputs import TRUSTED_LIMITS, ReferenceOutput, ReferenceOutputs
from sandbox.arrays import pack_array
from sandbox.interface import CallResult, Ending, RunRequest, RunResult
from sandbox.jailed import Supervisor
from sandbox.limits import Limits
from tests.support.toy_problem import toy_problem

_TOY = toy_problem()
_CHECK = checks_of(_TOY, Mode.RUN, fresh_seed=None)[0]
_ANSWER = pack_array(np.array([1.0, 2.0], np.float32))


class _Counting:
    """In a supervisor's place: answers everything alike, and counts the runs."""

    def __init__(self) -> None:
        self.runs = 0
        self.limits: list[Limits] = []

    async def run(self, request: RunRequest, *, limits: Limits, **_: Any) -> RunResult:
        self.runs += 1
        self.limits.append(limits)
        return RunResult(
            ending=Ending.FINISHED,
            message="",
            loaded=None,
            calls=tuple(
                CallResult(index=index, wall_seconds=0.1, arrays={"": _ANSWER})
                for index in range(len(request.calls))
            ),
            stdout="",
            stderr="",
            wall_seconds=0.1,
            cpu_seconds=0.1,
            peak_memory_bytes=1,
        )


def _runs(folder: Path) -> int:
    """Ask once, with nothing in memory, and return how many runs that took."""
    sandbox = _Counting()

    async def ask() -> list[tuple[ReferenceOutput, ...]]:
        outputs = ReferenceOutputs(cast(Supervisor, sandbox), folder)
        return await outputs.of_solutions(_TOY, [_TOY.reference], [_CHECK])

    [[given]] = asyncio.run(ask())
    assert given.arrays == {"": _ANSWER}
    return sandbox.runs


def test_each_text_of_a_proof_has_its_own_time_and_others_all_that_trusted_code_has(tmp_path: Path) -> None:
    """So one that never ends is ended by its problem's limits, and not after twenty minutes."""
    sandbox = _Counting()

    async def ask(*codes: str, each: Limits | None) -> None:
        outputs = ReferenceOutputs(cast(Supervisor, sandbox), tmp_path)
        await outputs.of_solutions(_TOY, codes, [_CHECK], each=each)

    asyncio.run(ask("a = 1", "b = 2", each=Limits(cpu_seconds=3, compile_seconds=4, wall_seconds=5)))
    asyncio.run(ask("c = 3", each=None))
    theirs, others = sandbox.limits
    assert (theirs.cpu_seconds, theirs.compile_seconds, theirs.wall_seconds) == (6, 8, 10)
    assert theirs.memory_bytes == TRUSTED_LIMITS.memory_bytes
    assert others == TRUSTED_LIMITS


def test_what_is_on_disk_is_not_computed_again(tmp_path: Path) -> None:
    assert _runs(tmp_path) == 1
    assert _runs(tmp_path) == 0


def test_a_file_of_another_layout_is_never_read_as_an_answer(tmp_path: Path) -> None:
    """Not under the key that the code before had for it, and not if one should lie under today's."""
    old = {"value": _ANSWER, "parts": [], "failure": ""}
    _runs(tmp_path)
    [kept] = tmp_path.iterdir()
    kept.write_bytes(msgspec.msgpack.encode(old))
    assert _runs(tmp_path) == 1
