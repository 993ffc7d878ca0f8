"""Networks take turns at having a password hashed, and nobody's many keep out another's one."""

import asyncio

import pytest

from app.accounts.hash_turns import HashTurns
from app.errors import TooManyAttempts

pytestmark = pytest.mark.anyio


class _Line:
    """Hashes that wait for their turns; `order` is that in which they began, `refused` who found no place."""

    def __init__(self, turns: HashTurns) -> None:
        self._turns = turns
        self._ends: dict[str, asyncio.Event] = {}
        self.order: list[str] = []
        self.refused: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def ask(self, *names: str) -> None:
        for name in names:
            self._ends[name] = asyncio.Event()
            self.tasks[name] = asyncio.create_task(self._one(name))
            await _settle()

    async def _one(self, name: str) -> None:
        try:
            async with self._turns.turn(name.partition("-")[0]):
                self.order.append(name)
                await self._ends[name].wait()
        except TooManyAttempts:
            self.refused.append(name)

    async def end(self, *names: str) -> None:
        for name in names:
            self._ends[name].set()
            await _settle()

    async def end_all(self) -> None:
        await self.end(*self._ends)
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)


async def _settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_newcomer_waits_only_for_what_is_computed() -> None:
    """However much others have asked for before."""
    line = _Line(HashTurns(at_once=1, most_waiting=100))
    await line.ask("a-1", "a-2", "a-3", "a-4", "b-1", "b-2", "c-1")
    await line.end_all()
    assert line.order == ["a-1", "b-1", "c-1", "a-2", "b-2", "a-3", "a-4"]


async def test_so_many_at_once() -> None:
    line = _Line(HashTurns(at_once=2, most_waiting=100))
    await line.ask("a-1", "a-2", "a-3", "b-1")
    assert line.order == ["a-1", "a-2"]
    await line.end("a-2")
    assert line.order == ["a-1", "a-2", "b-1"]
    await line.end_all()


async def test_of_too_many_the_newest_of_the_heaviest_network_goes() -> None:
    line = _Line(HashTurns(at_once=1, most_waiting=4))
    await line.ask("a-0", "a-1", "a-2", "a-3", "a-4", "a-5", "b-1", "b-2", "b-3", "c-1", "d-1")
    # a-5 has no place beside its own; then a and b have two each, and c and d take one of each.
    assert line.refused[:4] == ["a-5", "a-4", "a-3", "b-3"]
    assert sorted(line.refused[4:]) == ["a-2", "b-2"]
    await line.end_all()
    assert sorted(line.order) == ["a-0", "a-1", "b-1", "c-1", "d-1"]


async def test_where_each_network_has_one_the_next_finds_no_place() -> None:
    line = _Line(HashTurns(at_once=1, most_waiting=3))
    await line.ask("a-0", "a-1", "b-1", "c-1", "d-1")
    assert line.refused == ["d-1"]
    await line.end_all()
    assert line.order == ["a-0", "b-1", "c-1", "a-1"]


async def test_who_gives_up_leaves_no_gap() -> None:
    """While waiting, in the moment of being given the turn, and while it lasts."""
    line = _Line(HashTurns(at_once=1, most_waiting=100))
    await line.ask("a-1", "b-1", "c-1", "d-1", "e-1")
    line.tasks["b-1"].cancel()
    await _settle()
    line.tasks["a-1"].cancel()
    await asyncio.sleep(0)
    # c-1 has been given it, or is about to.
    line.tasks["c-1"].cancel()
    await _settle()
    await line.end_all()
    assert line.order[0] == "a-1"
    assert line.order[-2:] == ["d-1", "e-1"]
