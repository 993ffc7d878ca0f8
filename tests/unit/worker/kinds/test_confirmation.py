"""What a warm jail accepts counts once a fresh one has confirmed it, whatever happens between."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.core.events import VerdictConfirmed, VerdictExplained, VerdictReached, WithVerdict
from app.core.job import INTERACTIVE, Job
from app.core.outcome import Outcome
from app.core.submission import CONFIRMATION, Progress
from app.core.verdict import Confirmation, Mode, Verdict, VerdictLine, VerdictReason
from app.events.feed import Feed
from app.events.follow import follow_submission
from app.events.verdict_watch import watch_of
from app.metrics.metrics import GradingCounts, Metrics
from app.queue.embedded.queue import EmbeddedQueue
from app.queue.embedded.watch_table import rebuild_queue
from app.queue.interface import Ticket
from app.store.queries import jobs, retention, submissions, verdicts
from app.worker.grades import Grades
from app.worker.kinds.kind import KindServices
from app.worker.kinds.table import kinds_of
from app.worker.run_job import RunJob
from tests.support.scripted_grader import ScriptedGrader
from tests.unit.worker.kinds.test_submission import Harness, a_harness

pytestmark = pytest.mark.anyio

_WARM = "warm\nprint hello"
_POISONED = "warm\nfresh wrong_value"


def running(harness: Harness, grader: Grades, counts: GradingCounts | None = None) -> RunJob:
    """A worker that knows all kinds."""
    counts = counts or GradingCounts()
    services = KindServices(
        database=harness.database,
        problems=harness.problems,
        queue=harness.queue,
        grader=grader,
        publish=harness.feed.publish,
        counts=counts,
    )
    return RunJob(harness.database, harness.queue, kinds_of(services), counts)


async def run_next(harness: Harness, grader: Grades) -> Ticket:
    ticket = await harness.queue.take()
    await running(harness, grader)(ticket)
    harness.queue.done(ticket)
    return ticket


async def progress(harness: Harness) -> tuple[Progress | None, int]:
    async with harness.database.reading() as connection:
        found = await submissions.progress_of(connection, harness.user.id, ["double"])
        return found.get("double"), await submissions.count_solved(connection, harness.user.id)


async def has_solved(harness: Harness) -> bool:
    """Whether turns of one's own come with it."""
    async with harness.database.reading() as connection:
        return await submissions.has_solved_something(connection, harness.user.id)


async def listed(harness: Harness) -> list[tuple[Outcome | None, float | None, Confirmation | None]]:
    async with harness.database.reading() as connection:
        lines = await submissions.submissions_of(connection, harness.user.id, "double", limit=9)
    return [(line.outcome, line.score, line.confirmation) for line in lines]


async def lines(harness: Harness, submission_id: str) -> list[VerdictLine]:
    async with harness.database.reading() as connection:
        return await verdicts.lines_of(connection, submission_id)


async def rows(harness: Harness, submission_id: str) -> list[tuple[VerdictReason, Outcome]]:
    return [(line.why, line.outcome) for line in await lines(harness, submission_id)]


async def confirmation_of(harness: Harness, submission_id: str) -> Confirmation | None:
    verdict = (await harness.stored(submission_id)).verdict
    assert verdict is not None
    return verdict.confirmation


async def test_it_counts_once_a_fresh_jail_has_confirmed_it(tmp_path: Path) -> None:
    """The first answer is there at once; whoever waits for a first answer goes before the confirmation."""
    async with a_harness(tmp_path) as harness:
        submission_id, grader = await harness.submit(_WARM), ScriptedGrader()
        await run_next(harness, grader)
        assert await confirmation_of(harness, submission_id) is Confirmation.PENDING
        assert await progress(harness) == (Progress.TRIED, 0)
        assert not await has_solved(harness)
        assert await listed(harness) == [(Outcome.ACCEPTED, 1.0, Confirmation.PENDING)]
        await harness.submit("outcome wrong_value")
        await run_next(harness, grader)
        assert (grader.graded, grader.confirmed) == ([_WARM, "outcome wrong_value"], [])
        assert (await run_next(harness, grader)).priority < INTERACTIVE
        assert grader.confirmed == [_WARM]
        assert await confirmation_of(harness, submission_id) is Confirmation.CONFIRMED
        assert await progress(harness) == (Progress.SOLVED, 1)
        assert await has_solved(harness)
        assert [line[2] for line in await listed(harness)] == [None, None]
        assert await rows(harness, submission_id) == [
            (VerdictReason.GRADED, Outcome.ACCEPTED),
            (VerdictReason.CONFIRMED, Outcome.ACCEPTED),
        ]


async def test_what_a_fresh_jail_refuses_is_taken_back(tmp_path: Path) -> None:
    """With a row that says why, a line in the list, and an event for whoever follows."""
    async with a_harness(tmp_path) as harness:
        submission_id, grader = await harness.submit(_POISONED), ScriptedGrader()
        for _ in range(2):
            await run_next(harness, grader)
        assert await progress(harness) == (Progress.TRIED, 0)
        assert await listed(harness) == [(Outcome.WRONG_VALUE, 0.0, Confirmation.REFUSED)]
        assert await rows(harness, submission_id) == [
            (VerdictReason.GRADED, Outcome.ACCEPTED),
            (VerdictReason.CONFIRMED, Outcome.WRONG_VALUE),
        ]
        events = [sent.event async for sent in harness.feed.follow(submission_id)]
        last = [event for event in events if isinstance(event, WithVerdict)]
        assert [type(event) for event in last] == [VerdictReached, VerdictConfirmed]
        assert [event.verdict.confirmation for event in last] == [
            Confirmation.PENDING,
            Confirmation.REFUSED,
        ]


async def test_what_is_refused_is_looked_into_to_the_end(tmp_path: Path) -> None:
    """As any refused submission whose look was cut short."""
    async with a_harness(tmp_path) as harness:
        submission_id = await harness.submit(f"{_POISONED}\ncut_short\nfound reads_last")
        grader = ScriptedGrader()
        for _ in range(3):
            await run_next(harness, grader)
        why = [line.why for line in await lines(harness, submission_id)]
        assert why == [VerdictReason.GRADED, VerdictReason.CONFIRMED, VerdictReason.EXPLAINED]
        assert await listed(harness) == [(Outcome.WRONG_VALUE, 0.0, Confirmation.REFUSED)]
        events = [sent.event async for sent in harness.feed.follow(submission_id)]
        assert [type(event) for event in events[-3:]] == [VerdictReached, VerdictConfirmed, VerdictExplained]


async def test_a_restart_between_loses_no_confirmation(tmp_path: Path) -> None:
    """The verdict and the job that confirms it are one commit, and the queue is rebuilt from jobs."""
    async with a_harness(tmp_path) as harness:
        await harness.submit(_POISONED)
        await run_next(harness, ScriptedGrader())
        queue = EmbeddedQueue()
        await rebuild_queue(harness.database, queue)
        restarted = msgspec.structs.replace(harness, queue=queue)
        assert await progress(restarted) == (Progress.TRIED, 0)
        await run_next(restarted, ScriptedGrader())
        assert await listed(restarted) == [(Outcome.WRONG_VALUE, 0.0, Confirmation.REFUSED)]


class Slow(ScriptedGrader):
    """Confirms after something else has happened."""

    def __init__(self, harness: Harness) -> None:
        super().__init__()
        self._harness = harness

    async def meanwhile(self) -> None:
        """Do nothing."""

    async def confirm(self, *arguments: Any, **named: Any) -> Verdict:
        found = await super().confirm(*arguments, **named)
        if len(self.confirmed) == 1:
            await self.meanwhile()
        return found


async def test_an_attempt_that_was_overtaken_writes_nothing(tmp_path: Path) -> None:
    """A worker was taken for dead, another one has confirmed it: one row, one event."""

    class Overtaken(Slow):
        async def meanwhile(self) -> None:
            async with self._harness.database.reading() as connection:
                [waiting] = await jobs.unfinished(connection)
            await running(self._harness, self)(Ticket(waiting.id, waiting.priority))

    async with a_harness(tmp_path) as harness:
        submission_id = await harness.submit(_POISONED)
        await run_next(harness, ScriptedGrader())
        grader = Overtaken(harness)
        await run_next(harness, grader)
        assert len(grader.confirmed) == 2
        assert len(await rows(harness, submission_id)) == 2
        events = [sent.event async for sent in harness.feed.follow(submission_id)]
        assert sum(isinstance(event, VerdictConfirmed) for event in events) == 1


async def test_a_regrade_between_stands(tmp_path: Path) -> None:
    """It ran in a fresh jail, so its verdict counts at once, and a late confirmation is void."""

    class Regraded(Slow):
        async def meanwhile(self) -> None:
            async with self._harness.database.transaction() as connection:
                found = await submissions.submission_by_id(connection, submission_id)
                assert found is not None
                assert found.verdict is not None
                regraded = msgspec.structs.replace(found.verdict, confirmation=None)
                why = VerdictReason.REGRADED
                assert await verdicts.write_next(connection, submission_id, regraded, why, after=1)

    async with a_harness(tmp_path) as harness:
        submission_id = await harness.submit(_POISONED)
        await run_next(harness, ScriptedGrader())
        await run_next(harness, Regraded(harness))
        assert [why for why, _ in await rows(harness, submission_id)] == [
            VerdictReason.GRADED,
            VerdictReason.REGRADED,
        ]
        assert await progress(harness) == (Progress.SOLVED, 1)
        # One that is taken up after the regrade does not run at all.
        again = await harness.submit(_POISONED)
        await run_next(harness, ScriptedGrader())
        submission_id = again
        await Regraded(harness).meanwhile()
        grader = ScriptedGrader()
        await run_next(harness, grader)
        assert grader.confirmed == []


async def test_retention_between_changes_nothing(tmp_path: Path) -> None:
    """What was printed may go while it waits for its confirmation; the job stays."""
    async with a_harness(tmp_path) as harness:
        submission_id = await harness.submit(_WARM)
        await run_next(harness, ScriptedGrader())
        await _forget_everything(harness)
        assert await progress(harness) == (Progress.TRIED, 0)
        await run_next(harness, ScriptedGrader())
        await _forget_everything(harness)
        assert await progress(harness) == (Progress.SOLVED, 1)
        assert await confirmation_of(harness, submission_id) is Confirmation.CONFIRMED


async def test_what_cannot_be_confirmed_does_not_count_and_says_whose_fault_it_is(tmp_path: Path) -> None:
    """Three failures of ours take the acceptance back without a word on the code."""
    async with a_harness(tmp_path) as harness:
        submission_id, grader = await harness.submit(f"{_WARM}\nlater_break 9"), ScriptedGrader()
        for _ in range(4):
            await run_next(harness, grader)
        assert len(grader.confirmed) == 3
        verdict = (await harness.stored(submission_id)).verdict
        assert verdict is not None
        assert (verdict.outcome, verdict.confirmation) == (Outcome.INTERNAL_ERROR, Confirmation.GIVEN_UP)
        assert "on our side" in verdict.message
        assert await progress(harness) == (Progress.TRIED, 0)


async def test_what_came_of_each_is_counted(tmp_path: Path) -> None:
    """Once each, however many attempts it took; nothing is counted of a first answer."""
    metrics = Metrics()

    async def counted() -> dict[str, float]:
        text = (await metrics.text()).decode()
        found = re.findall(r'^jaxercise_confirmations_total{confirmation="(\w+)"} (\S+)$', text, re.MULTILINE)
        return {name: float(value) for name, value in found}

    async with a_harness(tmp_path) as harness:
        run = running(harness, ScriptedGrader(), metrics.grading)
        assert await counted() == {"confirmed": 0, "refused": 0, "given_up": 0}
        for code, attempts in (
            (_WARM, 1),
            (_POISONED, 1),
            (f"{_POISONED}\n#", 1),
            (f"{_WARM}\nlater_break 9", 3),
        ):
            await harness.submit(code)
            before = await counted()
            for number in range(1 + attempts):
                ticket = await harness.queue.take()
                await run(ticket)
                harness.queue.done(ticket)
                assert number == attempts or await counted() == before
        assert await counted() == {"confirmed": 1, "refused": 2, "given_up": 1}


async def test_whoever_comes_later_follows_to_the_confirmation(tmp_path: Path) -> None:
    """A process that heard nothing of it looks at the stored submission."""
    async with a_harness(tmp_path) as harness:
        submission_id = await harness.submit(_POISONED)
        await run_next(harness, ScriptedGrader())
        pending = await harness.stored(submission_id)
        await run_next(harness, ScriptedGrader())

        watch = watch_of(harness.database, silent_seconds=0.01)
        async with watch.running():
            last = [sent.event async for sent in follow_submission(Feed(), pending, watch)][-2:]
        assert [type(event) for event in last] == [VerdictReached, VerdictConfirmed]


async def test_a_run_that_is_not_submitted_asks_for_no_confirmation(tmp_path: Path) -> None:
    async with a_harness(tmp_path) as harness:
        verdict = await ScriptedGrader().grade(
            await harness.problems.by_slug("double"), _WARM, Mode.RUN, fresh_seed=None
        )
    assert verdict.confirmation is None


async def test_no_two_confirmations_of_one_submission_wait(tmp_path: Path) -> None:
    """A second one that is asked for is the first."""
    async with a_harness(tmp_path) as harness:
        submission_id = await harness.submit(_WARM)
        await run_next(harness, ScriptedGrader())
        async with harness.database.transaction() as connection:
            [waiting] = await jobs.unfinished(connection)
            held = await harness.job(waiting.id)
            assert (held.kind, held.subject) == (CONFIRMATION, submission_id)
            same: Job = await jobs.insert_job(connection, msgspec.structs.replace(held, id="f" * 32))
        assert same.id == held.id


async def _forget_everything(harness: Harness) -> None:
    """Take away what retention ever would, had all of it happened long ago."""
    later = datetime.now(UTC) + timedelta(days=999)
    async with harness.database.transaction() as connection:
        for remove in (retention.remove_outputs, retention.remove_later_outputs):
            await remove(connection, before=later, kept_days=1, after=None, limit=100)
        await retention.add_verdict_rows(connection, before=later, after=None, limit=100)
        await jobs.delete_ended(connection, before=later, limit=100)
