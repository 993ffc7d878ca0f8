"""A limit is named with its value and its place, with a control group and without."""

import asyncio
from collections.abc import Iterator

import msgspec
import pytest

from sandbox.cgroups.interface import open_control_groups
from sandbox.interface import Call, Ending, RunRequest, RunResult
from sandbox.jailed import Supervisor, open_supervisor
from sandbox.limits import Limits

pytestmark = pytest.mark.jail

_LIMITS = Limits(wall_seconds=60, idle_seconds=2, cpu_seconds=2, memory_bytes=144 << 20, processes=48)
_MEMORY_SECONDS = 30.0
"""Of processor time: on some kernels a page takes long, and memory is to be the limit that is met."""


class Runs:
    """One sandbox for this module's runs."""

    def __init__(self, supervisor: Supervisor, runner: asyncio.Runner) -> None:
        self._supervisor = supervisor
        self._runner = runner

    def run(self, code: str, **limits: float) -> RunResult:
        request = RunRequest(code=code, parameters=(), calls=(Call(function="f", arguments=()),))
        asked = msgspec.structs.replace(_LIMITS, **limits)
        return self._runner.run(self._supervisor.run(request, limits=asked))


@pytest.fixture(scope="module", params=["grouped", "watched"])
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """With control groups, where this host gives any, and with none, as for most users that are not root."""
    is_grouped = request.param == "grouped"
    if is_grouped:
        groups = open_control_groups()
        if groups is None:
            pytest.skip("needs control groups that this host lets us use: docs/operators/hosts.md")
        groups.close()
    with asyncio.Runner() as runner:
        context = open_supervisor(
            cache=tmp_path_factory.mktemp("cache"),
            open_groups=open_control_groups if is_grouped else lambda: None,
        )
        supervisor = runner.run(context.__aenter__())
        try:
            yield Runs(supervisor, runner)
        finally:
            runner.run(context.__aexit__(None, None, None))


def _said(result: RunResult) -> tuple[Ending, str, int | None]:
    return result.ending, result.message, result.line


def test_a_busy_loop(runs: Runs) -> None:
    code = "def f():\n    turns = 0\n    while True: turns += 1\n"
    assert _said(runs.run(code)) == (Ending.TIME_LIMIT, "processor time: 2 s, at line 3", 3)


def test_a_loop_in_c_that_never_lets_go_of_the_interpreter(runs: Runs) -> None:
    code = "def f():\n    return g()\ndef g():\n    return sum(range(1 << 62))\n"
    assert _said(runs.run(code)) == (Ending.TIME_LIMIT, "processor time: 2 s, at line 4", 4)


def test_a_compiled_loop(runs: Runs) -> None:
    """The innermost line of the submitted code, not of JAX's."""
    code = (
        "import jax\n"
        "@jax.jit\n"
        "def loop(x):\n"
        "    return jax.lax.while_loop(lambda c: c[0] > -1, lambda c: (c[0] * 0, c[1] + 1), (x, x))\n"
        "def f():\n"
        "    return loop(jax.numpy.ones(())) [1].block_until_ready()\n"
    )
    result = runs.run(code)
    assert (result.ending, result.line) == (Ending.TIME_LIMIT, 6)


def test_nothing_but_waiting(runs: Runs) -> None:
    code = "import time\ndef f():\n    time.sleep(99)\n"
    said = (Ending.TIME_LIMIT, "wall time: nothing was computed for 2 s, at line 3", 3)
    assert _said(runs.run(code)) == said


def test_wall_time(runs: Runs) -> None:
    code = "import time\ndef f():\n    while True:\n        time.sleep(0.01)\n"
    result = runs.run(code, wall_seconds=1.5, idle_seconds=30)
    assert result.message.startswith("wall time: 1.5 s, at line ")
    assert result.line in (3, 4)


def test_a_loop_while_the_code_is_loaded(runs: Runs) -> None:
    assert _said(runs.run("x = 1\nwhile x: pass\n"))[1:] == ("processor time: 2 s, at line 2", 2)


def test_memory(runs: Runs) -> None:
    code = "def f():\n    hoard = []\n    while True:\n        hoard.append(b'x' * (1 << 22))\n"
    said = (Ending.MEMORY_LIMIT, "memory: 144 MB, at line 4", 4)
    assert _said(runs.run(code, cpu_seconds=_MEMORY_SECONDS)) == said


def test_memory_in_one_piece(runs: Runs) -> None:
    code = "import numpy\ndef f():\n    return numpy.ones(1 << 26)\n"
    said = (Ending.MEMORY_LIMIT, "memory: 144 MB, at line 3", 3)
    assert _said(runs.run(code, cpu_seconds=_MEMORY_SECONDS)) == said


_STACK_OF_THE_HANDLER = """
import ctypes, mmap
class Stack(ctypes.Structure):
    _fields_ = [("start", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t)]
def f():
    libc, stack = ctypes.CDLL(None, use_errno=True), Stack()
    assert libc.sigaltstack(None, ctypes.byref(stack)) == 0 and stack.size
    page, end = mmap.PAGESIZE, stack.start + stack.size
    # The kernel writes its frame at the upper end, and what handles the signal goes on below that: a page
    # and a part of one, by where the stack happens to end.
    start = (end - page) // page * page
    pages = (end - start + page - 1) // page
    present = (ctypes.c_ubyte * pages)()
    size = ctypes.c_size_t(pages * page)
    assert libc.mincore(ctypes.c_void_p(start), size, present) == 0, ctypes.get_errno()
    print([flags & 1 for flags in present])
"""


def test_the_stack_on_which_a_run_tells_its_line_needs_no_more_memory(runs: Runs) -> None:
    """At the limit there is none: the kernel would end by SIGSEGV whoever is asked, and name no line."""
    result = runs.run(_STACK_OF_THE_HANDLER)
    assert set(result.stdout.strip()) == set("[1, ]"), (result.stdout, result.message, result.calls)


def test_memory_of_a_grandchild_while_its_parent_waits(runs: Runs) -> None:
    """It is memory that ran out, not the time of who waits for the result."""
    code = (
        "import os, time\n"
        "def f():\n"
        "    if os.fork() == 0:\n"
        "        hoard = b'x' * (1 << 28)\n"
        "    time.sleep(99)\n"
    )
    said = (Ending.MEMORY_LIMIT, "memory: 144 MB, at line 5", 5)
    assert _said(runs.run(code, cpu_seconds=_MEMORY_SECONDS)) == said


_BURNERS = """
import os, time
def f():
    {first}
    for _ in range(9):
        if os.fork() == 0:
            while time.process_time() < 1: pass
            os._exit(0)
        {then}
    time.sleep(99)
"""


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("pass", "pass"),
        ("pass", "os.wait()"),
        ("import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN)", "time.sleep(0.4)"),
    ],
    ids=["at once", "waited for", "ignored"],
)
def test_processor_time_of_many_that_each_use_little(runs: Runs, first: str, then: str) -> None:
    """Ended children count, whether or not their parent waits for them; the idle parent is not idle.

    And memory that forks share counts once among them.
    """
    result = runs.run(_BURNERS.format(first=first, then=then))
    assert result.ending is Ending.TIME_LIMIT
    assert result.message.startswith("processor time: 2 s, at line ")
    assert result.cpu_seconds > 1.9


def test_who_changes_what_answers_gets_no_line(runs: Runs) -> None:
    """And no other harm: the limit is named all the same."""
    code = (
        "import signal\ndef f():\n    signal.signal(signal.SIGUSR2, signal.SIG_IGN)\n    while True: pass\n"
    )
    assert _said(runs.run(code)) == (Ending.TIME_LIMIT, "processor time: 2 s", None)


def test_what_the_code_executes_does_not_inherit_the_pipe_of_the_answer(runs: Runs) -> None:
    """It is closed on exec, and there is only this run's own."""
    code = (
        "import os, stat\n"
        "def is_pipe(number):\n"
        "    try: return stat.S_ISFIFO(os.fstat(number).st_mode)\n"
        "    except OSError: return False\n"
        "def f():\n"
        "    print([os.get_inheritable(number) for number in range(3, 256) if is_pipe(number)])\n"
        "    return 1.0\n"
    )
    assert runs.run(code).stdout == "[False]\n"


def test_a_run_that_ends_by_itself_has_no_line(runs: Runs) -> None:
    assert _said(runs.run("def f():\n    return 1.0\n")) == (Ending.FINISHED, "", None)
