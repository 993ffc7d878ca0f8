"""What the end of a process is called."""

import signal

import pytest

from sandbox.interface import Ending
from sandbox.limits import Limits
from sandbox.protocol import Ended
from sandbox.run.termination import Seen, name_ending, out_of_memory, out_of_wall_time

_LIMITS = Limits(memory_bytes=512 << 20, processes=48, cpu_seconds=40, wall_seconds=90)
_NOTHING = {
    "is_finished": False,
    "early": None,
    "line": None,
    "memory_was_hit": False,
    "processes_were_refused": False,
    "cpu_seconds": 1.0,
}


def _named(
    *, number: int = signal.SIGKILL, peak_bytes: int = 1 << 20, **seen: object
) -> tuple[Ending, str, int | None]:
    ended = Ended(wait_status=number, cpu_seconds=1.0, peak_memory_bytes=peak_bytes)
    named = name_ending(ended, _LIMITS, Seen(**{**_NOTHING, **seen}))  # type: ignore[arg-type]
    return named.ending, named.message, named.line


def test_a_limit_with_its_line() -> None:
    reported = _named(early=out_of_memory(_LIMITS), line=12)
    assert reported == (Ending.MEMORY_LIMIT, "memory: 512 MB, at line 12", 12)


def test_a_limit_without_one() -> None:
    assert _named(early=out_of_wall_time(_LIMITS)) == (Ending.TIME_LIMIT, "wall time: 90 s", None)


def test_who_waits_for_what_the_kernel_ended_is_out_of_memory() -> None:
    reported = _named(early=out_of_wall_time(_LIMITS), line=3, memory_was_hit=True)
    assert reported == (Ending.MEMORY_LIMIT, "memory: 512 MB", None)


@pytest.mark.parametrize("seen", [{"memory_was_hit": True}, {"peak_bytes": 600 << 20}])
def test_a_kill_by_the_kernel_for_memory_is_no_crash(seen: dict[str, object]) -> None:
    """Also where the group around the service ran out, and none of ours has counted it."""
    assert _named(**seen) == (Ending.MEMORY_LIMIT, "memory: 512 MB", None)  # type: ignore[arg-type]


def test_processor_time_of_the_tree_explains_a_kill() -> None:
    assert _named(cpu_seconds=40.5) == (Ending.TIME_LIMIT, "processor time: 40 s", None)


def test_a_crash_for_want_of_threads_is_the_process_limit() -> None:
    reported = _named(number=signal.SIGABRT, processes_were_refused=True)
    assert reported == (Ending.PROCESS_LIMIT, "processes and threads: 48 together", None)


def test_refused_processes_do_not_rename_what_finished() -> None:
    assert _named(is_finished=True, processes_were_refused=True) == (Ending.FINISHED, "", None)


@pytest.mark.parametrize(
    ("number", "name"),
    [(signal.SIGSEGV, "SIGSEGV"), (signal.SIGKILL, "signal 9"), (signal.SIGUSR2, "signal 12")],
)
def test_any_other_end_is_a_crash(number: int, name: str) -> None:
    assert _named(number=number) == (Ending.CRASHED, f"the process was ended by {name}", None)
