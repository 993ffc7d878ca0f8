"""What a queue promises, the embedded one on SQLite and Procrastinate's on PostgreSQL alike."""

import asyncio
import statistics
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from typing import Any

import pytest

from app.core.outcome import Outcome
from app.core.submission import Status
from app.core.verdict import Mode, Verdict
from app.errors import QueueFull
from app.queue.interface import BULK, INTERACTIVE, Ticket
from app.queue.postgres.queue import ProcrastinateQueue
from app.store.queries import submissions
from app.submissions.service import Submissions, cancelled_verdict
from app.worker.consume import Run, consuming
from app.worker.grade_submission import GradeSubmission
from tests.support.queue_harness import Grading, QueueHarness, queue_harness
from tests.support.scripted_grader import ScriptedGrader
from tests.support.scripted_service import until

pytestmark = pytest.mark.anyio


@pytest.fixture
async def harness(database_url: str) -> AsyncIterator[QueueHarness]:
    """The embedded queue on SQLite, Procrastinate's on PostgreSQL."""
    async with queue_harness(database_url) as opened:
        yield opened


def working(
    harness: QueueHarness, grade: Run, *, slots: int = 1, kept: int = 0, drain_seconds: float = 5.0
) -> AbstractAsyncContextManager[None]:
    return consuming(harness.queue, grade, slots=slots, reserved_slots=kept, drain_seconds=drain_seconds)


async def test_the_most_urgent_goes_first_then_the_oldest(harness: QueueHarness) -> None:
    """Whoever works takes them in the order that `positions` has told."""
    ids = await harness.take_in(BULK, INTERACTIVE, BULK, INTERACTIVE)
    expected = [ids[1], ids[3], ids[0], ids[2]]
    assert await harness.queue.positions(ids) == {found: place for place, found in enumerate(expected)}
    grading = Grading(harness.database)
    async with working(harness, grading):
        await until(lambda: len(grading.ended) == 4)
    assert grading.begun == expected
    assert await harness.queue.positions(ids) == {}


async def test_what_comes_later_is_taken_without_delay(harness: QueueHarness) -> None:
    """A worker that waits is told of it; it does not have to look."""
    if isinstance(harness.queue, ProcrastinateQueue):
        harness.queue = ProcrastinateQueue(harness.database, poll_seconds=20.0)
    grading = Grading(harness.database)
    waits: list[float] = []
    async with working(harness, grading):
        for _ in range(5):
            start = asyncio.get_running_loop().time()
            [taken] = await harness.take_in()
            await until(lambda taken=taken: taken in grading.ended)  # type: ignore[misc]  # of the default
            waits.append(asyncio.get_running_loop().time() - start)
    # One may come before it listens; who only looked would take most of the twenty seconds for most of them.
    assert statistics.median(waits) < 10


async def test_as_many_run_at_once_as_there_are_slots(harness: QueueHarness) -> None:
    ids = await harness.take_in(*[INTERACTIVE] * 12)
    grading = Grading(harness.database, held=True)
    async with working(harness, grading, slots=3, kept=1):
        await until(lambda: len(grading.begun) == 3)
        assert sorted(grading.begun) == sorted(ids[:3])
        grading.let_go()
        await until(lambda: sorted(grading.ended) == sorted(ids))
    assert grading.most_at_once == 3


async def test_regrades_leave_room_for_learners(harness: QueueHarness) -> None:
    """However many wait: the kept slot takes none of them, and a learner never waits for one to end."""
    bulk = await harness.take_in(*[BULK] * 6)
    grading = Grading(harness.database, held=True)
    async with working(harness, grading, slots=2, kept=1):
        await until(lambda: grading.begun == bulk[:1])
        # What begins next is the learner's, which was not there yet: no second regrade had.
        learner = await harness.take_in(INTERACTIVE)
        await until(lambda: grading.begun == [*bulk[:1], *learner])
        grading.let_go()
        await until(lambda: sorted(grading.ended) == sorted(bulk + learner))


async def test_of_one_slot_none_is_kept(harness: QueueHarness) -> None:
    """A small machine regrades as well, when no learner waits."""
    bulk = await harness.take_in(BULK)
    grading = Grading(harness.database)
    async with working(harness, grading, slots=1, kept=1):
        await until(lambda: grading.ended == bulk)


async def test_one_that_waits_is_enlisted_once(harness: QueueHarness) -> None:
    [submission_id] = await harness.take_in()
    again = Ticket(submission_id, INTERACTIVE)
    async with harness.database.transaction() as connection:
        await harness.queue.enqueue(connection, again)
    harness.queue.notify(again)
    claims: list[str] = []

    async def grade(ticket: Ticket) -> None:
        claims.append(ticket.job_id)
        await Grading(harness.database)(ticket)

    async with working(harness, grade, slots=3):
        await until(lambda: len(claims) == 1)
        # Whatever else there was of it would come before one that came later.
        [later] = await harness.take_in()
        await until(lambda: later in claims)
    assert claims == [submission_id, later]


async def test_a_refused_transaction_leaves_no_job(harness: QueueHarness) -> None:
    """The job is in the submission's own commit, or nowhere."""

    async def refused() -> None:
        async with harness.database.transaction() as connection:
            await harness.queue.enqueue(connection, Ticket("f" * 32, INTERACTIVE))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await refused()
    tried: list[str] = []

    async def grade(ticket: Ticket) -> None:
        tried.append(ticket.job_id)
        await Grading(harness.database)(ticket)

    # A job of the refused one would come before one that came later.
    [later] = await harness.take_in()
    async with working(harness, grade):
        await until(lambda: later in tried)
    assert tried == [later]


async def cancel(harness: QueueHarness, submission_id: str) -> None:
    """As the API does it: the verdict first, then the queue."""
    verdict = cancelled_verdict(await harness.stored(submission_id))
    async with harness.database.transaction() as connection:
        assert await submissions.finish_whatever_attempt(connection, submission_id, verdict)
    await harness.queue.cancel(submission_id)


async def test_one_that_waits_is_cancelled_and_never_begun(harness: QueueHarness) -> None:
    first, second = await harness.take_in(INTERACTIVE, INTERACTIVE)
    await cancel(harness, first)
    assert await harness.queue.positions([first, second]) == {second: 0}
    grading = Grading(harness.database)
    async with working(harness, grading):
        await until(lambda: grading.ended == [second])
    assert grading.begun == [second]


async def test_one_that_runs_is_told_to_stop(harness: QueueHarness) -> None:
    [submission_id] = await harness.take_in()
    grading = Grading(harness.database, held=True)
    async with working(harness, grading):
        await until(lambda: grading.begun == [submission_id])
        await cancel(harness, submission_id)
        await until(lambda: grading.cancelled == [submission_id])
        # The slot is free again, and what was stopped does not come back.
        [other] = await harness.take_in()
        grading.let_go()
        await until(lambda: grading.ended == [other])
    found = (await harness.stored(submission_id)).verdict
    assert found is not None
    assert found.outcome is Outcome.CANCELLED
    assert grading.begun == [submission_id, other]


async def test_what_raises_comes_again(harness: QueueHarness) -> None:
    """An outage of the database, say: nothing is known to be stored."""
    [submission_id] = await harness.take_in()
    tries: list[str] = []

    async def grade(ticket: Ticket) -> None:
        tries.append(ticket.job_id)
        if len(tries) < 3:
            raise ConnectionError("the database is away")

    async with working(harness, grade):
        await until(lambda: tries == [submission_id] * 3)


async def test_a_stop_lets_what_runs_finish(harness: QueueHarness) -> None:
    first, second = await harness.take_in(INTERACTIVE, INTERACTIVE)
    grading = Grading(harness.database, held=True)
    async with working(harness, grading, drain_seconds=60):
        await until(lambda: grading.begun == [first])
        asyncio.get_running_loop().call_later(0.2, grading.let_go)
    assert (grading.begun, grading.ended) == ([first], [first])
    assert (await harness.stored(second)).status is Status.QUEUED


async def test_what_takes_too_long_is_given_back_at_a_stop_and_has_not_failed(harness: QueueHarness) -> None:
    """Another worker takes it up, and no attempt is charged."""
    [submission_id] = await harness.take_in()
    grading = Grading(harness.database, held=True)
    async with asyncio.timeout(60), working(harness, grading, drain_seconds=0.1):
        await until(lambda: grading.begun == [submission_id])
    assert grading.cut_off == [submission_id]
    found = await harness.stored(submission_id)
    assert (found.status, found.attempt, found.failures) == (Status.QUEUED, 1, 0)


async def test_a_learner_does_not_wait_for_ten_thousand_regrades(harness: QueueHarness) -> None:
    await harness.take_in_many(10_000, BULK)
    slow = Grading(harness.database, held=True)
    grading = Grading(harness.database)

    async def grade(ticket: Ticket) -> None:
        await (slow if ticket.priority < INTERACTIVE else grading)(ticket)

    async with working(harness, grade, slots=2, kept=1, drain_seconds=0.1):
        await until(lambda: len(slow.begun) == 1)
        [learner] = await harness.take_in()
        assert await harness.queue.positions([learner]) in ({}, {learner: 0})
        # Without a slot kept, and without its priority, it would wait for ever.
        await until(lambda: grading.ended == [learner])


async def test_a_full_queue_turns_away_and_regrades_do_not_fill_it(harness: QueueHarness) -> None:
    """For everybody, and for one learner with too much waiting; nothing of what is refused is stored."""
    await harness.take_in(BULK, BULK, BULK)

    def taking(everybody: int, one: int) -> Submissions:
        return Submissions(
            harness.database,
            harness.problems,
            harness.queue,
            lambda *_: None,
            queue_limit=everybody,
            waiting_per_user=one,
        )

    await taking(1, 9).submit(harness.user, "double", "x", Mode.SUBMIT)
    for full in (taking(1, 9), taking(9, 1)):
        with pytest.raises(QueueFull):
            await full.submit(harness.user, "double", "x", Mode.SUBMIT)
    assert len(await taking(9, 9).list_for(harness.user, "double")) == 4


async def test_three_failures_of_ours_end_it_and_a_restart_is_none(harness: QueueHarness) -> None:
    """The learner is told that it was us; a right grader at the third attempt is still in time."""
    [broken, saved, moved] = await harness.take_in(INTERACTIVE, INTERACTIVE, INTERACTIVE)
    tries: Counter[str] = Counter()

    class Breaks(ScriptedGrader):
        async def grade(self, *arguments: Any, **named: Any) -> Verdict:
            tries[current.get()] += 1
            if current.get() == broken or (current.get() == saved and tries[saved] < 3):
                raise ZeroDivisionError("a bug")
            return await super().grade(*arguments, **named)

    current: ContextVar[str] = ContextVar("current")
    grading = GradeSubmission(harness.database, harness.problems, harness.queue, lambda *_: None, Breaks())

    async def grade(ticket: Ticket) -> None:
        current.set(ticket.job_id)
        await grading(ticket)

    for _ in range(4):
        # Taken up and given back, by workers that are stopped.
        async with harness.database.transaction() as connection:
            held = await submissions.claim(connection, moved)
            assert held is not None
            assert await submissions.give_back(connection, held, failed=False)
    async with working(harness, grade):
        await until_stored(harness, broken, saved, moved)
    outcomes = [(await harness.stored(found)).verdict for found in (broken, saved, moved)]
    assert [verdict and verdict.outcome for verdict in outcomes] == [
        Outcome.INTERNAL_ERROR,
        Outcome.ACCEPTED,
        Outcome.ACCEPTED,
    ]
    assert tries == {broken: 3, saved: 3, moved: 1}


async def until_stored(harness: QueueHarness, *submission_ids: str) -> None:
    async with asyncio.timeout(100):
        while not all([(await harness.stored(found)).verdict for found in submission_ids]):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
