"""Of what few can have at once, as being worked on or having a password checked, networks take turns."""

import asyncio
import itertools
from collections import OrderedDict, deque
from collections.abc import Callable

_REMEMBERED = 4096
"""Networks whose last turn is known; one that was forgotten comes first, as one that was never seen."""


class NetworkTurns:
    """Gives `at_once` turns; next comes the network whose last turn is the longest ago.

    So whoever asks for hundreds of pages together waits behind itself, and others wait for what is worked on
    just now. What takes longer than `longest_seconds`, if there is such a time, waits for something else than
    the processor, and holds up nobody from then on.
    """

    def __init__(self, *, at_once: int, longest_seconds: float | None = None) -> None:
        self._at_once = at_once
        self._longest_seconds = longest_seconds
        self._running = 0
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        self._last_turns: OrderedDict[str, int] = OrderedDict()
        self._count = itertools.count(1)

    async def take(self, network: str) -> "Turn":
        """Wait for a turn; whoever is given it must `end` it."""
        if self._running < self._at_once:
            self._start(network)
            return Turn(self._end, self._longest_seconds)
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(network, deque()).append(granted)
        try:
            await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled():
                self._end()
            else:
                self._forget(network, granted)
            raise
        return Turn(self._end, self._longest_seconds)

    def _start(self, network: str) -> None:
        self._running += 1
        self._last_turns[network] = next(self._count)
        self._last_turns.move_to_end(network)
        if len(self._last_turns) > _REMEMBERED:
            self._last_turns.popitem(last=False)

    def _end(self) -> None:
        self._running -= 1
        while self._running < self._at_once and self._waiting:
            network = min(self._waiting, key=lambda name: self._last_turns.get(name, 0))
            granted = self._waiting[network].popleft()
            if not self._waiting[network]:
                del self._waiting[network]
            if not granted.done():
                self._start(network)
                granted.set_result(None)

    def _forget(self, network: str, granted: "asyncio.Future[None]") -> None:
        waiting = self._waiting.get(network)
        if waiting is not None and granted in waiting:
            waiting.remove(granted)
            if not waiting:
                del self._waiting[network]


class Turn:
    """It ends once, at the latest after the longest time."""

    def __init__(self, on_end: Callable[[], None], longest_seconds: float | None) -> None:
        self._on_end: Callable[[], None] | None = on_end
        self._timer: asyncio.TimerHandle | None = None
        if longest_seconds is not None:
            self._timer = asyncio.get_running_loop().call_later(longest_seconds, self.end)

    def end(self) -> None:
        """Let another be worked on; doing it again does nothing."""
        on_end, self._on_end = self._on_end, None
        if self._timer is not None:
            self._timer.cancel()
        if on_end is not None:
            on_end()
