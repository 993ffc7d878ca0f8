"""The feed: replay, then live, for any number of readers at any speed."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.events import CaseDone, Event, Queued, Running, VerdictReached
from app.core.outcome import Outcome
from app.core.verdict import CaseResult, Verdict, Visibility
from app.events.feed import Feed, SentEvent

pytestmark = pytest.mark.anyio


def verdict(outcome: Outcome = Outcome.ACCEPTED) -> Verdict:
    return Verdict(
        problem="double",
        version="v",
        outcome=outcome,
        accepted=outcome is Outcome.ACCEPTED,
        score=1.0,
        diagnosis=None,
        cases=(),
        stdout="",
        stderr="",
        error=None,
        wall_seconds=0.0,
        environment={},
    )


def case(name: str) -> CaseDone:
    return CaseDone(
        case=CaseResult(name=name, visibility=Visibility.SAMPLE, outcome=Outcome.PASSED, points=1.0)
    )


END = VerdictReached(verdict=verdict())


async def all_of(events: AsyncIterator[SentEvent]) -> list[Event]:
    return [sent.event async for sent in events]


@given(
    events=st.lists(
        st.sampled_from([Queued(position=1), Running(cases=("a",)), case("a"), case("b")]),
        # A case that comes twice in a run is told once.
        unique_by=lambda event: event.case.name if isinstance(event, CaseDone) else object(),
    ),
    joined=st.integers(0, 20),
)
def test_everybody_hears_the_same_whenever_they_join(events: list[Event], joined: int) -> None:
    """Except for queue positions, of which a late reader hears the last one only."""

    async def run() -> tuple[list[Event], list[Event]]:
        feed = Feed()
        early = asyncio.create_task(all_of(feed.follow("s")))
        late = None
        for number, event in enumerate([*events, END]):
            if number == joined:
                late = asyncio.create_task(all_of(feed.follow("s")))
            feed.publish("s", event)
            await asyncio.sleep(0)
        return await early, await (late or all_of(feed.follow("s")))

    early, late = asyncio.run(run())
    sent = [event for event in [*events, END] if not isinstance(event, Queued)]
    for received in (early, late):
        assert [event for event in received if not isinstance(event, Queued)] == sent


async def test_a_reader_hears_each_change_of_its_position() -> None:
    feed = Feed()
    feed.publish("s", Queued(position=2))
    events = feed.follow("s")
    assert (await anext(events)).event == Queued(position=2)
    feed.publish("s", Queued(position=1))
    assert (await anext(events)).event == Queued(position=1)


async def test_a_reader_that_never_reads_holds_up_nobody() -> None:
    """Publishing doesn't wait, and the history is all the memory that there is."""
    feed = Feed()
    stuck = feed.follow("s")
    feed.publish("s", Queued(position=0))
    await anext(stuck)
    for _ in range(10_000):
        feed.publish("s", case("a"))
    feed.publish("s", END)
    received = await asyncio.wait_for(all_of(feed.follow("s")), 60)
    assert len(received) <= 1001
    assert received[-1] == END


async def test_nothing_follows_a_verdict() -> None:
    """A run that was cancelled may still report; nobody is told."""
    feed = Feed()
    feed.publish("s", END)
    feed.publish("s", case("late"))
    assert await all_of(feed.follow("s")) == [END]


async def test_ended_submissions_are_forgotten_in_time() -> None:
    feed = Feed(ended_remembered=2)
    for name in ("a", "b", "c"):
        feed.publish(name, END)
    assert list(feed._ended) == ["b", "c"]
    assert not feed._under_way


async def test_a_case_is_told_once_a_run() -> None:
    """By a worker that was taken for dead as well; a run that is made again is told again."""
    feed = Feed()
    run = Running(cases=("a", "b"))
    for event in (run, case("a"), run, case("a"), case("a"), case("b"), case("b"), END):
        feed.publish("s", event)
    received = [sent.event async for sent in feed.follow("s")]
    assert received == [run, case("a"), run, case("a"), case("b"), END]
