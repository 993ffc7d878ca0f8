"""A run's own time, its compiling and its printing: none of them refuses who did nothing wrong."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sandbox.calibration.calibration import Calibration
from sandbox.interface import Call, CallResult, Ending, RunRequest, RunResult, Starved
from sandbox.jailed import Supervisor, open_supervisor
from sandbox.limits import Limits, Slowdown
from sandbox.procfs.schedule import counts_waiting_times
from sandbox.run import child, single_run

pytestmark = pytest.mark.jail
counts_waits = pytest.mark.skipif(not counts_waiting_times(), reason="needs /proc/PID/schedstat")

_LIMITS = Limits(wall_seconds=60, idle_seconds=5, cpu_seconds=20, memory_bytes=1 << 30)


class Runs:
    """One sandbox for this module's runs."""

    def __init__(self, supervisor: Supervisor, runner: asyncio.Runner) -> None:
        self.supervisor = supervisor
        self._runner = runner

    def run(self, code: str, *, hidden: bool = False, **limits: Any) -> RunResult:
        return self._runner.run(self._run(code, hidden=hidden, **limits))

    async def _run(self, code: str, *, hidden: bool, **limits: Any) -> RunResult:
        calls = [
            Call(function="f", arguments=()),
            *[Call(function="f", arguments=(), is_hidden=True)] * hidden,
        ]
        request = RunRequest(code=code, parameters=(), calls=tuple(calls))
        return await self.supervisor.run(request, limits=msgspec.structs.replace(_LIMITS, **limits))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with asyncio.Runner() as runner:
        context = open_supervisor(cache=tmp_path_factory.mktemp("cache"))
        supervisor = runner.run(context.__aenter__())
        try:
            yield Runs(supervisor, runner)
        finally:
            runner.run(context.__aexit__(None, None, None))


@contextmanager
def _greedy(processor: int, count: int) -> Iterator[None]:
    """`count` processes that want all of one processor, and go before whoever is nice."""
    spin = f"import os; os.sched_setaffinity(0, [{processor}])\nwhile True: pass"
    # Each in a session of its own, as a jail is: the kernel may share a processor out among sessions.
    processes = [subprocess.Popen([sys.executable, "-c", spin], start_new_session=True) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _on(processor: int, code: str) -> str:
    return f"import os\nos.sched_setaffinity(0, [{processor}])\n{code}"


_COMPUTES = """
import time
def f():
    end = time.process_time() + {seconds}
    while time.process_time() < end: pass
    return 1.0
"""


@pytest.fixture
def processor() -> int:
    return min(os.sched_getaffinity(0))


@counts_waits
def test_who_waits_for_a_processor_is_not_ended_by_the_clock(runs: Runs, processor: int) -> None:
    """A second of work takes longer than the limit on a wall clock, and longer than anything may idle."""
    with _greedy(processor, 8):
        code = _on(processor, _COMPUTES.format(seconds=1.0))
        result = runs.run(code, wall_seconds=3.0, idle_seconds=2.0, niceness=5)
    assert (result.ending, result.message) == (Ending.FINISHED, "")
    assert result.wall_seconds > 3.0
    assert result.starved_seconds > result.wall_seconds / 2


@counts_waits
def test_who_sleeps_on_a_busy_machine_is_ended_all_the_same(runs: Runs, processor: int) -> None:
    with _greedy(processor, 8):
        code = _on(processor, "import time\ndef f():\n    while True: time.sleep(0.05)\n")
        sleeping = runs.run(code, wall_seconds=3.0, idle_seconds=60.0)
        code = _on(processor, "import threading\ndef f():\n    threading.Event().wait()\n")
        blocked = runs.run(code, idle_seconds=1.0)
    assert (sleeping.ending, blocked.ending) == (Ending.TIME_LIMIT, Ending.TIME_LIMIT)
    assert sleeping.message.startswith("wall time: 3 s")
    assert blocked.message.startswith("wall time: nothing was computed for 1 s")


@counts_waits
def test_who_spins_on_a_busy_machine_is_ended_by_processor_time(runs: Runs, processor: int) -> None:
    with _greedy(processor, 4):
        result = runs.run(
            _on(processor, "def f():\n    while True: pass\n"), cpu_seconds=1.0, wall_seconds=2.0
        )
    assert result.message.startswith("processor time: 1 s")


@counts_waits
def test_who_waits_too_long_is_given_up_without_a_verdict(runs: Runs, processor: int) -> None:
    with _greedy(processor, 8), pytest.raises(Starved, match="waited for a processor for 2 s"):
        runs.run(_on(processor, _COMPUTES.format(seconds=15.0)), starved_seconds=2.0, niceness=5)


def test_a_supervisor_that_was_held_up_blames_nobody(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """As by a request that takes the event loop for longer than any limit on wall time."""
    take = single_run.SingleRun._take

    def held_up(run: Any, report: Any) -> None:
        take(run, report)
        time.sleep(1.5)

    monkeypatch.setattr(single_run.SingleRun, "_take", held_up)
    code = "import time\ndef f():\n    time.sleep(0.2)\n    return 1.0\n"
    result = runs.run(code, hidden=True, wall_seconds=4.0, idle_seconds=3.0)
    assert (result.ending, result.message) == (Ending.FINISHED, "")
    assert result.wall_seconds > 4.0


_COMPILES = """
import time
import jax
def f():
    x = jax.numpy.ones((3, 3))
    for number in range(12):
        program = jax.jit(lambda x: jax.numpy.sin(x @ x.T + number) @ jax.numpy.cos(x))
        program.lower(x).compile()
    {then}
    return 1.0
"""


def test_compiling_has_a_limit_of_its_own(runs: Runs) -> None:
    """It takes longer than all that may be computed."""
    plain = runs.run(_COMPILES.format(then="pass"))
    assert (plain.ending, plain.calls[0].raised) == (Ending.FINISHED, None)
    assert 0.3 * plain.cpu_seconds < plain.compile_seconds < plain.cpu_seconds
    computed = plain.cpu_seconds - plain.compile_seconds
    limit = computed + plain.compile_seconds / 2
    alone = runs.run(_COMPILES.format(then="pass"), cpu_seconds=limit / 2)
    assert alone.ending is Ending.TIME_LIMIT
    apart = runs.run(_COMPILES.format(then="pass"), cpu_seconds=2 * limit, compile_seconds=60.0)
    assert apart.ending is Ending.FINISHED


def test_a_loop_after_compiling_is_ended_where_it_would_be_without(runs: Runs) -> None:
    result = runs.run(_COMPILES.format(then="while True: pass"), cpu_seconds=3.0, compile_seconds=60.0)
    assert result.message.startswith("processor time: 3 s, at line 9")
    assert result.cpu_seconds > 3.0 + 0.9 * result.compile_seconds


@pytest.mark.parametrize(
    "lie",
    [
        "say.record_scalar(name, 0.0)",
        "say.record_scalar(name, 0.0); say.record_event_duration_secs(name, 1e9)",
    ],
    ids=["that it compiles", "that it has compiled"],
)
def test_a_lie_about_compiling_buys_no_more_than_its_limit(runs: Runs, lie: str) -> None:
    start = "from jax import monitoring as say\nname = '/jax/core/compile/backend_compile_duration'\n"
    code = f"{start}def f():\n    while True: {lie}\n"
    result = runs.run(code, cpu_seconds=1.0, compile_seconds=1.0)
    assert result.ending is Ending.TIME_LIMIT
    assert result.message.startswith("processor time: 1 s")
    assert result.cpu_seconds < 4.0


def test_limits_are_scaled_to_the_machine_and_told_as_they_are_written(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine that takes twice as long."""
    twice = Calibration(slowdown=Slowdown(computing=2.0, compiling=3.0))
    monkeypatch.setattr(runs.supervisor, "calibration", twice)
    result = runs.run("def f():\n    while True: pass\n", cpu_seconds=0.5)
    assert result.message.startswith("processor time: 0.5 s, at line 2")
    assert result.cpu_seconds > 0.9


_PRINTS: dict[str, tuple[str, Callable[[str], bool]]] = {
    "200 debug lines": ("for i in range(200): print('debug', i, 'x' * 40)", lambda text: "debug 199" in text),
    "10,000 lines": (
        "for i in range(10_000): print('step', i, 'loss', 0.5)",
        lambda text: text.endswith(" KB more were left out\n") and "step 99 " in text,
    ),
    "standard error": (
        "import sys\n    for i in range(3000): print('y' * 99, file=sys.stderr)",
        lambda text: text.endswith("… 229 KB more were left out\n"),
    ),
    "descriptors": (
        "import os\n    for i in range(64): os.write(1, b'z' * 65536)",
        lambda text: text.endswith("… 3.9 MB more were left out\n"),
    ),
}


@pytest.mark.parametrize("name", _PRINTS)
def test_printing_is_no_reason_to_refuse(runs: Runs, name: str) -> None:
    """In a sample call what was printed is shown, to a limit."""
    printing, is_shown = _PRINTS[name]
    result = runs.run(f"def f():\n    {printing}\n    return 1.0\n")
    assert result.ending is Ending.FINISHED
    assert is_shown(result.stdout + result.stderr)
    assert len(result.stdout) < (64 << 10) + 100


def test_what_a_hidden_call_prints_is_neither_shown_nor_counted_out(runs: Runs) -> None:
    code = "calls = []\ndef f():\n    calls.append(1)\n    print('x' * (1 << 20) * (len(calls) - 1))\n"
    result = runs.run(code, hidden=True)
    assert (result.ending, result.stdout) == (Ending.FINISHED, "\n")


@pytest.mark.parametrize(
    "flood",
    [
        "import os\n    while True: os.write(1, b'x' * 65536)",
        "import sys\n    while True: print('y' * 9999, file=sys.stderr)",
        "while True: print('still here')",
    ],
    ids=["descriptors", "standard error", "short lines"],
)
@pytest.mark.parametrize("hidden", [False, True])
def test_a_flood_ends_the_run(runs: Runs, flood: str, hidden: bool) -> None:
    started = "calls = []\ndef f():\n    calls.append(1)\n"
    first = f"    if len(calls) <= {int(hidden)}: return 1.0\n"
    result = runs.run(f"{started}{first}    {flood}\n", hidden=hidden)
    assert result.ending is Ending.OUTPUT_LIMIT
    assert result.message == "printed output: a flood of more than 20 MB or 300,000 lines"


def test_a_session_may_print_more_than_a_pipe_holds(tmp_path: Path) -> None:
    """Its output is read while it answers; it would wait for ever otherwise."""

    async def answers() -> list[float]:
        async with open_supervisor(cache=tmp_path, writable_cache=True) as supervisor:
            session = await supervisor.open_session(limits=Limits(wall_seconds=60.0))
            try:
                code = "def f():\n    print('x' * (1 << 18))\n    return 1.0\n"
                call = Call(function="f", arguments=())
                await session.load(RunRequest(code=code, parameters=(), calls=(call,)))
                return [(await session.call(call)).wall_seconds for _ in range(2)]
            finally:
                await session.close()

    assert len(asyncio.run(answers())) == 2


class _Holder:
    """Holds the loop of a sandbox again and again, for longer than any of its deadlines."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def hold(self) -> None:
        while True:
            time.sleep(self._seconds)  # noqa: ASYNC251 - that is what it is about
            await asyncio.sleep(0.02)


def test_a_loop_that_is_held_refuses_no_run(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither its start, nor its wall time, nor its patience with who computes nothing is over by that."""
    monkeypatch.setattr(child, "_SPAWN_SECONDS", 0.6)
    code = _COMPUTES.format(seconds=0.1)

    async def held() -> RunResult:
        holding = asyncio.ensure_future(_Holder(1.5).hold())
        try:
            return await runs._run(code, hidden=True, wall_seconds=2.0, idle_seconds=1.0)
        finally:
            holding.cancel()

    result = runs._runner.run(held())
    assert result.ending is Ending.FINISHED, result.message
    assert result.wall_seconds > 2.0


def test_a_loop_that_is_held_ends_no_session(runs: Runs) -> None:
    async def held() -> CallResult:
        limits = msgspec.structs.replace(_LIMITS, wall_seconds=1.0)
        session = await runs.supervisor.open_session(limits=limits)
        call = Call(function="f", arguments=())
        await session.load(RunRequest(code=_COMPUTES.format(seconds=0.1), parameters=(), calls=(call,)))
        holding = asyncio.ensure_future(_Holder(1.5).hold())
        try:
            return await session.call(call)
        finally:
            holding.cancel()
            await session.close()

    assert runs._runner.run(held()).raised is None
