"""Networks take turns at being worked on."""

import asyncio

import pytest

from app.core.network_turns import NetworkTurns, Turn

pytestmark = pytest.mark.anyio

_NEVER_SECONDS = 1e6


async def _settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


class _Line:
    """Requests that wait for their turns; `order` is that in which they got them."""

    def __init__(self, turns: NetworkTurns) -> None:
        self._turns = turns
        self.order: list[str] = []
        self.running: list[Turn] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def ask(self, *names: str) -> None:
        for name in names:
            self.tasks.append(asyncio.create_task(self._one(name)))
            await _settle()

    async def _one(self, name: str) -> None:
        turn = await self._turns.take(name.partition("-")[0])
        self.order.append(name)
        self.running.append(turn)

    async def end_all(self) -> None:
        while self.running:
            self.running.pop(0).end()
            await _settle()


async def test_a_newcomer_waits_only_for_what_is_worked_on() -> None:
    """However much others have asked for before."""
    line = _Line(NetworkTurns(at_once=1, longest_seconds=_NEVER_SECONDS))
    await line.ask("a-1", "a-2", "a-3", "a-4", "b-1", "b-2", "c-1")
    await line.end_all()
    assert line.order == ["a-1", "b-1", "c-1", "a-2", "b-2", "a-3", "a-4"]


async def test_so_many_at_once() -> None:
    line = _Line(NetworkTurns(at_once=2, longest_seconds=_NEVER_SECONDS))
    await line.ask("a-1", "a-2", "a-3", "b-1")
    assert line.order == ["a-1", "a-2"]
    line.running[0].end()
    line.running[0].end()  # Doing it again gives nobody a turn.
    await _settle()
    assert line.order == ["a-1", "a-2", "b-1"]


async def test_who_waits_for_something_else_holds_up_nobody() -> None:
    line = _Line(NetworkTurns(at_once=1, longest_seconds=0.01))
    await line.ask("a-1", "a-2")
    await asyncio.wait(line.tasks)
    assert line.order == ["a-1", "a-2"]


async def test_who_gives_up_leaves_no_gap() -> None:
    """While waiting, and in the moment of being given the turn."""
    line = _Line(NetworkTurns(at_once=1, longest_seconds=_NEVER_SECONDS))
    await line.ask("a-1", "b-1", "c-1", "d-1")
    line.tasks[1].cancel()
    await _settle()
    line.running.pop(0).end()
    line.tasks[2].cancel()  # c-1 has been given it, and does not know yet.
    await _settle()
    assert line.order == ["a-1", "d-1"]
