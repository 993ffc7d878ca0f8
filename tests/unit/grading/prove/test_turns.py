"""Runs of a proof go on side by side, in order, and none is left behind."""

import asyncio

import pytest

from app.grading.prove.turns import take_turns


class Running:
    """Pieces of work that tell when they begin, and end when they are told to."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.may_end: dict[str, asyncio.Event] = {}

    async def work(self, name: str) -> str:
        self.begun.append(name)
        try:
            await self.may_end.setdefault(name, asyncio.Event()).wait()
        finally:
            self.ended.append(name)
        return name.upper()


async def _settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.anyio
@pytest.mark.parametrize("at_once", [1, 2, 3])
async def test_as_many_run_as_there_are_places(at_once: int) -> None:
    """The next one in order begins where one has ended, whichever it was."""
    running = Running()
    async with take_turns(at_once) as turns:
        tasks = {name: turns.start(lambda name=name: running.work(name)) for name in "abcd"}  # type: ignore[misc]
        await _settle()
        assert running.begun == list("abcd")[:at_once]
        last = running.begun[-1]
        running.may_end[last].set()
        assert await tasks[last] == last.upper()
        await _settle()
        assert running.begun == list("abcd")[: at_once + 1]


@pytest.mark.anyio
async def test_nothing_outlives_the_block() -> None:
    """What runs is cancelled, and what waits never begins."""
    running = Running()
    async with take_turns(1) as turns:
        turns.start(lambda: running.work("a"))
        turns.start(lambda: running.work("b"))
        await _settle()
    assert (running.begun, running.ended) == (["a"], ["a"])


@pytest.mark.anyio
async def test_what_is_raised_reaches_who_awaits_it() -> None:
    """And leaves its place to the next."""

    async def breaks() -> None:
        raise ValueError("no")

    async def works() -> int:
        return 1

    async with take_turns(1) as turns:
        broken, whole = turns.start(breaks), turns.start(works)
        with pytest.raises(ValueError, match="no"):
            await broken
        assert await whole == 1
