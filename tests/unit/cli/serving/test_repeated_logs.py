"""Complaints that come thousands of times a second are logged once, and counted."""

import logging

from app.cli.serving.repeated_logs import OncePerSecond


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def record(message: str, level: int = logging.ERROR, error: Exception | None = None) -> logging.LogRecord:
    exc_info = None if error is None else (type(error), error, None)
    return logging.LogRecord("asyncio", level, __file__, 1, message, None, exc_info)


def test_the_same_complaint_comes_once_a_second_with_its_count() -> None:
    """Ports and addresses in memory make no other complaint of it."""
    clock = Clock()
    through = OncePerSecond(clock)
    kept = []
    for number in range(3000):
        clock.seconds = number / 1000
        one = record(f"socket.accept() out of system resource on port {number}")
        if through.filter(one):
            kept.append(one.getMessage())
    assert len(kept) == 3
    assert "left out" not in kept[0]
    assert kept[1].endswith("(999 more like this left out)")


def test_what_is_different_is_not_left_out() -> None:
    through = OncePerSecond(Clock())
    assert through.filter(record("problem refused: slug"))
    assert through.filter(record("problem refused: title"))
    assert through.filter(record("broke", error=ValueError("a")))
    assert through.filter(record("broke", error=ValueError("b")))
    assert not through.filter(record("broke", error=ValueError("b")))
    assert all(through.filter(record("taken in", logging.INFO)) for _ in range(10))


def test_what_a_client_may_vary_is_bounded_all_the_same() -> None:
    through = OncePerSecond(Clock())
    words = [f"{chr(97 + a)}{chr(97 + b)}" for a in range(26) for b in range(26)]
    assert sum(through.filter(record(f"cannot read {word}")) for word in words) <= 201
