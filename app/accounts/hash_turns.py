"""Hashes of passwords are computed a few at a time, and networks take turns at it.

A hash takes a tenth of a second of a processor, so a few dozen clients can ask for more of them than there is
time for. Who asks for hundreds waits behind itself: others wait for what is computed just now.
"""

import asyncio
import itertools
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.errors import TooManyAttempts

_REMEMBERED = 4096
"""Networks whose last turn is known; one that was forgotten comes first, as one that was never seen."""


class HashTurns:
    """Lets `at_once` hashes be computed; next comes the network whose last turn is the longest ago.

    At most `most_waiting` wait. Of too many the newest of the network goes that has most of them waiting, so
    that nobody's many keep out another's one.
    """

    def __init__(self, *, at_once: int, most_waiting: int) -> None:
        self._at_once = at_once
        self._most_waiting = most_waiting
        self._running = 0
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        self._last_turns: OrderedDict[str, int] = OrderedDict()
        self._count = itertools.count(1)

    @asynccontextmanager
    async def turn(self, network: str) -> AsyncIterator[None]:
        """Wait for a turn, which lasts as long as the block.

        Raises:
            TooManyAttempts: so many wait, and most of them from this network, that this one has no place.
        """
        if self._running < self._at_once:
            self._start(network)
        else:
            await self._granted(network)
        try:
            yield
        finally:
            self._running -= 1
            self._grant()

    async def _granted(self, network: str) -> None:
        self._make_room(network)
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(network, deque()).append(granted)
        try:
            await granted
        except asyncio.CancelledError:
            if granted.cancelled():
                self._remove(network, granted)
            elif granted.exception() is None:
                # It was granted in the same moment.
                self._running -= 1
                self._grant()
            raise

    def _make_room(self, network: str) -> None:
        if sum(map(len, self._waiting.values())) < self._most_waiting:
            return
        heaviest = max(self._waiting, key=lambda name: len(self._waiting[name]))
        refusal = TooManyAttempts("Many people sign in just now. Try again in a minute.")
        if len(self._waiting[heaviest]) <= len(self._waiting.get(network, ())) + 1:
            raise refusal
        newest = self._waiting[heaviest][-1]
        self._remove(heaviest, newest)
        newest.set_exception(refusal)

    def _start(self, network: str) -> None:
        self._running += 1
        self._last_turns[network] = next(self._count)
        self._last_turns.move_to_end(network)
        if len(self._last_turns) > _REMEMBERED:
            self._last_turns.popitem(last=False)

    def _grant(self) -> None:
        while self._running < self._at_once and self._waiting:
            network = min(self._waiting, key=lambda name: self._last_turns.get(name, 0))
            granted = self._waiting[network][0]
            self._remove(network, granted)
            if not granted.done():
                self._start(network)
                granted.set_result(None)

    def _remove(self, network: str, granted: "asyncio.Future[None]") -> None:
        waiting = self._waiting.get(network)
        if waiting is not None and granted in waiting:
            waiting.remove(granted)
            if not waiting:
                del self._waiting[network]
