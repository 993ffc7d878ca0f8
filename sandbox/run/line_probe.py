"""Where in the submitted code a run is, asked before it is ended at a limit.

The child answers by itself (`inside/tell_place.py`), so the answer is a hint from hostile code: it may
point at a wrong line of that learner's own text, and nothing else.
"""

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import Callable

from sandbox.forkserver.protocol import PLACE_SIGNAL
from sandbox.procfs.process import readable_within

_PATIENCE_SECONDS = 0.5
_READ_LIMIT_BYTES = 1 << 16
_INNERMOST = re.compile(rb'^  File "solution\.py", line (\d{1,7}) in ', re.MULTILINE)


class Place:
    """The reading end of a pipe that only one child writes to."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._said = bytearray()
        self._left_bytes = _READ_LIMIT_BYTES
        os.set_blocking(descriptor, False)

    async def ask(self, pidfd: int, wake: Callable[[], None]) -> None:
        """Have the child write its traceback, and wait a moment for it.

        `wake` is called once the signal is pending: the child handles it before it does anything else.
        """
        self._read()
        self._said.clear()  # Nobody had asked.
        with contextlib.suppress(OSError):
            signal.pidfd_send_signal(pidfd, PLACE_SIGNAL)
        wake()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while self._line() is None and self._left_bytes > 0:
                    await readable_within(self._descriptor, _PATIENCE_SECONDS)
                    self._read()

    def line(self, code: str) -> int | None:
        """The innermost line of `code` that was told, 1-based; None where it is none of them."""
        self._read()
        line = self._line()
        return line if line is not None and 1 <= line <= len(code.splitlines()) else None

    def _line(self) -> int | None:
        found = _INNERMOST.search(self._said)
        return int(found[1]) if found else None

    def _read(self) -> None:
        while self._left_bytes > 0:
            try:
                data = os.read(self._descriptor, self._left_bytes)
            except BlockingIOError:
                return
            if not data:
                self._left_bytes = 0
                return
            self._left_bytes -= len(data)
            self._said += data
