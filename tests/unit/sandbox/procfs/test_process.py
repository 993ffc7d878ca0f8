"""Waiting for a descriptor: for a time, and not a moment longer than somebody wants it."""

import asyncio
import os
import time
from collections.abc import Iterator

import pytest

from sandbox.procfs.process import readable_within


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_it_says_whether_there_was_something(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    assert not asyncio.run(readable_within(reading, 0.05))
    os.write(writing, b"x")
    assert asyncio.run(readable_within(reading, 60))


def test_a_cancellation_counts_that_comes_together_with_the_data(pipe: tuple[int, int]) -> None:
    """A watch that goes on for ever would hold up the end of its run for as long."""
    reading, writing = pipe

    async def watch() -> None:
        while True:
            await readable_within(reading, 0.05)
            os.set_blocking(reading, False)
            os.read(reading, 1)

    async def main() -> None:
        watching = asyncio.create_task(watch())
        await asyncio.sleep(0.01)
        # In its next round the loop finds both: the descriptor first, and then whoever is due.
        os.write(writing, b"x")
        asyncio.get_running_loop().call_later(0.001, watching.cancel)
        time.sleep(0.01)  # noqa: ASYNC251 - as a busy machine does it
        await asyncio.wait({watching}, timeout=60)
        assert watching.cancelled()

    asyncio.run(main())
