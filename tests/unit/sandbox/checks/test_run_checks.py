"""When a check holds: only a submission that tried everything, or ended exactly as it must."""

import asyncio
from collections.abc import Callable
from typing import cast

import msgspec
import pytest

from sandbox.checks.isolation_check import IsolationCheck, unless, whatever_it_printed
from sandbox.checks.run_checks import Checked, all_checks, run_all
from sandbox.interface import (
    Ending,
    Report,
    RunRequest,
    RunResult,
    Sandbox,
    SandboxError,
    ignore_report,
)
from sandbox.limits import Limits

_RESULT = RunResult(
    ending=Ending.FINISHED,
    message="",
    loaded=None,
    calls=(),
    stdout="all was tried\n",
    stderr="",
    wall_seconds=0.1,
    cpu_seconds=0.1,
    peak_memory_bytes=1,
)
_TIMED_OUT = msgspec.structs.replace(_RESULT, ending=Ending.TIME_LIMIT, message="wall time: 2 s")


class _Canned:
    """Answers every run alike, or fails."""

    def __init__(self, answer: RunResult | SandboxError) -> None:
        self._answer = answer
        self.requests: list[RunRequest] = []

    async def run(
        self, request: RunRequest, *, limits: Limits, on_report: Callable[[Report], None] = ignore_report
    ) -> RunResult:
        self.requests.append(request)
        if isinstance(self._answer, SandboxError):
            raise self._answer
        return self._answer


def _check(sandbox: _Canned, breach: Callable[[RunResult], str], *texts: str) -> Checked:
    check = IsolationCheck(name="quiet", sentence="It is quiet.", texts=texts or ("x",), breach=breach)

    async def only() -> Checked:
        [checked] = [checked async for checked in run_all(cast(Sandbox, sandbox), [check])]
        return checked

    return asyncio.run(only())


def test_a_text_that_got_nowhere_and_tried_all_holds() -> None:
    assert _check(_Canned(_RESULT), whatever_it_printed).holds


def test_every_line_that_it_printed_is_a_breach() -> None:
    result = msgspec.structs.replace(_RESULT, stdout="a door\na window\nall was tried\n")
    checked = _check(_Canned(result), whatever_it_printed)
    assert (checked.holds, checked.reason) == (False, "a door; a window")


@pytest.mark.parametrize(
    "change",
    [
        {"stdout": ""},
        {"stdout": "Traceback"},
        {"ending": Ending.CRASHED, "message": "the process was ended by SIGSEGV"},
        {"ending": Ending.VIOLATION},
    ],
)
def test_a_text_that_could_not_try_everything_proves_nothing(change: dict[str, object]) -> None:
    """Silence is no sign of a wall where nobody knocked."""
    checked = _check(_Canned(msgspec.structs.replace(_RESULT, **change)), whatever_it_printed)
    assert not checked.holds
    assert "could not be tried" in checked.reason


def test_a_limit_counts_only_under_its_own_name() -> None:
    assert _check(_Canned(_TIMED_OUT), unless(Ending.TIME_LIMIT, "wall time: 2 s")).holds
    assert not _check(_Canned(_TIMED_OUT), unless(Ending.TIME_LIMIT, "processor time")).holds
    assert not _check(_Canned(_TIMED_OUT), unless(Ending.MEMORY_LIMIT, "")).holds
    assert not _check(_Canned(_RESULT), unless(Ending.TIME_LIMIT, "")).holds


def test_a_sandbox_that_fails_keeps_nothing() -> None:
    checked = _check(_Canned(SandboxError("no more processes")), whatever_it_printed)
    assert (checked.holds, "no more processes" in checked.reason) == (False, True)


def test_each_text_is_a_run_of_its_own() -> None:
    sandbox = _Canned(_RESULT)
    _check(sandbox, whatever_it_printed, "first", "second")
    assert [request.code for request in sandbox.requests] == ["first", "second"]


def test_every_text_is_python_and_every_check_has_its_own_name() -> None:
    """They are strings here, so nothing else would notice before a doctor is called."""
    checks = all_checks()
    for check in checks:
        for code in check.texts:
            compile(code, check.name, "exec")
    assert len({check.name for check in checks}) == len(checks) >= 20
