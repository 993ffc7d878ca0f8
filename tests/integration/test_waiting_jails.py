"""A jail that waits uses nothing, whatever code has left in it, with control groups and without."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from sandbox.arrays import pack_array
from sandbox.cgroups.interface import ControlGroups, open_control_groups
from sandbox.interface import Call, RunRequest, RunResult
from sandbox.jailed import Supervisor, open_supervisor
from sandbox.limits import Limits
from sandbox.procfs.tree import tree_memory_bytes, tree_of
from sandbox.run.waiting import Waiting
from sandbox.run.warm_pool import Planned
from tests.support.process_trees import tree_ticks

pytestmark = pytest.mark.jail

_LIMITS = Limits(wall_seconds=60.0, cpu_seconds=20.0, memory_bytes=512 << 20, processes=40)
_ANSWER = "\n\ndef answer(x):\n    return x\n"
_BURNERS = """
import os, time

def burn():
    # Each stays below a limit of single processes, and hands over to a child.
    while True:
        start = time.process_time()
        while time.process_time() - start < 0.3:
            pass
        if os.fork():
            os._exit(0)

for _ in range(2):
    if os.fork() == 0:
        burn()
"""
_A_THREAD = """
import threading

def burn():
    while True:
        pass

threading.Thread(target=burn, daemon=True).start()
"""
_IT_WAKES_ITSELF = (
    """
import ctypes, signal

class Event(ctypes.Structure):
    _fields_ = [("value", ctypes.c_void_p), ("number", ctypes.c_int), ("how", ctypes.c_int)]
    _fields_ += [("more", ctypes.c_byte * 48)]

timer, event = ctypes.c_void_p(), Event(number=signal.SIGCONT, how=0)
libc = ctypes.CDLL(None)
libc.timer_create(1, ctypes.byref(event), ctypes.byref(timer))
often = (ctypes.c_long * 4)(0, 20_000_000, 0, 20_000_000)
libc.timer_settime(timer, 0, often, None)
"""
    + _A_THREAD
)


class OneWarmJail:
    """A supervisor of one warm jail."""

    def __init__(self, supervisor: Supervisor, runner: asyncio.Runner) -> None:
        self.supervisor = supervisor
        self.runner = runner

    def request(self, code: str) -> RunRequest:
        call = Call(function="answer", arguments=(pack_array(np.ones(3, np.float32)),))
        return RunRequest(code=code + _ANSWER, parameters=("x",), calls=(call,))

    def prewarm(self, code: str) -> bool:
        """Pre-warm on a text at once; whether the jail then waits."""
        pool = self.supervisor.warm_pool
        self.runner.run(pool._prewarm(Planned(key="ada", request=self.request(code), limits=_LIMITS)))
        return pool.waits_for("ada")

    @property
    def waiting(self) -> Waiting:
        return self.supervisor.warm_pool._waiting["ada"]

    def look(self) -> bool:
        """Whether it still waits after the look that comes each second."""
        self.runner.run(self.supervisor.warm_pool._look())
        return "ada" in self.supervisor.warm_pool._waiting

    def run(self, code: str) -> RunResult | None:
        return self.runner.run(self.supervisor.run_warm("ada", self.request(code), limits=_LIMITS))


@pytest.fixture(scope="module", params=[open_control_groups, lambda: None], ids=["grouped", "ungrouped"])
def warm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneWarmJail]:
    opener: Callable[[], ControlGroups | None] = request.param
    cache: Path = tmp_path_factory.mktemp("cache")
    with asyncio.Runner() as runner:
        context = open_supervisor(cache=cache, warm_jails=1, open_groups=opener)
        supervisor = runner.run(context.__aenter__())
        try:
            yield OneWarmJail(supervisor, runner)
        finally:
            runner.run(context.__aexit__(None, None, None))


@pytest.mark.parametrize("code", ["", _BURNERS, _A_THREAD], ids=["nothing", "burners", "a thread"])
def test_what_waits_uses_no_processor_time_and_then_answers(warm: OneWarmJail, code: str) -> None:
    """It stands still with all that it has left running, and goes on when it is taken."""
    assert warm.prewarm(code)
    pid = warm.waiting.child.pid
    processes = {process.name for process in tree_of(pid)}
    used = tree_ticks(pid)
    warm.runner.run(asyncio.sleep(1.0))
    assert tree_ticks(pid) == used
    assert {process.name for process in tree_of(pid)} == processes
    assert len(processes) == (3 if code is _BURNERS else 1)
    assert warm.look()
    result = warm.run("")
    assert result is not None
    assert [call.raised for call in result.calls] == [None]


def test_a_jail_that_has_died_is_not_listed_and_goes(warm: OneWarmJail) -> None:
    assert warm.prewarm("")
    assert warm.supervisor.waiting_pids == [warm.waiting.child.pid]
    os.kill(warm.waiting.child.pid, signal.SIGKILL)
    while warm.waiting.child.is_alive:
        warm.runner.run(asyncio.sleep(0.01))
    assert warm.supervisor.waiting_pids == []
    assert not warm.supervisor.waits_for("ada")
    assert warm.run("") is None
    assert not warm.look()


def test_a_jail_that_runs_on_is_not_taken_and_goes(warm: OneWarmJail) -> None:
    """As one whose freezing somebody has undone."""
    assert warm.prewarm(_A_THREAD)
    warm.waiting.child.thaw()
    while warm.waiting.child.is_frozen:
        warm.runner.run(asyncio.sleep(0.01))
    assert warm.supervisor.waiting_pids == []
    assert warm.run("") is None
    assert not warm.look()


def test_a_jail_that_wakes_itself_does_not_wait_for_long(warm: OneWarmJail) -> None:
    """A timer of its own sends SIGCONT: a group stays frozen all the same, signals alone do not hold it."""
    waits = warm.prewarm(_IT_WAKES_ITSELF)
    if not waits:
        assert warm.supervisor.waiting_pids == []
        return
    pid, used = warm.waiting.child.pid, tree_ticks(warm.waiting.child.pid)
    warm.runner.run(asyncio.sleep(1.0))
    assert not warm.look() or tree_ticks(pid) == used


def test_prewarming_has_the_limits_of_a_run(warm: OneWarmJail) -> None:
    """Children that burn while it sleeps meet the limit of processor time of the whole tree."""
    limits = Limits(wall_seconds=60.0, idle_seconds=50.0, cpu_seconds=3.0, processes=40)
    planned = Planned(key="ada", request=warm.request(_BURNERS + "time.sleep(40)"), limits=limits)
    warm.runner.run(asyncio.wait_for(warm.supervisor.warm_pool._prewarm(planned), 35))
    assert warm.supervisor.waiting_pids == []


def test_a_jail_that_grows_is_ended(warm: OneWarmJail, caplog: pytest.LogCaptureFixture) -> None:
    """By more than what is left to do for a process that is being frozen."""
    assert warm.prewarm("")
    held = warm.waiting.memory_bytes
    warm.supervisor.warm_pool._waiting["ada"] = msgspec.structs.replace(
        warm.waiting, memory_bytes=held - (32 << 20)
    )
    assert warm.runner.run(warm.waiting.why_not()) == "it grows"
    assert not warm.look()
    assert "it grows" in caplog.text
    assert warm.run("") is None


def test_a_jail_that_starts_processes_is_ended(warm: OneWarmJail, caplog: pytest.LogCaptureFixture) -> None:
    assert warm.prewarm(_BURNERS)
    warm.supervisor.warm_pool._waiting["ada"] = msgspec.structs.replace(warm.waiting, processes=1)
    assert warm.runner.run(warm.waiting.why_not()) == "it starts processes"
    assert not warm.look()
    assert "it starts processes" in caplog.text
    assert warm.supervisor.waiting_pids == []


_GROWS = """
import os, signal, time

held = []

def grow():
    while True:
        held.append(bytearray(os.urandom(1) * (8 << 20)))
        time.sleep(0.05)

import threading
threading.Thread(target=grow, daemon=True).start()
"""


def test_a_jail_that_really_grows_once_it_is_let_go_on_is_ended(warm: OneWarmJail) -> None:
    """Somebody has undone its freezing for a while, and it stands still again when it is looked at."""
    assert warm.prewarm(_GROWS)
    before = tree_memory_bytes(warm.waiting.child.pid)
    warm.waiting.child.thaw()
    while tree_memory_bytes(warm.waiting.child.pid) < before + (24 << 20):
        warm.runner.run(asyncio.sleep(0.02))
    warm.runner.run(warm.waiting.child.freeze())
    reason = warm.runner.run(warm.waiting.why_not())
    assert reason in ("it grows", "it runs on")
    assert not warm.look()


_FORKS = """
import os, threading, time

def fork():
    while True:
        if os.fork() == 0:
            time.sleep(1000)
        time.sleep(0.05)

threading.Thread(target=fork, daemon=True).start()
"""


def test_a_jail_that_really_forks_once_it_is_let_go_on_is_ended(warm: OneWarmJail) -> None:
    assert warm.prewarm(_FORKS)
    child = warm.waiting.child
    count = len(list(tree_of(child.pid)))
    child.thaw()
    while len(list(tree_of(child.pid))) < count + 3:
        warm.runner.run(asyncio.sleep(0.02))
    warm.runner.run(child.freeze())
    # Each process holds memory, too, and that is looked at first.
    assert warm.runner.run(warm.waiting.why_not()) in ("it starts processes", "it grows", "it runs on")
    assert not warm.look()
