"""Work that is begun in order, so many pieces at once; what is left of it ends with whoever asked."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

_T = TypeVar("_T")


class Turns:
    """At most `at_once` pieces run; the others wait in the order in which they were begun."""

    def __init__(self, at_once: int) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Callable[[], Awaitable[_T]]) -> "asyncio.Task[_T]":
        """Begin `work` as soon as there is a place for it; awaiting what is returned gives its result."""
        task = asyncio.ensure_future(self._in_turn(work))
        self._tasks.add(task)
        return task

    async def _in_turn(self, work: Callable[[], Awaitable[_T]]) -> _T:
        async with self._places:
            return await work()

    async def end(self) -> None:
        """Cancel what still runs or waits; exceptions that nobody asked for are dropped with it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def take_turns(at_once: int) -> AsyncIterator[Turns]:
    """Hand out turns, and end with the block what was begun in it."""
    turns = Turns(at_once)
    try:
        yield turns
    finally:
        await turns.end()
