"""Rate limits, on a clock of the test's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accounts.limits import RateLimit
from app.errors import TooManyAttempts


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def allowed(limit: RateLimit, key: str) -> bool:
    try:
        limit.attempt(key)
    except TooManyAttempts:
        return False
    return True


@given(waits=st.lists(st.floats(0, 40), max_size=60), most=st.integers(1, 5))
def test_no_minute_has_more_attempts_than_allowed(waits: list[float], most: int) -> None:
    """Whatever the rhythm; and whoever waits a minute is let in again."""
    clock, taken = Clock(), []
    limit = RateLimit(most, clock=clock)
    for wait in waits:
        clock.seconds += wait
        if allowed(limit, "key"):
            taken.append(clock.seconds)
    for start in taken:
        assert sum(start <= moment < start + 60 for moment in taken) <= most
    clock.seconds += 60.001
    assert allowed(limit, "key")


def test_keys_are_counted_apart_and_forgotten_when_proved() -> None:
    limit = RateLimit(1, clock=Clock())
    assert [allowed(limit, "a"), allowed(limit, "a"), allowed(limit, "b")] == [True, False, True]
    limit.forget("a")
    assert allowed(limit, "a")


def test_memory_stays_bounded() -> None:
    """Made-up keys push out the oldest, they don't pile up."""
    limit = RateLimit(1, keys_remembered=3, clock=Clock())
    for key in "abcdef":
        limit.attempt(key)
    assert len(limit._attempts) == 3


def test_an_attempt_that_proved_itself_is_taken_back_and_no_other() -> None:
    """Of a whole class behind one address those are counted that fail."""
    limit = RateLimit(2, clock=Clock())
    for _ in range(5):
        limit.attempt("a")
        limit.give_back("a")
    assert [allowed(limit, "a") for _ in range(3)] == [True, True, False]
    limit.give_back("nobody")
    limit.give_back("a")
    assert [allowed(limit, "a") for _ in range(2)] == [True, False]


@given(waits=st.lists(st.floats(0, 40), max_size=60), most=st.integers(1, 5))
def test_whoever_comes_again_when_it_is_said_is_let_in_and_nobody_earlier(
    waits: list[float], most: int
) -> None:
    clock = Clock()
    limit = RateLimit(most, clock=clock)
    for wait in waits:
        clock.seconds += wait
        try:
            limit.attempt("key")
        except TooManyAttempts as refusal:
            seconds = refusal.retry_after_seconds
            assert seconds is not None
            assert 0 < seconds <= 60
            clock.seconds += seconds / 2
            assert not limit.allows_another("key")
            clock.seconds += seconds / 2 + 0.001
            assert limit.allows_another("key")


@pytest.mark.parametrize(
    ("after", "words"),
    [(0.0, "60 seconds"), (20.5, "40 seconds"), (59.5, "a second")],
)
def test_a_refusal_says_when_to_come_again(after: float, words: str) -> None:
    clock = Clock()
    limit = RateLimit(1, clock=clock)
    limit.attempt("key")
    clock.seconds = after
    with pytest.raises(TooManyAttempts, match=f"Too many attempts. Try again in {words}\\."):
        limit.attempt("key")


def test_long_windows_are_told_in_minutes() -> None:
    limit = RateLimit(1, window_seconds=600, clock=Clock())
    limit.attempt("key")
    assert limit.refusal("key", "Stop.").message == "Stop. Try again in 10 minutes."
