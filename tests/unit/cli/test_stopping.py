"""A signal is told before the work ends, and what breaks of it is not told at all."""

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from app.cli.stopping import run_until_stopped

_BOTH = (signal.SIGINT, signal.SIGTERM)


async def _wait(order: list[str], number: signal.Signals, *, breaks: bool = False) -> None:
    os.kill(os.getpid(), number)
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        order.append("ended")
        if breaks:
            raise RuntimeError("a jail that was ended") from None
        raise


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """As in front of a terminal: what a shell has started in the background ignores SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", _BOTH)
@pytest.mark.parametrize("breaks", [False, True])
def test_who_is_stopped_is_told_first(number: signal.Signals, breaks: bool) -> None:
    """A CI system's second signal comes soon, and is harder."""
    order: list[str] = []
    work = _wait(order, number, breaks=breaks)
    stopped_by = asyncio.run(run_until_stopped(work, lambda found: order.append(found.name)))
    assert (stopped_by, order) == (number, [number.name, "ended"])


@pytest.mark.parametrize("number", _BOTH)
def test_what_is_ignored_on_purpose_stays_ignored(number: signal.Signals) -> None:
    """As `nohup` and shells in the background have it."""
    before = signal.signal(number, signal.SIG_IGN)
    try:

        async def end() -> None:
            os.kill(os.getpid(), number)
            await asyncio.sleep(0.01)

        assert asyncio.run(run_until_stopped(end(), lambda _: pytest.fail("told"))) is None
    finally:
        signal.signal(number, before)


def test_work_that_ends_by_itself_ends_as_it_does() -> None:
    async def fail() -> None:
        raise ValueError("ours")

    async def end() -> None:
        return

    assert asyncio.run(run_until_stopped(end(), lambda _: None)) is None
    with pytest.raises(ValueError, match=r"^ours$"):
        asyncio.run(run_until_stopped(fail(), lambda _: None))
