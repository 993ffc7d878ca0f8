"""How long pages took: medians, 95th percentiles, the slowest, and how many were quick enough."""

import math
from collections.abc import Sequence

import msgspec


class PageTimes(msgspec.Struct, frozen=True, kw_only=True):
    """Of pages that were read, each in seconds, the quickest first."""

    seconds: tuple[float, ...]

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "PageTimes":
        """Return them in order.

        Raises:
            ValueError: there are none.
        """
        if not seconds:
            raise ValueError("no page was read")
        return cls(seconds=tuple(sorted(seconds)))

    def at(self, share: float) -> float:
        """Return the time that this share of the pages took at most."""
        return self.seconds[max(0, math.ceil(share * len(self.seconds)) - 1)]

    @property
    def p50(self) -> float:
        return self.at(0.5)

    @property
    def p95(self) -> float:
        return self.at(0.95)

    @property
    def slowest(self) -> float:
        return self.seconds[-1]

    def share_within(self, seconds: float) -> float:
        """Return the share of the pages that took at most so long."""
        return sum(one <= seconds for one in self.seconds) / len(self.seconds)

    def times(self, idle: "PageTimes") -> tuple[float, float, float]:
        """Return how many times as long median, 95th percentile and slowest are as on an idle service."""
        return self.p50 / idle.p50, self.p95 / idle.p95, self.slowest / idle.slowest
