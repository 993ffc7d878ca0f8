"""A process that is begun again at once when it is killed, and whose heap is frozen once it has started.

The parent does nothing but wait. It holds the imports, which take most of a start, and the listening
socket, so that whoever connects meanwhile waits for an answer and is not refused.
"""

import asyncio
import ctypes
import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import NoReturn

_PR_SET_PDEATHSIG = 1  # From the kernel's linux/prctl.h.
_STOPS = (signal.SIGTERM, signal.SIGINT)
_SHORT_LIFE_SECONDS = 10.0
_SHORT_LIVES = 5
_FREEZE_AFTER_SECONDS = 10.0
"""By then what is imported late has been, and the first requests were answered."""

_log = logging.getLogger("jaxercise")


def keep(
    run: Callable[[], None],
    *,
    stops: Sequence[signal.Signals] = _STOPS,
    subject: str = "",
    first_pause_seconds: float = 1.0,
) -> None:
    """Call `run` in a child process, and again in another one whenever a signal has killed it.

    Return and raise what `run` does where it is the child; the parent ends as the child does once that
    ends by itself or was asked to stop (`stops` are passed on), and gives up where five in a row
    live for less than ten seconds. It pauses before the third of them, and twice as long before each that
    follows. A parent that is killed takes the child with it. `subject` begins what the log says of a kill.
    """
    gc.collect()
    gc.freeze()  # What both share stays shared.
    parent = _Parent(stops)
    short_lives = 0
    while True:
        begun = time.monotonic()
        if parent.fork():
            run()
            return
        code = parent.wait()
        if code >= 0:
            sys.exit(code)
        if parent.is_stopping:
            _end_by(-code)
        short_lives = short_lives + 1 if time.monotonic() - begun < _SHORT_LIFE_SECONDS else 0
        name = signal.Signals(-code).name
        if short_lives >= _SHORT_LIVES:
            _log.error("%skilled by %s, five times in a row: giving up", subject, name)
            sys.exit(128 - code)
        _log.error("%skilled by %s: beginning again", subject, name)
        # At once, but not over and over.
        if short_lives > 1:
            time.sleep(first_pause_seconds * 2 ** (short_lives - 2))


async def freeze_heap() -> None:
    """Set aside what the start has made, once it is over, so that it is not collected again and again.

    A full collection took 80 to 130 ms of a service that had done nothing but start, every few submissions,
    and nobody is answered meanwhile. See `gc.freeze` in Python's library reference.
    """
    await asyncio.sleep(_FREEZE_AFTER_SECONDS)
    gc.collect()
    gc.freeze()


class _Parent:
    """The process that was started: it forks, waits, and passes signals on."""

    def __init__(self, stops: Sequence[signal.Signals]) -> None:
        self.is_stopping = False
        self._child: int | None = None
        self._before = {number: signal.signal(number, self._pass_on) for number in stops}

    def fork(self) -> bool:
        """Return True in the child, which then has the signal handlers that were there before."""
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        # Until it is known whom to tell, nothing can be passed on.
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
        self._child = os.fork()
        if self._child == 0:
            for number, handler in self._before.items():
                signal.signal(number, handler)
            # Of its own group, so that a terminal's Ctrl-C reaches it once: from the parent.
            os.setpgid(0, 0)
            end_with(parent)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
        return self._child == 0

    def wait(self) -> int:
        """Return the child's exit code; negative for the signal that killed it."""
        while True:
            pid, status = os.waitpid(-1, 0)  # As a container's first process it is given others to bury.
            if pid == self._child:
                self._child = None
                return os.waitstatus_to_exitcode(status)

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        self.is_stopping = True
        if self._child is None:
            _end_by(number)
        os.kill(self._child, number)


def end_with(parent: int) -> None:
    """Have this process killed once its parent is gone; see prctl(2)."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:  # It was quicker.
        os._exit(1)


def _end_by(number: int) -> NoReturn:
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    # Still here: a container's first process cannot be ended by its own signal.
    sys.exit(128 + number)  # As a shell tells it.
