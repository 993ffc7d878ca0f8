"""What comes through a child's pipes: what it prints, and the line that it is at when it is asked.

A run is asked for its line before it is ended at a limit. The child answers by itself
(`inside/forkserver.py`), so the answer is a hint from hostile code: it may point at a wrong line of that
learner's own text, and nothing else.
"""

import codecs
import contextlib
import fcntl
import os
import re
import signal
from collections.abc import Callable

from sandbox.interface import SandboxError
from sandbox.limits import Limits
from sandbox.procfs.process import ProcessState, pid_of, readable, state_of
from sandbox.protocol import LINE_SIGNAL
from sandbox.run.hidden_calls import lines_in
from sandbox.run.loop_time import within

_PIPE_BYTES = 1 << 18
_READ_BYTES = 1 << 16
_READS_AT_ONCE = 32
"""More than any pipe holds, and few enough that a flood keeps nobody else waiting."""
_ANSWER_LIMIT_BYTES = 1 << 16
_PATIENCE_TIMES = 10
_INNERMOST = re.compile(rb'^  File "solution\.py", line (\d{1,7}) in ', re.MULTILINE)


class CapturedOutput:
    """The reading end of standard output or error, which keeps the first bytes and counts the rest.

    `overflowed` once it was a flood, by bytes or by lines, kept or not.
    """

    def __init__(self, descriptor: int, limits: Limits) -> None:
        self.descriptor = descriptor
        self._limits = limits
        self._captured = bytearray()
        self.seen_bytes = 0
        """How much was written in all."""
        self._seen_lines = 0
        self._left_out_bytes = 0
        self._is_capturing = True
        self.overflowed = False
        os.set_blocking(descriptor, False)
        # Who writes much is then held up less often by whoever reads. The kernel may not give so much.
        with contextlib.suppress(OSError):
            fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    def read_available(self) -> bool:
        """Take what is there now, within a bound; return False once every writer has closed.

        Nothing waits for the end of the stream: a process that was left behind could hold it open.
        """
        for _ in range(_READS_AT_ONCE):
            try:
                data = os.read(self.descriptor, _READ_BYTES)
            except BlockingIOError:
                return True
            if not data:
                return False
            self._take(data)
            if self.overflowed:
                return False
        return True

    def _take(self, data: bytes) -> None:
        self.seen_bytes += len(data)
        self._seen_lines += data.count(b"\n")
        self.overflowed = (
            self.seen_bytes > self._limits.flood_bytes or self._seen_lines > self._limits.flood_lines
        )
        if self._is_capturing:
            kept = data[: self._limits.output_bytes - len(self._captured)]
            self._captured += kept
            self._left_out_bytes += len(data) - len(kept)

    @property
    def keeps_more(self) -> bool:
        """Whether something of what comes next would be kept."""
        return self._is_capturing and len(self._captured) < self._limits.output_bytes

    def stop_capturing(self) -> None:
        """Throw away what comes from here on, and do not tell how much it was; it still counts."""
        self._is_capturing = False

    def start_anew(self) -> None:
        """Forget what has come so far."""
        self._captured.clear()
        self.seen_bytes = self._seen_lines = 0
        self._left_out_bytes = 0

    @property
    def text(self) -> str:
        """Invalid UTF-8 and NUL become the replacement character; a last line says how much was left out."""
        is_cut = self._left_out_bytes > 0
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        # A character that the cut divides is left out as a whole.
        text = decoder.decode(bytes(self._captured), final=not is_cut).replace("\x00", "\ufffd")
        if not is_cut:
            return text
        return f"{text}\n… {in_words(self._left_out_bytes)} more were left out\n"


def in_words(size_bytes: int) -> str:
    """Return a size to two or three digits: `999 bytes`, `41 KB`, `3.2 MB`."""
    if size_bytes < 1 << 10:
        return f"{size_bytes} bytes"
    if size_bytes < 1 << 20:
        return f"{size_bytes / (1 << 10):.0f} KB"
    return f"{size_bytes / (1 << 20):.1f} MB"


class LineProbe:
    """The reading end of a pipe that only one child writes to, for `patience_seconds` after each question.

    The patience is with the child, not with a busy machine: as long as it waits for a processor and has
    computed for less than that, it is given up to ten times as long.
    """

    def __init__(
        self,
        descriptor: int,
        *,
        patience_seconds: float = 0.5,
        look: Callable[[int], ProcessState | None] = state_of,
    ) -> None:
        self._descriptor = descriptor
        self._patience_seconds = patience_seconds
        self._look = look
        self._answer = bytearray()
        self._left_bytes = _ANSWER_LIMIT_BYTES
        os.set_blocking(descriptor, False)

    async def ask(self, pidfd: int, wake: Callable[[], None]) -> None:
        """Have the child write its traceback, and wait a moment for it.

        `wake` is called once the signal is pending: the child handles it before it does anything else.
        """
        self._read()
        self._answer.clear()  # Nobody had asked.
        try:
            pid = pid_of(pidfd)
            signal.pidfd_send_signal(pidfd, LINE_SIGNAL)
        except (OSError, SandboxError):
            pid = -1  # It has ended.
        before = self._look(pid)
        wake()
        for _ in range(_PATIENCE_TIMES):
            with contextlib.suppress(TimeoutError):
                async with within(self._patience_seconds):
                    while self._innermost() is None and self._left_bytes > 0:
                        await readable(self._descriptor)
                        self._read()
                    return
            if before is None or not self._is_starved(before, self._look(pid)):
                return

    def _is_starved(self, before: ProcessState, now: ProcessState | None) -> bool:
        """Say whether it could not have answered yet: it waits for a processor, or for the kernel."""
        if now is None or now.letter not in "RD":
            return False
        return (now.cpu_ticks - before.cpu_ticks) / os.sysconf("SC_CLK_TCK") < self._patience_seconds

    def line(self, code: str) -> int | None:
        """Return the innermost line of `code` in the answer, 1-based; None where it is none of them."""
        self._read()
        line = self._innermost()
        return line if line is not None and 1 <= line <= lines_in(code) else None

    def _innermost(self) -> int | None:
        found = _INNERMOST.search(self._answer)
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
            self._answer += data
