"""Deadlines that know when the event loop itself was late."""

import asyncio
import socket
import time
from contextlib import AbstractAsyncContextManager

import pytest

from sandbox.procfs.process import readable
from sandbox.run.loop_time import wait_within, within

pytestmark = pytest.mark.anyio


def hold(seconds: float) -> None:
    """Hold the loop, as a page did that coloured a hostile text."""
    time.sleep(seconds)


async def test_a_block_that_is_done_in_time_goes_on() -> None:
    async with within(60):
        await asyncio.sleep(0.001)


async def test_a_block_that_waits_for_ever_is_ended() -> None:
    start = time.monotonic()
    with pytest.raises(TimeoutError):
        async with within(0.15, step_seconds=0.05):
            await asyncio.Event().wait()
    assert time.monotonic() - start >= 0.15


async def test_no_time_at_all_is_over_at_once() -> None:
    with pytest.raises(TimeoutError):
        async with within(0):
            await asyncio.Event().wait()


async def test_a_loop_that_was_held_has_not_used_the_time_up() -> None:
    """By `asyncio.timeout` both of these are over, though a moment of the loop's own time has passed."""

    async def be_held(limit: AbstractAsyncContextManager[object]) -> None:
        async with limit:
            for _ in range(2):
                hold(0.5)
                await asyncio.sleep(0.01)

    with pytest.raises(TimeoutError):
        await be_held(asyncio.timeout(0.4))
    await be_held(within(0.4, step_seconds=0.05))


async def test_an_answer_that_came_while_the_loop_was_held_counts() -> None:
    """Even where the deadline is past at the very look that finds it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        answered = asyncio.ensure_future(readable(ours.fileno()))
        held = asyncio.ensure_future(wait_within([answered], 0.05))
        await asyncio.sleep(0)
        theirs.send(b"x")
        hold(0.2)
        await held
        assert answered.done()


async def test_who_waits_in_vain_keeps_what_it_waited_for() -> None:
    never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    await wait_within([never], 0.01)
    assert not never.done()
    never.cancel()


async def test_a_cancellation_is_no_deadline() -> None:
    async def wait() -> None:
        async with within(60):
            await asyncio.Event().wait()

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_what_a_block_raises_is_raised() -> None:
    with pytest.raises(KeyError):
        async with within(0.01):
            raise KeyError
    await asyncio.sleep(0.03)
