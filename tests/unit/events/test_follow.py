"""Following one submission to its end, wherever it stands."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import msgspec
import pytest

from app.core.events import CaseDone, Event, Queued, Running, VerdictExplained, VerdictReached
from app.core.job import Status
from app.core.outcome import Outcome
from app.core.submission import Submission
from app.core.verdict import CaseResult, Explained, Mode, Verdict, Visibility
from app.errors import DatabaseUnavailable
from app.events.feed import Feed
from app.events.follow import follow_submission
from app.events.verdict_watch import VerdictWatch
from app.store.queries.verdicts import NumberedVerdict

pytestmark = pytest.mark.anyio

CASE = CaseResult(name="a", visibility=Visibility.SAMPLE, outcome=Outcome.PASSED, points=1.0)
VERDICT = Verdict(
    problem="double",
    version="v",
    outcome=Outcome.ACCEPTED,
    accepted=True,
    score=1.0,
    diagnosis=None,
    cases=(CASE,),
    stdout="",
    stderr="",
    error=None,
    wall_seconds=0.0,
    environment={},
)
WAITING = Submission(
    id="s",
    user_id="u",
    problem_slug="double",
    version="v",
    mode=Mode.RUN,
    code="x",
    status=Status.QUEUED,
    seed=1,
    created_at=datetime.now(UTC),
)
DONE = msgspec.structs.replace(WAITING, status=Status.DONE, verdict=VERDICT, verdict_number=1)


def watch(stored: Callable[[], Submission | None]) -> VerdictWatch:
    """Looks very often at one stored submission, or at none any more."""

    async def read_later(known: Mapping[str, int]) -> Mapping[str, NumberedVerdict | None]:
        found = stored()
        if found is None:
            return dict.fromkeys(known)
        if found.verdict is None or found.verdict_number <= known[found.id]:
            return {}
        return {found.id: NumberedVerdict(number=found.verdict_number, verdict=found.verdict)}

    return VerdictWatch(read_later, silent_seconds=0.01)


async def sent(
    feed: Feed, submission: Submission, stored: Submission | None, *, last_id: str | None = None
) -> list[Event]:
    looking = watch(lambda: stored)
    async with asyncio.timeout(60), looking.running():
        following = follow_submission(feed, submission, looking, last_id=last_id)
        return [sent.event async for sent in following]


async def test_a_finished_submission_is_told_from_its_verdict() -> None:
    """Also by a process that never saw it run."""
    expected = [Running(cases=("a",)), CaseDone(case=CASE), VerdictReached(verdict=VERDICT)]
    assert await sent(Feed(), DONE, DONE) == expected


async def test_a_verdict_of_another_process_is_found_in_the_store() -> None:
    feed = Feed()
    feed.publish("s", Queued(position=0))
    assert await sent(feed, WAITING, DONE) == [Queued(position=0), VerdictReached(verdict=VERDICT)]


async def test_a_follower_keeps_listening_while_there_is_no_verdict() -> None:
    feed = Feed()

    async def later() -> None:
        await asyncio.sleep(0.05)
        feed.publish("s", VerdictReached(verdict=VERDICT))

    publishing = asyncio.create_task(later())
    assert await sent(feed, WAITING, WAITING) == [VerdictReached(verdict=VERDICT)]
    await publishing


async def test_a_follower_that_leaves_leaves_nothing_running() -> None:
    feed = Feed()
    feed.publish("s", Queued(position=0))

    before, looking = asyncio.all_tasks(), watch(lambda: WAITING)
    following = follow_submission(feed, WAITING, looking)
    await anext(following)
    await following.aclose()  # type: ignore[attr-defined]  # it is a generator, and may close
    assert asyncio.all_tasks() == before
    assert not looking._watches


async def test_who_is_cut_off_while_a_verdict_is_told_goes_on_there() -> None:
    """In any process: each numbers what it tells from a verdict alike. Something is always told."""

    async def events_after(last_id: str | None) -> list[str | None]:
        following = follow_submission(Feed(), DONE, watch(lambda: DONE), last_id=last_id)
        return [sent.id async for sent in following]

    first, second, third = await events_after(None)
    assert await events_after(second) == [third]
    assert await events_after(first) == [second, third]
    assert await events_after(third) == [third]
    for strange in ("", "7", "v", "v-1", "v\N{SUPERSCRIPT TWO}", "v" + "9" * 5000):
        assert await events_after(strange) == [first, second, third]


async def test_a_follower_waits_while_the_database_is_away() -> None:
    looks = 0

    def stored() -> Submission:
        nonlocal looks
        looks += 1
        if looks < 3:
            raise DatabaseUnavailable
        return DONE

    looking = watch(stored)
    async with asyncio.timeout(60), looking.running():
        following = follow_submission(Feed(), WAITING, looking)
        assert [sent.event async for sent in following] == [VerdictReached(verdict=VERDICT)]


async def test_who_goes_on_and_missed_the_verdict_is_told_it_from_the_store() -> None:
    """The process knows the last event, and the verdict was written by another one."""
    feed = Feed()
    feed.publish("s", Running(cases=("a",)))
    first = await anext(feed.follow("s"))
    assert await sent(feed, DONE, DONE, last_id=first.id) == [VerdictReached(verdict=VERDICT)]


async def test_a_follower_of_what_is_gone_ends() -> None:
    assert await sent(Feed(), WAITING, None) == []


CUT_SHORT = msgspec.structs.replace(VERDICT, outcome=Outcome.WRONG_VALUE, explained=Explained.CUT_SHORT)
EXPLAINED = msgspec.structs.replace(CUT_SHORT, explained=Explained.COMPLETE)
OPEN = msgspec.structs.replace(DONE, verdict=CUT_SHORT)
EXPLAINED_AND_DONE = msgspec.structs.replace(DONE, verdict=EXPLAINED, verdict_number=2)


async def test_a_verdict_that_was_cut_short_is_followed_by_its_explanation() -> None:
    """The verdict at once, and once; then the stream stays open."""
    feed = Feed()
    feed.publish("s", VerdictReached(verdict=CUT_SHORT))
    following = asyncio.create_task(sent(feed, WAITING, OPEN))
    await asyncio.sleep(0.05)
    assert not following.done()
    feed.publish("s", VerdictExplained(verdict=EXPLAINED))
    feed.publish("s", VerdictExplained(verdict=EXPLAINED))
    expected = [VerdictReached(verdict=CUT_SHORT), VerdictExplained(verdict=EXPLAINED)]
    assert await following == expected
    assert await sent(feed, WAITING, OPEN) == expected


async def test_whoever_comes_between_verdict_and_explanation_is_told_both() -> None:
    """In the process that explains it, and in another one, where the store tells."""
    from_verdict = [Running(cases=("a",)), CaseDone(case=CASE), VerdictReached(verdict=CUT_SHORT)]
    assert await sent(Feed(), OPEN, EXPLAINED_AND_DONE) == [
        *from_verdict,
        VerdictExplained(verdict=EXPLAINED),
    ]
    feed = Feed()
    for event in (Running(cases=("a",)), CaseDone(case=CASE), VerdictReached(verdict=CUT_SHORT)):
        feed.publish("s", event)
    following = asyncio.create_task(sent(feed, OPEN, OPEN))
    await asyncio.sleep(0.05)
    feed.publish("s", VerdictExplained(verdict=EXPLAINED))
    assert await following == [*from_verdict, VerdictExplained(verdict=EXPLAINED)]


async def test_whoever_comes_after_the_explanation_is_told_the_verdict_with_it() -> None:
    assert (await sent(Feed(), EXPLAINED_AND_DONE, EXPLAINED_AND_DONE))[-1] == VerdictReached(
        verdict=EXPLAINED
    )


async def test_who_was_cut_off_after_the_verdict_hears_the_explanation() -> None:
    feed = Feed()
    feed.publish("s", VerdictReached(verdict=CUT_SHORT))
    first = await anext(feed.follow("s"))

    following = asyncio.create_task(sent(feed, OPEN, OPEN, last_id=first.id))
    await asyncio.sleep(0.05)
    feed.publish("s", VerdictExplained(verdict=EXPLAINED))
    assert await following == [VerdictExplained(verdict=EXPLAINED)]
