"""Live events between processes: what one publishes, the followers of all others hear."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec
import pytest
from sqlalchemy import text

from app.core.events import (
    CaseDone,
    Event,
    Queued,
    Running,
    VerdictExplained,
    VerdictReached,
)
from app.core.outcome import Outcome
from app.core.verdict import CaseResult, Explained, VerdictReason, Visibility
from app.events.feed import SentEvent
from app.events.follow import follow_submission
from app.events.relay import RelayedFeed
from app.events.verdict_watch import watch_of
from app.store.engine.database import Database
from app.store.queries import verdicts
from app.submissions.service import unfinished_verdict
from tests.support.queue_harness import QueueHarness
from tests.support.scripted_service import until
from tests.support.submission_jobs import end_submission

pytestmark = [pytest.mark.anyio, pytest.mark.postgresql]

RUNNING = Running(cases=("a", "b"))


def case(name: str) -> CaseDone:
    # Larger than any notification may be.
    result = CaseResult(
        name=name, visibility=Visibility.SAMPLE, outcome=Outcome.PASSED, points=1.0, picture="p" * 20_000
    )
    return CaseDone(case=result)


@asynccontextmanager
async def processes(
    url: str, count: int = 2, *, cleaning_seconds: float = 60.0
) -> AsyncIterator[list[RelayedFeed]]:
    """So many feeds, each with connections of its own."""
    async with AsyncExitStack() as stack:
        feeds = []
        for _ in range(count):
            database = Database(url)
            stack.push_async_callback(database.close)
            feeds.append(RelayedFeed(database, cleaning_seconds=cleaning_seconds))
            await stack.enter_async_context(feeds[-1].running())
        yield feeds


async def finish(harness: QueueHarness, submission_id: str, *cases: CaseDone) -> VerdictReached:
    """As a worker does it before it tells anybody."""
    verdict = unfinished_verdict(await harness.stored(submission_id), Outcome.ACCEPTED, "")
    verdict = msgspec.structs.replace(verdict, cases=tuple(done.case for done in cases))
    async with harness.database.transaction() as connection:
        await end_submission(connection, submission_id, verdict)
    return VerdictReached(verdict=verdict)


class Follower:
    """Follows in the background; `sent` grows."""

    def __init__(self, events: AsyncIterator[SentEvent]) -> None:
        self.sent: list[SentEvent] = []
        self._task = asyncio.create_task(self._follow(events))

    async def _follow(self, events: AsyncIterator[SentEvent]) -> None:
        async for sent in events:
            self.sent.append(sent)

    @property
    def events(self) -> list[Event]:
        return [sent.event for sent in self.sent]

    async def end(self) -> None:
        await asyncio.wait_for(self._task, 60)

    async def leave(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def test_followers_anywhere_hear_everything_in_order_and_once(harness: QueueHarness) -> None:
    """Also one that comes in the middle, and pictures that no notification could hold."""
    [submission_id] = await harness.take_in()
    async with processes(harness.database.url, 3) as [worker, page, other_page]:
        early = Follower(page.follow(submission_id))
        await asyncio.sleep(0.1)
        worker.publish(submission_id, RUNNING)
        worker.publish(submission_id, case("a"))
        await until(lambda: len(early.sent) == 2)
        late = Follower(other_page.follow(submission_id))
        worker.publish(submission_id, case("b"))
        end = await finish(harness, submission_id, case("a"), case("b"))
        worker.publish(submission_id, end)
        await asyncio.gather(early.end(), late.end())
    assert early.events == late.events == [RUNNING, case("a"), case("b"), end]
    ids = [int(sent.id or "") for sent in early.sent]
    assert ids == sorted(set(ids))


async def test_a_verdict_that_is_seen_before_the_last_events_leaves_none_out(harness: QueueHarness) -> None:
    """A worker stores the verdict while its last events are still on their way, or dies right after."""
    submission_id, other_id = await harness.take_in(10, 10)
    async with processes(harness.database.url) as [worker, page]:
        worker.publish(submission_id, RUNNING)
        worker.publish(submission_id, case("a"))
        await asyncio.sleep(0.3)
        end = await finish(harness, submission_id, case("a"), case("b"))
        # Whose run told nothing at all is told from the verdict.
        other_end = await finish(harness, other_id, case("a"))
        other = [sent.event async for sent in page.follow(other_id)]
        events = [sent.event async for sent in page.follow(submission_id)]
    assert events == [RUNNING, case("a"), case("b"), end]
    assert other == [Running(cases=("a",)), case("a"), other_end]


async def test_an_explanation_is_heard_anywhere_after_its_verdict(harness: QueueHarness) -> None:
    """By who was there, and by who comes between the two; the store has it, and the event only says so."""
    [submission_id] = await harness.take_in()
    async with processes(harness.database.url, 3) as [worker, page, other_page]:
        early = Follower(page.follow(submission_id))
        await asyncio.sleep(0.1)
        verdict = unfinished_verdict(await harness.stored(submission_id), Outcome.WRONG_VALUE, "")
        open_verdict = msgspec.structs.replace(verdict, explained=Explained.CUT_SHORT)
        async with harness.database.transaction() as connection:
            await end_submission(connection, submission_id, open_verdict)
        worker.publish(submission_id, VerdictReached(verdict=open_verdict))
        await until(lambda: len(early.sent) == 2)
        late = Follower(other_page.follow(submission_id))
        await until(lambda: len(late.sent) == 2)
        said = msgspec.structs.replace(verdict, explained=Explained.COMPLETE)
        async with harness.database.transaction() as connection:
            why = VerdictReason.EXPLAINED
            assert await verdicts.write_next(connection, submission_id, said, why, after=1)
        worker.publish(submission_id, VerdictExplained(verdict=said))
        await asyncio.gather(early.end(), late.end())
    reached = VerdictReached(verdict=open_verdict)
    assert early.events == late.events == [Running(), reached, VerdictExplained(verdict=said)]
    ids = [int(sent.id or "") for sent in early.sent]
    assert ids == sorted(set(ids))


async def test_who_was_cut_off_goes_on_after_the_last_event_elsewhere(harness: QueueHarness) -> None:
    """The browser connects again, and a proxy sends it to another process; so also after the verdict."""
    [submission_id] = await harness.take_in()

    async with processes(harness.database.url, 3) as [worker, page, other_page]:
        first = Follower(page.follow(submission_id))
        worker.publish(submission_id, RUNNING)
        worker.publish(submission_id, case("a"))
        await until(lambda: len(first.sent) == 2)
        await first.leave()
        worker.publish(submission_id, case("b"))
        end = await finish(harness, submission_id, case("a"), case("b"))
        worker.publish(submission_id, end)
        await asyncio.sleep(0.3)
        again = follow_submission(
            other_page,
            await harness.stored(submission_id),
            watch_of(harness.database),
            last_id=first.sent[-1].id,
        )
        assert [sent.event async for sent in again] == [case("b"), end]
        # Nobody follows any more, and nothing is kept.
        assert not page._under_way
        assert not other_page._ended


async def test_a_lost_connection_loses_no_event(harness: QueueHarness) -> None:
    """PostgreSQL drops what listens; what was told meanwhile is read after."""
    [submission_id] = await harness.take_in()
    async with processes(harness.database.url) as [worker, page]:
        follower = Follower(page.follow(submission_id))
        worker.publish(submission_id, RUNNING)
        await until(lambda: follower.events == [RUNNING])
        async with harness.database.transaction() as connection:
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            await connection.execute(text(f"{others} AND datname = current_database()"))
        worker.publish(submission_id, case("a"))
        await until(lambda: len(follower.sent) == 2)
        worker.publish(submission_id, await finish(harness, submission_id))
        await follower.end()
    assert follower.events[:2] == [RUNNING, case("a")]


async def test_a_reader_that_never_reads_holds_up_nobody(harness: QueueHarness) -> None:
    slow_id, quick_id = await harness.take_in(10, 10)
    async with processes(harness.database.url) as [worker, page]:
        stuck = page.follow(slow_id)
        worker.publish(slow_id, RUNNING)
        assert (await anext(stuck)).event == RUNNING
        quick = Follower(page.follow(quick_id))
        for number in range(200):
            worker.publish(slow_id, case(str(number)))
        worker.publish(quick_id, RUNNING)
        worker.publish(quick_id, await finish(harness, quick_id))
        await quick.end()
        await stuck.aclose()  # type: ignore[attr-defined]  # it is a generator, and may close


async def test_those_who_wait_hear_their_place(harness: QueueHarness) -> None:
    """Each process tells its own followers, whoever took the others away."""
    first, second = await harness.take_in(10, 10)
    async with processes(harness.database.url, 1) as [page]:
        follower = Follower(page.follow(second))
        queue = harness.queue
        async with queue.publishing_positions(page.followed, page.publish):  # type: ignore[attr-defined]
            await until(lambda: follower.events == [Queued(position=1)])
            await finish(harness, first)
            await until(lambda: follower.events == [Queued(position=1), Queued(position=0)])
            # Who leaves and comes again at once hears it anew, though nothing has changed.
            await follower.leave()
            again = Follower(page.follow(second))
            await until(lambda: again.events == [Queued(position=0)])
            # Whoever comes after that is told by a later look, which has nothing new for the one before.
            [third] = await harness.take_in(10)
            later = Follower(page.follow(third))
            await until(lambda: later.events == [Queued(position=1)])
            assert again.events == [Queued(position=0)]
            await again.leave()
            await later.leave()


async def test_old_events_are_forgotten(harness: QueueHarness) -> None:
    [submission_id] = await harness.take_in()

    async def count() -> int:
        async with harness.database.reading() as connection:
            query = text("SELECT count(*) FROM submission_events")
            return int((await connection.execute(query)).scalar_one())

    async with processes(harness.database.url, 1, cleaning_seconds=0.05) as [worker]:
        worker.publish(submission_id, RUNNING)
        async with asyncio.timeout(60):
            while await count() != 1:  # noqa: ASYNC110 (what is waited for has no event)
                await asyncio.sleep(0.02)
        async with harness.database.transaction() as connection:
            await connection.execute(
                text("UPDATE submission_events SET created_at = now() - interval '11 min'")
            )
        async with asyncio.timeout(60):
            while await count() != 0:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
