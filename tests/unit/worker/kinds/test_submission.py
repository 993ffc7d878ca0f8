"""One stored verdict a submission, however often grading it takes."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.catalog.problem_folder import read_problem
from app.core.events import Busy, VerdictReached
from app.core.job import BULK, INTERACTIVE, Job, Status
from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.submission import SUBMISSION, Submission
from app.core.user import Role, User
from app.core.verdict import Mode, Verdict
from app.events.feed import Feed
from app.grading.grader import Grader
from app.metrics.metrics import GradingCounts
from app.queue.embedded.queue import EmbeddedQueue
from app.queue.embedded.watch_table import rebuild_queue
from app.queue.interface import Ticket
from app.store import tables
from app.store.engine.database import Database
from app.store.engine.open import open_database
from app.store.problems import Problems
from app.store.queries import jobs, submissions, users
from app.store.queries.unexplained import commonest_unexplained
from app.submissions.service import Submissions
from app.worker.grades import Grades
from app.worker.kinds import unexplained as counting
from app.worker.kinds.kind import KindServices, longest_seconds
from app.worker.kinds.submission import _RUNS, SubmissionKind
from app.worker.run_job import RunJob
from sandbox.interface import Starved
from tests.support.scripted_grader import ScriptedGrader
from tests.support.small_problem import small_problem
from tests.support.submission_jobs import job_by_id

pytestmark = pytest.mark.anyio


class Harness(msgspec.Struct, frozen=True, kw_only=True):
    """A store with one problem and one learner, a queue and a feed; no service."""

    database: Database
    problems: Problems
    queue: EmbeddedQueue
    feed: Feed
    user: User

    async def submit(self, code: str) -> str:
        taking = Submissions(
            self.database,
            self.problems,
            self.queue,
            self.feed.publish,
            queue_limit=100,
            waiting_per_user=100,
        )
        return (await taking.submit(self.user, "double", code, Mode.SUBMIT)).id

    def grading(self, grader: Grades, **more: float) -> RunJob:
        counts = GradingCounts()
        services = KindServices(
            database=self.database,
            problems=self.problems,
            queue=self.queue,
            grader=grader,
            publish=self.feed.publish,
            counts=counts,
        )
        return RunJob(self.database, self.queue, {SUBMISSION: SubmissionKind(services, **more)}, counts)

    async def grade_next(self, grader: Grades, **more: float) -> None:
        ticket = await self.queue.take()
        await self.grading(grader, **more)(ticket)
        self.queue.done(ticket)

    async def job(self, job_id: str) -> Job:
        async with self.database.reading() as connection:
            found = await job_by_id(connection, job_id)
        assert found is not None
        return found

    async def stored(self, submission_id: str) -> Submission:
        async with self.database.reading() as connection:
            found = await submissions.submission_by_id(connection, submission_id)
        assert found is not None
        return found


@asynccontextmanager
async def a_harness(tmp_path: Path) -> AsyncIterator[Harness]:
    async with open_database(f"sqlite:///{tmp_path / 'test.db'}") as database:
        problems = Problems(database, read_problem)
        await problems.publish(small_problem())
        async with database.transaction() as connection:
            user = await users.insert_user(connection, email="a@b.test", password_hash="x", role=Role.LEARNER)
        yield Harness(database=database, problems=problems, queue=EmbeddedQueue(), feed=Feed(), user=user)


async def test_the_grader_is_given_the_stored_seed_in_submit_mode(tmp_path: Path) -> None:
    """A rerun therefore repeats the fresh cases."""
    async with a_harness(tmp_path) as harness:
        submission_id = await harness.submit("x")
        await harness.grade_next(ScriptedGrader())
        found = await harness.stored(submission_id)
    assert found.verdict is not None
    assert found.verdict.fresh_seed == found.seed
    assert found.finished_at is not None


class HasSeeds(ScriptedGrader):
    """Three of them are ready."""

    def __init__(self) -> None:
        super().__init__()
        self.seeds = [71, 72, 73]

    async def take_seed(self, problem: Problem) -> int | None:
        return self.seeds.pop(0) if self.seeds else None


async def test_a_first_run_may_take_a_seed_that_is_ready(tmp_path: Path) -> None:
    """Each its own, and each is stored with its verdict."""
    async with a_harness(tmp_path) as harness:
        grader, found = HasSeeds(), []
        for number in range(4):
            submission_id = await harness.submit(f"x = {number}")
            await harness.grade_next(grader)
            found.append(await harness.stored(submission_id))
    assert [submission.seed for submission in found[:3]] == [71, 72, 73]
    assert found[3].seed > 73
    for submission in found:
        assert submission.verdict is not None
        assert submission.verdict.fresh_seed == submission.seed


async def test_regrades_and_second_attempts_keep_the_seed_of_the_submission(tmp_path: Path) -> None:
    async with a_harness(tmp_path) as harness:
        again, regrade = await harness.submit("x"), await harness.submit("x")
        drawn = [(await harness.stored(again)).seed, (await harness.stored(regrade)).seed]
        async with harness.database.transaction() as connection:
            claimed = await jobs.claim(connection, again)
            assert claimed is not None
            await jobs.give_back(connection, claimed, failed=True)
        grader = HasSeeds()
        async with harness.database.transaction() as connection:
            change = tables.jobs.update().where(tables.jobs.c.id == regrade)
            await connection.execute(change.values(priority=BULK))
        await harness.grading(grader)(Ticket(again, INTERACTIVE))
        await harness.grading(grader)(Ticket(regrade, BULK))
        found = [await harness.stored(again), await harness.stored(regrade)]
    assert [submission.verdict and submission.verdict.fresh_seed for submission in found] == drawn
    assert [submission.seed for submission in found] == drawn
    assert len(grader.seeds) == 3


class OnABusyMachine(ScriptedGrader):
    """Its first runs starve."""

    def __init__(self, *, starves: int) -> None:
        super().__init__()
        self._starves = starves

    async def grade(self, *arguments: Any, **named: Any) -> Verdict:
        if self._starves:
            self._starves -= 1
            raise Starved("a run waited for a processor for 300 s")
        return await super().grade(*arguments, **named)


async def test_a_run_that_starved_is_put_back_without_a_failure(tmp_path: Path) -> None:
    """The machine was busy: neither the learner nor we did anything wrong."""
    async with a_harness(tmp_path) as harness:
        submission_id = await harness.submit("x")
        grader = OnABusyMachine(starves=1)
        await harness.grade_next(grader)
        found, job = await harness.stored(submission_id), await harness.job(submission_id)
        assert (found.status, job.attempt, job.failures, found.verdict) == (Status.QUEUED, 1, 0, None)
        assert found.is_put_back
        assert Busy() in [sent.event for _, sent in harness.feed._under_way[submission_id].after(0)]
        await harness.grade_next(grader)
        found = await harness.stored(submission_id)
    assert found.verdict is not None
    assert found.verdict.accepted
    assert not found.is_put_back


async def test_a_run_that_always_starves_is_our_fault_in_the_end(tmp_path: Path) -> None:
    """It is put back once for nothing, and then as any failure; never is it the learner's."""
    async with a_harness(tmp_path) as harness:
        submission_id = await harness.submit("x")
        grader = OnABusyMachine(starves=99)
        failures = []
        while (await harness.stored(submission_id)).verdict is None:
            await harness.grade_next(grader)
            failures.append((await harness.job(submission_id)).failures)
        found = await harness.stored(submission_id)
    assert failures[:3] == [0, 1, 2]
    assert len(failures) == 4
    assert found.verdict is not None
    assert found.verdict.outcome is Outcome.INTERNAL_ERROR


async def test_a_fault_of_ours_puts_it_back_and_the_next_attempt_counts(tmp_path: Path) -> None:
    class Breaks(ScriptedGrader):
        async def grade(self, *arguments: object, **named: object) -> Verdict:
            raise ZeroDivisionError("a bug")

    async with a_harness(tmp_path) as harness:
        submission_id = await harness.submit("x")
        await harness.grade_next(Breaks())
        found, job = await harness.stored(submission_id), await harness.job(submission_id)
        assert (found.status, job.attempt, found.verdict) == (Status.QUEUED, 1, None)
        await harness.grade_next(ScriptedGrader())
        found, job = await harness.stored(submission_id), await harness.job(submission_id)
    assert found.verdict is not None
    assert (job.attempt, found.verdict.accepted) == (2, True)


async def test_a_submission_that_kills_the_process_each_time_is_given_up(tmp_path: Path) -> None:
    """Three claims without an end are enough, and the fourth run doesn't happen."""
    async with a_harness(tmp_path) as harness:
        submission_id = await harness.submit("x")
        for _ in range(3):
            async with harness.database.transaction() as connection:
                await jobs.claim(connection, submission_id)
        await rebuild_queue(harness.database, harness.queue)
        grader = ScriptedGrader()
        await harness.grade_next(grader)
        found = await harness.stored(submission_id)
    assert grader.graded == []
    assert found.verdict is not None
    assert found.verdict.outcome is Outcome.INTERNAL_ERROR


async def test_an_older_attempt_writes_and_tells_nothing(tmp_path: Path) -> None:
    """A worker that was taken for dead comes back late."""

    class Overtaken(ScriptedGrader):
        async def grade(self, *arguments: object, **named: object) -> Verdict:
            async with harness.database.transaction() as connection:
                await jobs.claim(connection, submission_id)
            return await super().grade(*arguments, **named)  # type: ignore[arg-type]

    async with a_harness(tmp_path) as harness:
        submission_id = await harness.submit("x")
        await harness.grade_next(Overtaken())
        found, job = await harness.stored(submission_id), await harness.job(submission_id)
        assert (found.status, job.attempt, found.verdict) == (Status.RUNNING, 2, None)
        reported = [reported.event for _, reported in harness.feed._under_way[submission_id].sent]
        assert not any(isinstance(event, VerdictReached) for event in reported)


async def test_a_grader_that_hangs_is_a_fault_of_ours(tmp_path: Path) -> None:
    """Its slot is freed; the learner's own time limits are the grader's business."""
    async with a_harness(tmp_path) as harness:
        problem = await harness.problems.by_slug("double")
        spare_seconds = 0.05 - longest_seconds(problem, runs=_RUNS)
        submission_id = await harness.submit("wait 60")
        grader = ScriptedGrader()
        await harness.grade_next(grader, spare_seconds=spare_seconds)
        found = await harness.job(submission_id)
    assert grader.stopped == ["wait 60"]
    assert (found.status, found.attempt) == (Status.QUEUED, 1)


async def test_a_ticket_without_work_is_dropped(tmp_path: Path) -> None:
    """A queue may hand out a submission that has its verdict, or that is gone."""
    async with a_harness(tmp_path) as harness:
        submission_id = await harness.submit("x")
        ticket = await harness.queue.take()
        grader = ScriptedGrader()
        await harness.grading(grader)(ticket)
        await harness.grading(grader)(ticket)
        ticket.job_id = "gone"
        await harness.grading(grader)(ticket)
        found = await harness.job(submission_id)
    assert grader.graded == ["x"]
    assert found.attempt == 1


async def test_a_verdict_is_told_only_after_it_is_stored(tmp_path: Path) -> None:
    """Whoever reads the submission on hearing of it finds it done."""
    async with a_harness(tmp_path) as harness:
        submission_id = await harness.submit("x")
        grading = asyncio.create_task(harness.grade_next(ScriptedGrader()))
        async for event in harness.feed.follow(submission_id):
            if isinstance(event, VerdictReached):
                assert (await harness.stored(submission_id)).verdict == event.verdict
        await grading


def follows_the_signature(grade: Callable[..., object]) -> bool:
    asked = inspect.signature(Grades.grade)
    given = inspect.signature(grade)
    return [(p.name, p.kind) for p in asked.parameters.values()] == [
        (p.name, p.kind) for p in given.parameters.values()
    ]


def test_the_real_and_the_scripted_grader_can_be_used_here() -> None:
    assert follows_the_signature(Grader.grade)
    assert follows_the_signature(ScriptedGrader.grade)


async def test_an_unexplained_answer_is_counted(tmp_path: Path) -> None:
    """So that an instructor sees which mistakes the problem's variants do not cover."""
    async with a_harness(tmp_path) as harness:
        for _ in range(2):
            await harness.submit("outcome wrong_value\nunexplained 1.5 2")
            await harness.grade_next(ScriptedGrader())
        problem = await harness.problems.by_slug("double")
        async with harness.database.reading() as connection:
            [cluster] = await commonest_unexplained(connection, problem.version)
    assert (cluster.learners, cluster.submissions, cluster.example_lines) == (1, 2, 2)


async def test_a_verdict_stands_whatever_becomes_of_the_counting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def breaks(*arguments: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(counting, "add_unexplained", breaks)
    async with a_harness(tmp_path) as harness:
        submission_id = await harness.submit("outcome wrong_value\nunexplained 1.5 2")
        await harness.grade_next(ScriptedGrader())
        stored = await harness.stored(submission_id)
    assert stored.status is Status.DONE
    assert "could not be counted" in caplog.text
