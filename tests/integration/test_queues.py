"""What every kind of jobs may rely on, on the embedded queue and on Procrastinate's alike."""

import asyncio
import statistics
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.core.events import VerdictReached
from app.core.job import ATTEMPTS, BULK, INTERACTIVE, WATCHED, Ending, Job, Status
from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.submission import CONFIRMATION, SUBMISSION
from app.core.verdict import Confirmation, Explained, Mode, Verdict
from app.errors import QueueFull
from app.grading.prove.mutants.results import MutantResult
from app.grading.prove.results import ProofResult
from app.queue.admission import Limits
from app.queue.interface import Ticket
from app.queue.postgres.queue import ProcrastinateQueue
from app.store import tables
from app.store.queries import jobs
from app.submissions.explanation import EXPLANATION
from app.submissions.service import Submissions
from app.worker.consume import Run, consuming
from app.worker.kinds.mutants import MUTANTS, read_mutants_report
from app.worker.kinds.proof import PROOF, read_report
from app.worker.kinds.table import KINDS
from app.worker.retention import Retention
from tests.support.queue_harness import ALL_KINDS, Grading, QueueHarness, queue_harness
from tests.support.scripted_grader import ScriptedGrader
from tests.support.scripted_service import until
from tests.support.submission_jobs import job_by_id
from tests.support.toy_kind import TOY

pytestmark = pytest.mark.anyio


@pytest.fixture(params=ALL_KINDS)
async def harness(request: pytest.FixtureRequest, database_url: str) -> AsyncIterator[QueueHarness]:
    """Each kind, on the embedded queue on SQLite and on Procrastinate's on PostgreSQL."""
    async with queue_harness(database_url, request.param) as opened:
        yield opened


def slots_of(
    harness: QueueHarness, run: Run, *, slots: int = 1, kept: int = 0, drain_seconds: float = 5.0
) -> AbstractAsyncContextManager[None]:
    return consuming(harness.queue, run, slots=slots, reserved_slots=kept, drain_seconds=drain_seconds)


def test_a_kind_is_a_line_in_the_table() -> None:
    """All of what follows is held by a third kind, which nothing else knows of."""
    assert set(ALL_KINDS) - set(KINDS) == {TOY}


async def test_the_most_urgent_goes_first_then_the_oldest(harness: QueueHarness) -> None:
    """Whoever works takes them in the order that `positions` has told."""
    ids = await harness.take_in(BULK, INTERACTIVE, BULK, WATCHED, INTERACTIVE)
    expected = [ids[1], ids[4], ids[3], ids[0], ids[2]]
    assert await harness.queue.positions(ids) == {found: place for place, found in enumerate(expected)}
    grading = Grading(harness.database)
    async with slots_of(harness, grading):
        await until(lambda: len(grading.ended) == 5)
    assert grading.begun == expected
    assert await harness.queue.positions(ids) == {}


async def test_what_comes_later_is_taken_without_delay(harness: QueueHarness) -> None:
    """A worker that waits is told of it; it does not have to look."""
    if isinstance(harness.queue, ProcrastinateQueue):
        harness.queue = ProcrastinateQueue(harness.database, poll_seconds=20.0)
    grading = Grading(harness.database)
    waits: list[float] = []
    async with slots_of(harness, grading):
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
    async with slots_of(harness, grading, slots=3, kept=1):
        await until(lambda: len(grading.begun) == 3)
        assert sorted(grading.begun) == sorted(ids[:3])
        grading.let_go()
        await until(lambda: sorted(grading.ended) == sorted(ids))
    assert grading.most_at_once == 3


async def test_regrades_leave_room_for_learners(harness: QueueHarness) -> None:
    """However many wait: the kept slot takes none of them, and a learner never waits for one to end."""
    bulk = await harness.take_in(*[BULK] * 6)
    grading = Grading(harness.database, held=True)
    async with slots_of(harness, grading, slots=2, kept=1):
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
    async with slots_of(harness, grading, slots=1, kept=1):
        await until(lambda: grading.ended == bulk)


async def test_learners_pass_a_long_job_on_one_slot(harness: QueueHarness) -> None:
    """A proof takes minutes; nobody waits for it, and the next regrade does."""
    bulk = await harness.take_in(BULK, BULK)
    grading = Grading(harness.database, held=True)
    async with consuming(
        harness.queue, grading, slots=1, reserved_slots=1, drain_seconds=5.0, overtaking_after_seconds=0.1
    ):
        await until(lambda: grading.begun == bulk[:1])
        learners = await harness.take_in(INTERACTIVE)
        await until(lambda: grading.begun == [*bulk[:1], *learners])
        grading.let_go()
        await until(lambda: sorted(grading.ended) == sorted(bulk + learners))
    assert grading.most_at_once == 2


async def test_one_that_waits_is_enlisted_once(harness: QueueHarness) -> None:
    [job_id] = await harness.take_in()
    again = Ticket(job_id, INTERACTIVE)
    async with harness.database.transaction() as connection:
        await harness.queue.enqueue(connection, again)
    harness.queue.notify(again)
    claims: list[str] = []

    async def grade(ticket: Ticket) -> None:
        claims.append(ticket.job_id)
        await Grading(harness.database)(ticket)

    async with slots_of(harness, grade, slots=3):
        await until(lambda: len(claims) == 1)
        # Whatever else there was of it would come before one that came later.
        [later] = await harness.take_in()
        await until(lambda: later in claims)
    assert claims == [job_id, later]


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
    async with slots_of(harness, grade):
        await until(lambda: later in tried)
    assert tried == [later]


async def test_one_that_waits_is_cancelled_and_never_begun(harness: QueueHarness) -> None:
    first, second = await harness.take_in(INTERACTIVE, INTERACTIVE)
    await harness.cancel(first)
    assert await harness.queue.positions([first, second]) == {second: 0}
    grading = Grading(harness.database)
    async with slots_of(harness, grading):
        await until(lambda: grading.ended == [second])
    assert grading.begun == [second]


async def test_one_that_runs_is_told_to_stop(harness: QueueHarness) -> None:
    [job_id] = await harness.take_in()
    grading = Grading(harness.database, held=True)
    async with slots_of(harness, grading):
        await until(lambda: grading.begun == [job_id])
        await harness.cancel(job_id)
        await until(lambda: grading.cancelled == [job_id])
        # The slot is free again, and what was stopped does not come back.
        [other] = await harness.take_in()
        grading.let_go()
        await until(lambda: grading.ended == [other])
    assert (await harness.report(job_id)).ending is Ending.CANCELLED
    if harness.kind == SUBMISSION:
        found = (await harness.stored(job_id)).verdict
        assert found is not None
        assert found.outcome is Outcome.CANCELLED
    assert grading.begun == [job_id, other]


async def test_what_raises_comes_again(harness: QueueHarness) -> None:
    """An outage of the database, say: nothing is known to be stored."""
    [job_id] = await harness.take_in()
    tries: list[str] = []

    async def grade(ticket: Ticket) -> None:
        tries.append(ticket.job_id)
        if len(tries) < 3:
            raise ConnectionError("the database is away")

    async with slots_of(harness, grade):
        await until(lambda: tries == [job_id] * 3)


async def test_a_stop_lets_what_runs_finish(harness: QueueHarness) -> None:
    first, second = await harness.take_in(INTERACTIVE, INTERACTIVE)
    grading = Grading(harness.database, held=True)
    async with slots_of(harness, grading, drain_seconds=60):
        await until(lambda: grading.begun == [first])
        asyncio.get_running_loop().call_later(0.2, grading.let_go)
    assert (grading.begun, grading.ended) == ([first], [first])
    assert (await harness.job(second)).status is Status.QUEUED


async def test_what_takes_too_long_is_given_back_at_a_stop_and_has_not_failed(harness: QueueHarness) -> None:
    """Another worker takes it up, and no attempt is charged."""
    [job_id] = await harness.take_in()
    grading = Grading(harness.database, held=True)
    async with asyncio.timeout(60), slots_of(harness, grading, drain_seconds=0.1):
        await until(lambda: grading.begun == [job_id])
    assert grading.cut_off == [job_id]
    found = await harness.job(job_id)
    assert (found.status, found.attempt, found.failures) == (Status.QUEUED, 1, 0)


async def test_a_learner_does_not_wait_for_ten_thousand_regrades(harness: QueueHarness) -> None:
    await harness.take_in_many(10_000, BULK)
    slow = Grading(harness.database, held=True)
    grading = Grading(harness.database)

    async def grade(ticket: Ticket) -> None:
        await (slow if ticket.priority < INTERACTIVE else grading)(ticket)

    async with slots_of(harness, grade, slots=2, kept=1, drain_seconds=0.1):
        await until(lambda: len(slow.begun) == 1)
        [learner] = await harness.take_in()
        assert await harness.queue.positions([learner]) in ({}, {learner: 0})
        # Without a slot kept, and without its priority, it would wait for ever.
        await until(lambda: grading.ended == [learner])


async def test_a_full_queue_turns_away_and_regrades_do_not_fill_it(harness: QueueHarness) -> None:
    """For everybody, and for one account with too much waiting; nothing of what is refused is stored."""
    await harness.take_in(BULK, WATCHED, BULK)
    await harness.ask(limits=Limits(in_all=1, of_one_account=9))
    for limits in (Limits(in_all=1, of_one_account=9), Limits(in_all=9, of_one_account=1)):
        with pytest.raises(QueueFull):
            await harness.ask(limits=limits)
    async with harness.database.reading() as connection:
        assert (await jobs.count_waiting(connection, at_least=BULK)).in_all == 4
    if harness.kind == SUBMISSION:
        await the_service_has_these_limits(harness)


async def the_service_has_these_limits(harness: QueueHarness) -> None:
    def taking(everybody: int, one: int) -> Submissions:
        return Submissions(
            harness.database,
            harness.problems,
            harness.queue,
            lambda *_: None,
            queue_limit=everybody,
            waiting_per_user=one,
        )

    await taking(2, 9).submit(harness.user, "double", "x", Mode.SUBMIT)
    for full in (taking(2, 9), taking(9, 2)):
        with pytest.raises(QueueFull):
            await full.submit(harness.user, "double", "x", Mode.SUBMIT)
    assert len(await taking(9, 9).list_for(harness.user, "double")) == 5


async def test_of_one_subject_one_job_at_a_time_is_done(harness: QueueHarness) -> None:
    """Whoever asks again while it waits or runs is told of that one; after its end it is another."""
    [job_id] = await harness.take_in()
    if harness.kind == SUBMISSION:
        return  # Its first job has its own name, and there is no way yet to ask for a second.
    assert await harness.ask_again(job_id) == job_id
    grading = Grading(harness.database, held=True)
    async with slots_of(harness, grading):
        await until(lambda: grading.begun == [job_id])
        assert await harness.ask_again(job_id) == job_id
        grading.let_go()
        await until(lambda: grading.ended == [job_id])
        again = await harness.ask_again(job_id)
        assert again != job_id
        await until(lambda: grading.ended == [job_id, again])


async def test_an_attempt_that_was_overtaken_changes_nothing(harness: QueueHarness) -> None:
    """The attempt's number is the fencing token: of progress, of giving back, of the end."""
    [job_id] = await harness.take_in()
    attempts = []
    for _ in range(2):
        async with harness.database.transaction() as connection:
            attempts.append(await jobs.claim(connection, job_id))
    late, present = attempts
    assert late is not None
    assert present is not None
    assert [late.attempt, present.attempt, present.failures] == [1, 2, 1]
    async with harness.database.transaction() as connection:
        assert not await jobs.write_progress(connection, late, '"late"')
        assert not await jobs.give_back(connection, late, failed=True)
        assert not await jobs.finish(connection, late, result='"late"')
        assert await jobs.write_progress(connection, present, '"present"')
        assert await jobs.finish(connection, present, result='"present"')
        for held in (late, present):
            assert not await jobs.finish(connection, held, result='"again"')
            assert not await jobs.give_back(connection, held, failed=False)
        assert not await jobs.overtake(connection, job_id, Ending.CANCELLED)
        assert await jobs.claim(connection, job_id) is None
    found = await harness.report(job_id)
    assert (found.status, found.ending) == (Status.DONE, Ending.FINISHED)
    assert (found.progress, found.result) == ('"present"', '"present"')


class Noting(ScriptedGrader):
    """Notes which job it works for, and breaks where it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.tries: Counter[str] = Counter()
        self.breaks: dict[str, int] = {}
        """How often it breaks at a job."""

    def _begin(self) -> None:
        job_id = current.get()
        self.tries[job_id] += 1
        if self.tries[job_id] <= self.breaks.get(job_id, 0):
            raise ZeroDivisionError("a bug")

    async def grade(self, *arguments: Any, **named: Any) -> Verdict:
        self._begin()
        return await super().grade(*arguments, **named)

    async def explain(self, *arguments: Any, **named: Any) -> Verdict:
        self._begin()
        return await super().explain(*arguments, **named)

    async def confirm(self, *arguments: Any, **named: Any) -> Verdict:
        self._begin()
        return await super().confirm(*arguments, **named)

    async def prove(self, problem: Problem) -> AsyncGenerator[ProofResult, None]:
        self._begin()
        async for result in super().prove(problem):
            yield result

    async def mutate(self, problem: Problem) -> AsyncGenerator[MutantResult, None]:
        self._begin()
        async for result in super().mutate(problem):
            yield result


current: ContextVar[str] = ContextVar("current")


def noting(harness: QueueHarness, grader: ScriptedGrader) -> Run:
    run = harness.running(grader)

    async def noted(ticket: Ticket) -> None:
        current.set(ticket.job_id)
        await run(ticket)

    return noted


async def test_three_failures_of_ours_end_it_and_a_restart_is_none(harness: QueueHarness) -> None:
    """Whoever asked is told that it was us; a right grader at the third attempt is still in time."""
    [broken, saved, moved] = await harness.take_in(INTERACTIVE, INTERACTIVE, INTERACTIVE)
    grader = Noting()
    grader.breaks = {broken: 9, saved: 2}
    for _ in range(4):
        # Taken up and given back, by workers that are stopped.
        async with harness.database.transaction() as connection:
            held = await jobs.claim(connection, moved)
            assert held is not None
            assert await jobs.give_back(connection, held, failed=False)
    async with slots_of(harness, noting(harness, grader)):
        await until_done(harness, broken, saved, moved)
    endings = [(await harness.report(found)).ending for found in (broken, saved, moved)]
    assert endings == [Ending.FAILED, Ending.FINISHED, Ending.FINISHED]
    assert grader.tries == {broken: ATTEMPTS, saved: ATTEMPTS, moved: 1}
    if harness.kind == SUBMISSION:
        outcomes = [(await harness.stored(found)).verdict for found in (broken, saved, moved)]
        assert [verdict and verdict.outcome for verdict in outcomes] == [
            Outcome.INTERNAL_ERROR,
            Outcome.ACCEPTED,
            Outcome.ACCEPTED,
        ]
    if harness.kind == EXPLANATION:
        found = [await harness.stored((await harness.job(one)).subject) for one in (broken, saved)]
        assert [one.verdict and one.verdict.explained for one in found] == [
            Explained.GIVEN_UP,
            Explained.COMPLETE,
        ]
    if harness.kind == CONFIRMATION:
        found = [await harness.stored((await harness.job(one)).subject) for one in (broken, saved)]
        assert [one.verdict and (one.verdict.outcome, one.verdict.confirmation) for one in found] == [
            (Outcome.INTERNAL_ERROR, Confirmation.GIVEN_UP),
            (Outcome.ACCEPTED, Confirmation.CONFIRMED),
        ]
    if harness.kind == PROOF:
        assert "on our side" in read_report((await harness.report(broken)).result).error
    if harness.kind == MUTANTS:
        assert "Our side failed" in read_mutants_report((await harness.report(broken)).result).error


async def test_a_job_that_kills_its_worker_each_time_is_given_up(harness: QueueHarness) -> None:
    """Three claims without an end are enough, and the fourth run does not happen."""
    [job_id] = await harness.take_in()
    for _ in range(ATTEMPTS):
        async with harness.database.transaction() as connection:
            assert await jobs.claim(connection, job_id) is not None
    grader = Noting()
    async with slots_of(harness, noting(harness, grader)):
        await until_done(harness, job_id)
    assert grader.tries == {}
    assert (await harness.report(job_id)).ending is Ending.FAILED


async def test_a_result_that_comes_after_a_cancel_is_void(harness: QueueHarness) -> None:
    """Whatever the run still ends with: the end is written once."""
    [job_id] = await harness.take_in()

    class Late(ScriptedGrader):
        async def grade(self, *arguments: Any, **named: Any) -> Verdict:
            await harness.overtake(job_id)
            return await super().grade(*arguments, **named)

        async def explain(self, *arguments: Any, **named: Any) -> Verdict:
            await harness.overtake(job_id)
            return await super().explain(*arguments, **named)

        async def confirm(self, *arguments: Any, **named: Any) -> Verdict:
            await harness.overtake(job_id)
            return await super().confirm(*arguments, **named)

        async def prove(self, problem: Problem) -> AsyncGenerator[ProofResult, None]:
            await harness.overtake(job_id)
            async for result in super().prove(problem):
                yield result

        async def mutate(self, problem: Problem) -> AsyncGenerator[MutantResult, None]:
            await harness.overtake(job_id)
            async for result in super().mutate(problem):
                yield result

    events: list[object] = []
    await harness.running(Late(), lambda about, event: events.append(event))(Ticket(job_id, INTERACTIVE))
    found = await harness.report(job_id)
    assert (found.ending, found.progress, found.result) == (Ending.CANCELLED, None, None)
    assert not any(isinstance(event, VerdictReached) for event in events)
    if harness.kind == SUBMISSION:
        verdict = (await harness.stored(job_id)).verdict
        assert verdict is not None
        assert verdict.outcome is Outcome.CANCELLED
    if harness.kind in (EXPLANATION, CONFIRMATION):
        assert (await harness.stored((await harness.job(job_id)).subject)).verdict_number == 1


async def test_whoever_watches_sees_how_far_it_is_and_what_came_of_it(harness: QueueHarness) -> None:
    """Of a submission the feed tells, and the verdict lies with it."""
    [job_id] = await harness.take_in(WATCHED)
    events: list[str] = []
    run = harness.running(ScriptedGrader(), lambda about, event: events.append(about))
    async with slots_of(harness, run):
        await until_done(harness, job_id)
    found = await harness.report(job_id)
    assert (found.status, found.ending, found.attempt) == (Status.DONE, Ending.FINISHED, 1)
    if harness.kind == SUBMISSION:
        assert set(events) == {job_id}
        assert (await harness.stored(job_id)).verdict is not None
        assert (found.progress, found.result) == (None, None)
    elif harness.kind in (EXPLANATION, CONFIRMATION):
        submission = await harness.stored((await harness.job(job_id)).subject)
        assert set(events) == {submission.id}
        assert submission.verdict_number == 2
    else:
        assert events == []
        assert found.progress is not None
        assert found.result is not None
    if harness.kind == PROOF:
        proof = read_report(found.result).proof
        assert proof is not None
        assert proof.is_proven
        assert read_report(found.progress).results == proof.results
    if harness.kind == MUTANTS:
        mutants = read_mutants_report(found.result).report
        assert mutants is not None
        assert mutants.is_clean
        assert read_mutants_report(found.progress).results == mutants.results


async def test_ended_jobs_go_after_a_time_and_nothing_else_does(harness: QueueHarness) -> None:
    """A submission keeps its verdict, and is still done; what waits or runs stays, however old."""
    old, new, waits, runs = await harness.take_in(*[INTERACTIVE] * 4)
    grading = Grading(harness.database)
    for job_id in (old, new):
        await grading(Ticket(job_id, INTERACTIVE))
    async with harness.database.transaction() as connection:
        assert await jobs.claim(connection, runs) is not None
        await age(connection, (old, waits, runs))
    retention = Retention(harness.database, keep_output_days=0, keep_runs_days=0, keep_jobs_days=30)
    assert (await retention.clean()).jobs == 1
    async with harness.database.reading() as connection:
        left = [found for found in (old, new, waits, runs) if await job_by_id(connection, found)]
    assert left == [new, waits, runs]
    if harness.kind == SUBMISSION:
        found = await harness.stored(old)
        assert found.status is Status.DONE
        assert found.verdict is not None


async def test_a_job_whose_subject_is_gone_is_no_fault(harness: QueueHarness) -> None:
    job = Job(
        id="f" * 32,
        kind=harness.kind,
        subject="gone",
        user_id=None,
        priority=INTERACTIVE,
        created_at=datetime.now(UTC),
    )
    async with harness.database.transaction() as connection:
        await jobs.insert_job(connection, job)
    await harness.running(ScriptedGrader())(Ticket(job.id, INTERACTIVE))
    assert (await harness.report(job.id)).ending is Ending.CANCELLED
    assert (await harness.job(job.id)).failures == 0


async def until_done(harness: QueueHarness, *job_ids: str) -> None:
    async with asyncio.timeout(100):
        while not all([(await harness.report(found)).status is Status.DONE for found in job_ids]):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def age(connection: Any, job_ids: tuple[str, ...]) -> None:
    """As if all that happened to them was forty days ago."""
    then = datetime.now(UTC) - timedelta(days=40)
    for column in ("created_at", "finished_at"):
        table = tables.jobs
        change = table.update().where(table.c.id.in_(job_ids), table.c[column].is_not(None))
        await connection.execute(change.values({column: then}))
