"""Rate limits: how often something may be tried by one client, or for one email address."""

import math
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
        if not self.allows_another(key):
            raise self.refusal(key)
        self.count(key)

    def refusal(self, key: str, sentence: str = "Too many attempts.") -> TooManyAttempts:
        """Return the error of a key that has no attempt left: `sentence`, and when there is one again."""
        seconds = self.seconds_until_another(key)
        return TooManyAttempts(f"{sentence} Try again in {_in_words(seconds)}.", retry_after_seconds=seconds)

    def seconds_until_another(self, key: str) -> float:
        """Return when the attempt that is in the way will have left the window; 0 where none is."""
        times = self._lately(key)
        if len(times) < self._allowed:
            return 0.0
        left = times[-self._allowed] + self._window_seconds - self._clock()
        # Sums of floats may be a little longer than the window.
        return min(left, self._window_seconds)

    def allows_another(self, key: str) -> bool:
        """Say whether one more attempt is allowed."""
        return len(self._lately(key)) < self._allowed

    def count(self, key: str) -> None:
        """Count one attempt, allowed or not; of those that are not, no more than are needed."""
        times = self._lately(key)
        times.append(self._clock())
        if len(times) > self._allowed:
            times.popleft()
        self._attempts[key] = times
        self._attempts.move_to_end(key)
        while len(self._attempts) > self._keys_remembered:
            self._attempts.popitem(last=False)

    def give_back(self, key: str) -> None:
        """Take back the last attempt."""
        if times := self._attempts.get(key):
            times.pop()

    def forget(self, key: str) -> None:
        """Start afresh for a key that has proved itself."""
        self._attempts.pop(key, None)

    def _lately(self, key: str) -> deque[float]:
        times = self._attempts.get(key)
        if times is None:
            return deque()
        while times and times[0] <= self._clock() - self._window_seconds:
            times.popleft()
        return times


def _in_words(seconds: float) -> str:
    """Return a time that is not shorter: in seconds, from a minute and a half on in minutes."""
    whole = max(1, math.ceil(seconds))
    if whole == 1:
        return "a second"
    return f"{whole} seconds" if whole <= 90 else f"{math.ceil(whole / 60)} minutes"
