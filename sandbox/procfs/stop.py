"""Stopping and letting go on a process and all that it started, by signals, where no group can be frozen.

From outside its PID namespace even the first process of one can be stopped (pid_namespaces(7)), and none can
keep SIGSTOP off. One can have itself sent SIGCONT later, by a timer: whoever needs a tree to stay stopped has
to look again.
"""

import asyncio
import contextlib
import os
import signal
from pathlib import Path

from sandbox.procfs.tree import tree_of

_STEPS = 100
_STEP_SECONDS = 0.01
_STANDS_STILL = "TtZX"
"""States of proc_pid_stat(5): stopped, or ended."""


async def stop_tree(pid: int) -> bool:
    """Stop all of it, and what it starts meanwhile; False where that cannot be had within a second."""
    for _ in range(_STEPS):
        _signal_tree(pid, signal.SIGSTOP)
        # Twice: the first look may miss what a process has started that was stopped right after.
        if is_tree_stopped(pid) and is_tree_stopped(pid):
            return True
        await asyncio.sleep(_STEP_SECONDS)
    return False


def continue_tree(pid: int) -> None:
    """Let all of it go on."""
    _signal_tree(pid, signal.SIGCONT)


def is_tree_stopped(pid: int) -> bool:
    """Say whether no thread of any of its processes runs."""
    return all(_stands_still(thread) for process in tree_of(pid) for thread in _threads_of(process))


def _signal_tree(pid: int, number: signal.Signals) -> None:
    """Signal each process that is found in the tree before and after it was taken hold of.

    So none is hit that was given the number of one which has just ended.
    """
    held: dict[int, int] = {}
    try:
        for process in tree_of(pid):
            with contextlib.suppress(OSError):
                held[int(process.name)] = os.pidfd_open(int(process.name))
        for process in tree_of(pid):
            if (pidfd := held.get(int(process.name))) is not None:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(pidfd, number)
    finally:
        for pidfd in held.values():
            os.close(pidfd)


def _threads_of(process: Path) -> list[Path]:
    try:
        return list((process / "task").iterdir())
    except OSError:
        return []  # It ended while we looked.


def _stands_still(thread: Path) -> bool:
    try:
        return (thread / "stat").read_text().rpartition(")")[2].split()[0] in _STANDS_STILL
    except (OSError, IndexError):
        return True
