"""A watch over the event loop: who holds it is logged with the stack, and how long is counted.

While one piece of work computes, nobody's page is answered. That none does for long is a matter of tests
(`tests/integration/test_loop_time.py`); this tells an operator where one does all the same.
"""

import asyncio
import logging
import sys
import threading
import time
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec

HELD_SECONDS = 0.2
"""From when on a loop that shows no sign of life counts as held."""
_BEAT_SECONDS = 0.05
_LOG_EVERY_SECONDS = 60.0
_FRAMES_LOGGED = 12

_log = logging.getLogger("jaxercise.loop")


class _Beat(msgspec.Struct, frozen=True, kw_only=True):
    """A sign of life: when it was given, and what the loop's thread had computed by then."""

    at: float
    computed_seconds: float


class LoopWatch:
    """Watches the loop of the thread that it was made in; `on_held` gets each hold's seconds, at its end.

    One hold in `log_every_seconds` is logged; how many were not is said by the next that is.
    """

    def __init__(
        self,
        on_held: Callable[[float], None],
        *,
        held_seconds: float = HELD_SECONDS,
        log_every_seconds: float = _LOG_EVERY_SECONDS,
    ) -> None:
        self._on_held = on_held
        self._held_seconds = held_seconds
        self._log_every_seconds = log_every_seconds
        self._thread_id = threading.get_ident()
        self._clock = time.pthread_getcpuclockid(self._thread_id)
        self._last = self._beat()
        self._logged_at = -log_every_seconds
        self._unlogged = 0
        self._stopping = threading.Event()

    def show_life(self) -> None:
        """Say, from within the loop, that it is there."""
        before, self._last = self._last, self._beat()
        if self._last.at - before.at - _BEAT_SECONDS > self._held_seconds:
            self._on_held(self._last.at - before.at - _BEAT_SECONDS)

    def watch(self) -> None:
        """Look at the loop from a thread of its own until `stop` is called."""
        logged: _Beat | None = None
        while not self._stopping.wait(_BEAT_SECONDS):
            last = self._last
            # A hold is reported once, while it lasts: it may never end.
            if last is not logged and time.monotonic() - last.at - _BEAT_SECONDS > self._held_seconds:
                logged = last
                self._log_hold(last)

    def stop(self) -> None:
        self._stopping.set()

    def _beat(self) -> _Beat:
        return _Beat(at=time.monotonic(), computed_seconds=time.clock_gettime(self._clock))

    def _log_hold(self, last: _Beat) -> None:
        now = self._beat()
        if now.at - self._logged_at < self._log_every_seconds:
            self._unlogged += 1
            return
        frame = sys._current_frames().get(self._thread_id)  # noqa: SLF001 - it has no other name
        stack = "".join(traceback.format_stack(frame, limit=_FRAMES_LOGGED)) if frame is not None else ""
        _log.warning(
            "the event loop has been held for %.2f s, %.2f s of them by computing%s:\n%s",
            now.at - last.at,
            now.computed_seconds - last.computed_seconds,
            f"; {self._unlogged} holds before it were not logged" if self._unlogged else "",
            stack.rstrip(),
        )
        self._logged_at, self._unlogged = now.at, 0


@asynccontextmanager
async def watching_loop(
    on_held: Callable[[float], None],
    *,
    held_seconds: float = HELD_SECONDS,
    log_every_seconds: float = _LOG_EVERY_SECONDS,
) -> AsyncIterator[None]:
    """Watch the running loop while the block lasts."""
    watch = LoopWatch(on_held, held_seconds=held_seconds, log_every_seconds=log_every_seconds)
    thread = threading.Thread(target=watch.watch, name="loop watch", daemon=True)

    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle | None = None

    def show_life() -> None:
        nonlocal timer
        watch.show_life()
        timer = loop.call_later(_BEAT_SECONDS, show_life)

    show_life()
    thread.start()
    try:
        yield
    finally:
        watch.stop()
        if timer is not None:
            timer.cancel()
        thread.join()


def ignore_hold(_: float) -> None:
    """Do nothing, for processes that report no metrics."""
