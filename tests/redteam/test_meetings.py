"""Hostile runs try to find each other, to meet the next one, or to carry hidden values out."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from app.core.outcome import Outcome
from app.core.verdict import LearnerError, Mode, Verdict, Visibility
from tests.redteam.conftest import Judge

pytestmark = pytest.mark.jail

_TAIL = "\ndef shift(seed, x):\n    return x\n"
_SEE = """
import os, time
seen = set()
start = time.time()
while time.time() < start + 1.0:
    time.sleep(0.02)
    for place in ('/tmp', '/dev/shm', '/dev/pts', '/proc'):
        seen |= {(place, name) for name in os.listdir(place)}
"""
_LEAVE = """
import contextlib, os, time
start = time.time()
for place in ('/tmp', '/dev/shm', '/dev/pts', '/dev', '/proc', '/', '/jail', '/jail/cache', '/usr/lib'):
    with contextlib.suppress(OSError): open(f'{place}/meet-me', 'w').write('psst')
for name in ('/dev/ptmx', '/dev/pts/ptmx'):
    with contextlib.suppress(OSError): os.open(name, os.O_RDWR)
"""


_REPORT_TIMES = "print(start, time.time())\n"
_ATTEMPTS = 10


def _together(judge: Judge, codes: Sequence[str]) -> list[Verdict]:
    async def all_at_once() -> list[Verdict]:
        return await asyncio.gather(
            *(judge._grader.grade(judge.problem, code, Mode.SUBMIT, fresh_seed=4) for code in codes)
        )

    return judge._runner.run(all_at_once())


def test_two_runs_at_once_see_nothing_of_each_other(judge: Judge) -> None:
    """Neither files nor terminals nor processes of the other show up while both are at it."""
    report = (
        "print(sorted(name for name in seen if 'meet' in name[1] or name[0] in ('/dev/pts', '/dev/shm')))\n"
    )
    leaves = _LEAVE + "time.sleep(1.2)\n" + _REPORT_TIMES + _TAIL
    sees = _SEE + _REPORT_TIMES + report + _TAIL
    for _ in range(_ATTEMPTS):
        first, second = _together(judge, [leaves, sees])
        assert first.outcome in (Outcome.WRONG_PARAMETERS, Outcome.WRONG_VALUE)
        times, seen = second.stdout.splitlines()
        assert seen == "[]"
        if _overlap(first.stdout, times):
            return
    pytest.fail("the two runs were never at it at once")


def _overlap(first: str, second: str) -> bool:
    (start, end), (other_start, other_end) = (map(float, times.split()) for times in (first, second))
    return max(start, other_start) < min(end, other_end)


def test_a_run_leaves_nothing_anywhere_for_the_next(judge: Judge) -> None:
    """No place in a jail is both writable and shared."""
    judge.grade(_LEAVE + _TAIL)
    look = (
        "import os\n"
        "tops = ('/usr', '/jail/python', '/jail/packages', '/jail/library', '/tmp', '/dev/shm', '/proc')\n"
        "folders = ['/', '/jail', '/jail/cache', '/dev', '/dev/pts']\n"
        "folders += [folder for top in tops for folder, _, _ in os.walk(top)]\n"
        "print([folder for folder in folders if os.path.lexists(f'{folder}/meet-me')])\n"
        "print([folder for folder in folders if os.access(folder, os.W_OK)])\n"
    )
    found, writable = judge.grade(look + _TAIL).stdout.splitlines()
    assert found == "[]"
    assert writable == "['/tmp', '/dev/shm']"


def test_a_run_that_uses_all_it_may_takes_nothing_from_another(judge: Judge) -> None:
    """Processes, pipes and descriptors are counted for each run alone, though all have one user."""
    hoard = (
        "import os, threading, time\n"
        "pipes = []\n"
        "try:\n    while True: pipes.append(os.pipe())\n"
        "except OSError: pass\n"
        "try:\n    while True: threading.Thread(target=time.sleep, args=(2,), daemon=True).start()\n"
        "except RuntimeError: pass\n"
        "time.sleep(1.5)\n"
    )
    verdicts = _together(judge, [hoard + _TAIL, hoard + _TAIL, judge.problem.reference])
    assert verdicts[2].outcome is Outcome.ACCEPTED


def test_a_run_given_up_does_not_hold_up_the_next(judge: Judge) -> None:
    """Its descriptors' numbers are free for others only once nothing watches them any more."""

    async def given_up() -> Verdict:
        endless = asyncio.ensure_future(
            judge._grader.grade(judge.problem, "while True: pass", Mode.SUBMIT, fresh_seed=4)
        )
        await asyncio.sleep(0.3)
        endless.cancel()
        async with asyncio.timeout(60):
            return await judge._grader.grade(
                judge.problem, judge.problem.reference, Mode.SUBMIT, fresh_seed=4
            )

    for _ in range(3):
        assert judge._runner.run(given_up()).outcome is Outcome.ACCEPTED


def test_a_run_leaves_no_memory_group(judge: Judge) -> None:
    """Not even where it left processes behind, in sessions of their own."""
    orphans = "import os, time\nfor _ in range(5):\n    if os.fork() == 0: os.setsid() or time.sleep(99)\n"
    judge.grade(judge.problem.reference)
    before = _memory_groups()
    judge.grade(orphans + _TAIL)
    assert _memory_groups() == before


def _memory_groups() -> set[Path]:
    return set(Path("/sys/fs/cgroup/memory").glob(f"**/jaxercise-{os.getpid()}-*/run-*"))


def test_an_exception_in_a_hidden_case_names_nothing_of_its_arguments(judge: Judge) -> None:
    """Neither its type nor its functions, whose names the code can make up as it runs."""
    code = """
calls = []
def shift(seed, x):
    calls.append(x)
    if len(calls) < 3: return x
    name = "leaked_" + "_".join(map(str, x.tolist()))
    def leak(): raise type(name, (Exception,), {})(name)
    leak.__code__ = leak.__code__.replace(co_name=name)
    leak()
"""
    verdict = judge.grade(code)
    assert verdict.outcome is Outcome.ERROR
    assert verdict.error is not None
    assert verdict.error.line == 7
    assert "leaked_" not in repr(verdict)


def test_the_shape_of_a_hidden_answer_is_not_shown(judge: Judge) -> None:
    """An empty array can have any numbers for its other sides."""
    code = "import numpy\ndef shift(seed, x): return numpy.zeros((0, 4711, 815))"
    cases = judge.grade(code).cases
    assert "4711" in cases[0].message
    assert not any("4711" in case.message for case in cases if case.visibility is Visibility.HIDDEN)


def test_a_limit_in_a_hidden_case_shows_its_line_and_nothing_else(judge: Judge) -> None:
    """A function's name could carry the case's values; a line is one of those that were sent in."""
    code = """
calls = []
def shift(seed, x):
    calls.append(x)
    if len(calls) < 3: return x
    def leak():
        while True: pass
    leak.__code__ = leak.__code__.replace(co_name="leaked_" + "_".join(map(str, x.tolist())))
    leak()
"""
    verdict = judge.grade(code)
    message = "processor time: 3 s, at line 7"
    assert verdict.error == LearnerError(type="time_limit", message=message, line=7)
    reached = next(case for case in verdict.cases if case.outcome is Outcome.TIME_LIMIT)
    assert reached.visibility is Visibility.HIDDEN
    assert verdict.message == f"{message}, in {reached.name}"
    assert "leaked_" not in repr(verdict)
