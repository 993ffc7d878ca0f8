"""How a child's end is named: the limit that was hit, with its value, where it can be known."""

import os
import signal

import msgspec

from sandbox.interface import Ending
from sandbox.limits import Limits, all_cpu_seconds
from sandbox.protocol import Ended

_SIGNALS_OF_A_CRASH = {4: "SIGILL", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 11: "SIGSEGV"}


class NamedEnding(msgspec.Struct, frozen=True, kw_only=True):
    """An ending and the sentence that goes with it."""

    ending: Ending
    message: str = ""
    line: int | None = None
    """Where the submitted code was, 1-based, where that is known."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a run besides how its process ended."""

    is_finished: bool
    early: NamedEnding | None
    """Why the supervisor ended it, where it did."""
    line: int | None
    memory_was_hit: bool
    """The kernel ended one of its processes, perhaps not the first one, for want of memory."""
    processes_were_refused: bool
    cpu_seconds: float
    has_hidden_calls: bool = False
    """It knew arguments of a hidden call, so nothing is named that its code can choose."""


def name_ending(ended: Ended, limits: Limits, seen: Seen) -> NamedEnding:
    """Say what a child's end means."""
    if seen.early is not None:
        if seen.early.ending is Ending.TIME_LIMIT and seen.memory_was_hit:
            return out_of_memory(limits)  # What was left of it waited for what the kernel had ended.
        return _at_line(seen.early, seen.line)
    if seen.memory_was_hit:
        return out_of_memory(limits)
    if seen.is_finished:
        return NamedEnding(ending=Ending.FINISHED)
    named = _name_crash(ended, limits, seen)
    if named.ending is Ending.CRASHED and seen.processes_were_refused:
        return out_of_processes(limits)
    return named


def _name_crash(ended: Ended, limits: Limits, seen: Seen) -> NamedEnding:
    if not os.WIFSIGNALED(ended.wait_status):
        message = "the code ended its own process"
        if not seen.has_hidden_calls:
            message += f" with exit status {os.waitstatus_to_exitcode(ended.wait_status)}"
        return NamedEnding(ending=Ending.CRASHED, message=message)
    number = os.WTERMSIG(ended.wait_status)
    if number == signal.SIGSYS:
        return NamedEnding(
            ending=Ending.VIOLATION,
            message="a system call that no exercise needs (network, tracing, mounting and the like)",
        )
    # The kernel ends the first process of a namespace by SIGKILL once its processor time is used up.
    cpu_seconds = max(ended.cpu_seconds, seen.cpu_seconds)
    if number in (signal.SIGKILL, signal.SIGXCPU) and cpu_seconds >= all_cpu_seconds(limits) * 0.98:
        return out_of_processor_time(limits)
    # Nobody in its namespace can end that first process so: a group around the service ran out of memory.
    if number == signal.SIGKILL and ended.peak_memory_bytes >= limits.memory_bytes:
        return out_of_memory(limits)
    name = _SIGNALS_OF_A_CRASH.get(number, "a signal" if seen.has_hidden_calls else f"signal {number}")
    return NamedEnding(ending=Ending.CRASHED, message=f"the process was ended by {name}")


def is_killed_from_outside(ended: Ended) -> bool:
    """Say of an end that no limit explains whether it was somebody on the host.

    A jail's code can't: its first process is the first of a PID namespace, to which the kernel delivers
    no SIGKILL from within (pid_namespaces(7)).
    """
    return os.WIFSIGNALED(ended.wait_status) and os.WTERMSIG(ended.wait_status) == signal.SIGKILL


def out_of_memory(limits: Limits) -> NamedEnding:
    """Name the limit on memory."""
    return NamedEnding(ending=Ending.MEMORY_LIMIT, message=f"memory: {limits.memory_bytes / (1 << 20):g} MB")


def out_of_processor_time(limits: Limits, *, has_compiled: bool = False) -> NamedEnding:
    """Name the limit on processor time; also that on compiling, where `has_compiled` for longer than that."""
    slowdown = limits.slowdown
    message = f"processor time: {_seconds(limits.cpu_seconds, slowdown.computing)}"
    if has_compiled and limits.compile_seconds:
        message += f" and {_seconds(limits.compile_seconds, slowdown.compiling)} of compiling"
    return NamedEnding(ending=Ending.TIME_LIMIT, message=message)


def out_of_wall_time(limits: Limits) -> NamedEnding:
    """Name the limit on wall time."""
    message = f"wall time: {_seconds(limits.wall_seconds, limits.slowdown.longest)}"
    return NamedEnding(ending=Ending.TIME_LIMIT, message=message)


def out_of_patience(limits: Limits) -> NamedEnding:
    """Name the limit on time in which nothing is computed."""
    message = f"wall time: nothing was computed for {limits.idle_seconds:g} s"
    return NamedEnding(ending=Ending.TIME_LIMIT, message=message)


def out_of_processes(limits: Limits) -> NamedEnding:
    """Name the limit on processes and threads."""
    return NamedEnding(
        ending=Ending.PROCESS_LIMIT, message=f"processes and threads: {limits.processes} together"
    )


def out_of_output(limits: Limits) -> NamedEnding:
    """Name the flood that printed output became."""
    size = f"{limits.flood_bytes / (1 << 20):g} MB or {limits.flood_lines:,} lines"
    message = f"printed output: a flood of more than {size}"
    return NamedEnding(ending=Ending.OUTPUT_LIMIT, message=message)


def forged(reason: str) -> NamedEnding:
    """Name a forgery on the result channel, for `reason`, where that may be said."""
    message = "the code wrote to the result channel"
    return NamedEnding(ending=Ending.VIOLATION, message=f"{message} ({reason})" if reason else message)


def _seconds(limit_seconds: float, slowdown: float) -> str:
    """Say a limit as it was written, whatever machine this is."""
    return f"{limit_seconds / slowdown:.4g} s"


def _at_line(named: NamedEnding, line: int | None) -> NamedEnding:
    if line is None or named.ending not in (Ending.TIME_LIMIT, Ending.MEMORY_LIMIT):
        return named
    return NamedEnding(ending=named.ending, message=f"{named.message}, at line {line}", line=line)
