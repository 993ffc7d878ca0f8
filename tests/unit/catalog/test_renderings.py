"""Statements and listings: made once, away from the event loop, and without making a page wait for ever."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from app.catalog import renderings as module
from app.catalog.highlighting import code_listing
from app.catalog.problem_folder import read_problem
from app.catalog.renderings import Renderings, open_renderings
from app.errors import ProblemError
from tests.support.small_problem import small_problem

pytestmark = pytest.mark.anyio


@pytest.fixture
async def renderings() -> AsyncIterator[Renderings]:
    with open_renderings() as opened:
        yield opened


async def test_a_listing_is_made_once_and_not_by_the_loop(
    renderings: Renderings, monkeypatch: pytest.MonkeyPatch
) -> None:
    makers: list[threading.Thread] = []

    def listing(code: str, *, in_colours: bool = True) -> str:
        makers.append(threading.current_thread())
        return code_listing(code, in_colours=in_colours)

    monkeypatch.setattr(module, "code_listing", listing)
    first, second = await asyncio.gather(renderings.listing("x = 1\n"), renderings.listing("x = 1\n"))
    assert first == second == await renderings.listing("x = 1\n") == code_listing("x = 1\n")
    assert len(makers) == 1
    assert makers[0] is not threading.main_thread()


async def test_who_would_wait_long_sees_the_code_without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are made all the same, and are there the next time."""
    may_go_on = threading.Event()

    def slow(code: str, *, in_colours: bool = True) -> str:
        if in_colours:
            may_go_on.wait(60)
        return code_listing(code, in_colours=in_colours)

    monkeypatch.setattr(module, "code_listing", slow)
    with open_renderings(patience_seconds=0.05) as renderings:
        assert await renderings.listing("def f(): ...") == code_listing("def f(): ...", in_colours=False)
        may_go_on.set()
        while "<span" not in await renderings.listing("def f(): ..."):  # noqa: ASYNC110 (it has no event)
            await asyncio.sleep(0.01)


async def test_a_crowd_of_texts_waits_for_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    may_go_on = threading.Event()

    def slow(code: str, *, in_colours: bool = True) -> str:
        if in_colours:
            may_go_on.wait(60)
        return code_listing(code, in_colours=in_colours)

    monkeypatch.setattr(module, "code_listing", slow)
    with open_renderings(patience_seconds=60) as renderings:
        waiting = [asyncio.create_task(renderings.listing(f"x = {number}")) for number in range(20)]
        await asyncio.sleep(0)
        assert await renderings.listing("y = 1") == code_listing("y = 1", in_colours=False)
        may_go_on.set()
        for number, listing in enumerate(await asyncio.gather(*waiting)):
            assert listing == code_listing(f"x = {number}")


async def test_what_is_kept_has_a_bound(monkeypatch: pytest.MonkeyPatch, renderings: Renderings) -> None:
    monkeypatch.setattr(module, "_MOST_BYTES", 3 * len(code_listing("x = 1")))
    for number in range(9):
        await renderings.listing(f"x = {number}")
    assert sorted(renderings._listings._kept.values()) == [code_listing(f"x = {n}") for n in (6, 7, 8)]


async def test_a_statement_that_cannot_be_shown_says_so_each_time(renderings: Renderings) -> None:
    problem = read_problem(small_problem(statement="# T\n\n:::quiz\nWhich?\n:::\n"))
    for _ in range(2):
        with pytest.raises(ProblemError, match="has no choices"):
            await renderings.statement(problem)


async def test_whoever_goes_away_keeps_nobody_from_the_same_text(renderings: Renderings) -> None:
    problem = read_problem(small_problem())
    gone = asyncio.create_task(renderings.statement(problem))
    await asyncio.sleep(0)
    staying = asyncio.create_task(renderings.statement(problem))
    gone.cancel()
    assert "Two of everything." in (await staying).html
