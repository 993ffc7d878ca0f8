"""Who holds the event loop is logged with the stack, once, and counted each time."""

import asyncio
import logging
import time

import pytest

from app.metrics.loop_watch import ignore_hold, watching_loop
from app.metrics.metrics import Metrics

pytestmark = pytest.mark.anyio


def hold_the_loop(seconds: float) -> None:
    time.sleep(seconds)


def compute(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


async def test_a_hold_is_logged_with_its_stack(caplog: pytest.LogCaptureFixture) -> None:
    held: list[float] = []
    async with watching_loop(held.append, held_seconds=0.1):
        await asyncio.sleep(0.1)
        hold_the_loop(0.5)
        await asyncio.sleep(0.01)
    assert any(seconds > 0.3 for seconds in held)
    [record] = [r for r in caplog.records if "hold_the_loop(0.5)" in r.getMessage()]
    assert record.levelno == logging.WARNING
    assert "the event loop has been held for" in record.getMessage()


async def test_what_was_computed_is_told_apart_from_waiting(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever waits for a disk, or on a busy machine for a processor, has computed next to nothing."""
    for hold, computes in ((hold_the_loop, False), (compute, True)):
        caplog.clear()
        async with watching_loop(ignore_hold, held_seconds=0.3, log_every_seconds=0):
            await asyncio.sleep(0.1)
            hold(1.0)
            await asyncio.sleep(0.01)
        [message] = [r.getMessage() for r in caplog.records if f"in {hold.__name__}" in r.getMessage()]
        seconds = float(message.partition("held for ")[2].partition(" s, ")[2].partition(" s of")[0])
        assert (seconds > 0.05) is computes


async def test_holds_in_a_row_are_logged_once_and_counted_all(caplog: pytest.LogCaptureFixture) -> None:
    held: list[float] = []
    async with watching_loop(held.append, held_seconds=0.1, log_every_seconds=3600):
        for _ in range(3):
            await asyncio.sleep(0.1)
            hold_the_loop(0.3)
        await asyncio.sleep(0.01)
    assert len(held) >= 3
    assert len(caplog.records) == 1


async def test_a_later_log_says_how_many_holds_were_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    async with watching_loop(ignore_hold, held_seconds=0.1, log_every_seconds=1.2):
        for _ in range(8):
            await asyncio.sleep(0.1)
            hold_the_loop(0.3)
    assert any("holds before it were not logged" in record.getMessage() for record in caplog.records[1:])


async def test_holds_are_among_the_metrics() -> None:
    metrics = Metrics()
    metrics.loop_held(0.3)
    assert b'jaxercise_loop_held_seconds_bucket{le="0.5"} 1.0' in await metrics.text()
