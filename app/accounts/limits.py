"""Rate limits: how often something may be tried by one client, or for one email address."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable

from app.errors import TooManyAttempts


class RateLimit:
    """At most `allowed` attempts a key within `window_seconds`.

    Kept in memory, for at most `keys_remembered` keys: the longest unused are forgotten first.
    """

    def __init__(
        self,
        allowed: int,
        *,
        window_seconds: float = 60.0,
        keys_remembered: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._allowed = allowed
        self._window_seconds = window_seconds
        self._keys_remembered = keys_remembered
        self._clock = clock
        self._attempts: OrderedDict[str, deque[float]] = OrderedDict()

    def attempt(self, key: str) -> None:
        """Count one attempt.

        Raises:
            TooManyAttempts: this one is too many; it is not counted.
        """
        now = self._clock()
        times = self._attempts.setdefault(key, deque())
        self._attempts.move_to_end(key)
        while times and times[0] <= now - self._window_seconds:
            times.popleft()
        if len(times) >= self._allowed:
            raise TooManyAttempts
        times.append(now)
        while len(self._attempts) > self._keys_remembered:
            self._attempts.popitem(last=False)

    def take_back(self, key: str) -> None:
        """Count one attempt less: the last one proved itself, others may not have."""
        if times := self._attempts.get(key):
            times.pop()

    def forget(self, key: str) -> None:
        """Start afresh for a key that has proved itself."""
        self._attempts.pop(key, None)
