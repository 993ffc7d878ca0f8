"""The law of verdicts: each is written once and never changed, and one of a submission's is current."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sqlalchemy import delete, func, select, update

from app.core.outcome import Outcome
from app.core.submission import Submission
from app.core.verdict import Verdict, VerdictLine, VerdictReason
from app.store import tables
from app.store.queries import verdicts
from app.submissions.service import unfinished_verdict
from app.worker.retention import Retention
from tests.support.queue_harness import QueueHarness, queue_harness
from tests.support.submission_jobs import end_submission

pytestmark = pytest.mark.anyio

_LONG_AGO = datetime.now(UTC) - timedelta(days=90)


@pytest.fixture
async def harness(database_url: str) -> AsyncIterator[QueueHarness]:
    async with queue_harness(database_url) as opened:
        yield opened


def saying(submission: Submission, message: str, outcome: Outcome = Outcome.WRONG_VALUE) -> Verdict:
    return msgspec.structs.replace(
        unfinished_verdict(submission, outcome, message), stdout="printed", score=float(len(message))
    )


async def ended(harness: QueueHarness, message: str = "first") -> Submission:
    """A submission that ended with a verdict of that message."""
    [submission_id] = await harness.take_in()
    submission = await harness.stored(submission_id)
    async with harness.database.transaction() as connection:
        assert await end_submission(connection, submission_id, saying(submission, message))
    return await harness.stored(submission_id)


async def as_older_code(harness: QueueHarness, submission: Submission) -> None:
    """As if the release before had written the verdict: it knows of no rows."""
    async with harness.database.transaction() as connection:
        rows = tables.verdicts
        await connection.execute(delete(rows).where(rows.c.submission_id == submission.id))


async def write(
    harness: QueueHarness,
    submission: Submission,
    message: str,
    *,
    after: int,
    why: VerdictReason = VerdictReason.REGRADED,
    outcome: Outcome = Outcome.WRONG_VALUE,
) -> bool:
    async with harness.database.transaction() as connection:
        verdict = saying(submission, message, outcome)
        by = harness.user.id
        return await verdicts.write_next(connection, submission.id, verdict, why, after=after, by=by)


async def lines(harness: QueueHarness, submission: Submission) -> list[VerdictLine]:
    async with harness.database.reading() as connection:
        return await verdicts.lines_of(connection, submission.id)


async def text(harness: QueueHarness, submission: Submission, number: int) -> str | None:
    async with harness.database.reading() as connection:
        found = await verdicts.verdict_of(connection, submission.id, number)
    return None if found is None else found.message


async def test_the_first_one_is_written_once(harness: QueueHarness) -> None:
    submission = await ended(harness)
    async with harness.database.transaction() as connection:
        assert not await verdicts.write_first(connection, submission.id, saying(submission, "second"))
    [line] = await lines(harness, submission)
    assert (line.number, line.why, line.by, line.current) == (1, VerdictReason.GRADED, None, True)
    assert (line.version, line.outcome, line.score) == (submission.version, Outcome.WRONG_VALUE, 5.0)
    assert line.created_at == submission.finished_at
    assert submission.verdict_number == 1


@pytest.mark.parametrize("is_older", [False, True], ids=["", "first one by older code"])
async def test_a_later_one_is_current_and_changes_none_before_it(
    harness: QueueHarness, is_older: bool
) -> None:
    submission = await ended(harness)
    if is_older:
        await as_older_code(harness, submission)
    before = await lines(harness, submission)
    assert await write(harness, submission, "2nd", after=1, outcome=Outcome.ACCEPTED)
    assert await write(harness, submission, "undone", after=2, why=VerdictReason.UNDONE)
    found = await lines(harness, submission)
    assert [msgspec.structs.replace(found[0], current=True)] == before
    assert [(line.number, line.why, line.by, line.current) for line in found[1:]] == [
        (2, VerdictReason.REGRADED, harness.user.id, False),
        (3, VerdictReason.UNDONE, harness.user.id, True),
    ]
    assert [await text(harness, submission, number) for number in range(5)] == [
        None,
        "first",
        "2nd",
        "undone",
        None,
    ]
    stored = await harness.stored(submission.id)
    assert stored.verdict is not None
    assert (stored.verdict.message, stored.verdict_number) == ("undone", 3)
    assert stored.finished_at == submission.finished_at
    async with harness.database.reading() as connection:
        current = await verdicts.current_of(connection, [submission.id, "nobody's"])
    assert {name: verdict.message for name, verdict in current.items()} == {submission.id: "undone"}


async def test_lists_and_progress_go_by_the_current_one(harness: QueueHarness) -> None:
    submission = await ended(harness)
    assert await write(harness, submission, "right", after=1, outcome=Outcome.ACCEPTED)
    columns = select(tables.submissions.c.outcome, tables.submissions.c.score)
    async with harness.database.reading() as connection:
        [row] = await connection.execute(columns.where(tables.submissions.c.id == submission.id))
    assert tuple(row) == ("accepted", 5.0)


async def test_what_was_made_from_another_than_the_current_one_is_void(harness: QueueHarness) -> None:
    """An explanation of a verdict that a regrade has replaced meanwhile, say."""
    submission = await ended(harness)
    assert await write(harness, submission, "second", after=1)
    assert not await write(harness, submission, "late", after=1)
    assert not await write(harness, submission, "early", after=3)
    [waiting] = await harness.take_in()
    assert not await write(harness, await harness.stored(waiting), "without a first one", after=1)
    assert [await text(harness, submission, number) for number in (1, 2, 3)] == ["first", "second", None]
    assert await lines(harness, await harness.stored(waiting)) == []


async def test_of_several_at_once_one_is_written(harness: QueueHarness) -> None:
    submission = await ended(harness)
    await as_older_code(harness, submission)
    written = await asyncio.gather(
        *(write(harness, submission, message, after=1) for message in ("one", "two", "three"))
    )
    assert sorted(written) == [False, False, True]
    assert [line.number for line in await lines(harness, submission)] == [1, 2]


async def test_verdicts_of_older_code_get_their_rows_in_time(harness: QueueHarness) -> None:
    """A batch at a time, and what such code writes later as well; until then they are read all the same."""
    old = [await ended(harness) for _ in range(3)]
    for submission in old:
        await as_older_code(harness, submission)
    new = await ended(harness)
    assert [line.why for line in await lines(harness, old[0])] == [VerdictReason.GRADED]
    async with harness.database.transaction() as connection:
        mine = tables.submissions.c.id.in_([submission.id for submission in old[:2]])
        await connection.execute(update(tables.submissions).where(mine).values(finished_at=_LONG_AGO))
    retention = Retention(harness.database, keep_output_days=0, keep_runs_days=0, batch=1)
    await retention.clean()
    assert await _rows(harness) == {old[0].id: _LONG_AGO, old[1].id: _LONG_AGO, new.id: new.finished_at}
    async with harness.database.transaction() as connection:
        late = tables.submissions.c.id == old[2].id
        then = datetime.now(UTC) - timedelta(hours=2)
        await connection.execute(update(tables.submissions).where(late).values(finished_at=then))
    await retention.clean()
    assert len(await _rows(harness)) == 4


async def _rows(harness: QueueHarness) -> dict[str, datetime]:
    table = tables.verdicts
    async with harness.database.reading() as connection:
        found = await connection.execute(select(table.c.submission_id, table.c.created_at))
        return {row.submission_id: row.created_at for row in found}


async def test_what_was_printed_goes_from_later_ones_too(harness: QueueHarness) -> None:
    """Each after its own time: a regrade prints anew."""
    submission = await ended(harness)
    assert await write(harness, submission, "second", after=1)
    assert await write(harness, submission, "third", after=2)
    async with harness.database.transaction() as connection:
        table = tables.verdicts
        mine = (table.c.submission_id == submission.id) & (table.c.number == 2)
        await connection.execute(update(table).where(mine).values(created_at=_LONG_AGO))
    await Retention(harness.database, keep_output_days=30, keep_runs_days=0).clean()
    async with harness.database.reading() as connection:
        found = [await verdicts.verdict_of(connection, submission.id, number) for number in (1, 2, 3)]
    assert [(one and one.stdout, one and one.output_kept_days) for one in found] == [
        ("printed", None),
        ("", 30),
        ("printed", None),
    ]


async def test_rows_go_with_their_submission(harness: QueueHarness) -> None:
    submission = await ended(harness)
    assert await write(harness, submission, "second", after=1)
    async with harness.database.transaction() as connection:
        await connection.execute(delete(tables.submissions).where(tables.submissions.c.id == submission.id))
        left = await connection.execute(select(func.count()).select_from(tables.verdicts))
        assert left.scalar_one() == 0


async def test_those_who_follow_are_given_what_is_later_than_what_they_know(harness: QueueHarness) -> None:
    """In one question: the first verdict, the next one, nothing where there is none, and who is gone."""
    first, second = await ended(harness), await ended(harness)
    [waiting] = await harness.take_in()
    assert await write(harness, second, "second", after=1)
    known = {first.id: 0, second.id: 1, waiting: 0, "none": 0}
    async with harness.database.reading() as connection:
        found = await verdicts.later_verdicts(connection, known)
        assert await verdicts.later_verdicts(connection, {first.id: 1, second.id: 2, waiting: 0}) == {}
        older = await verdicts.later_verdicts(connection, {second.id: 0})
    assert {
        name: None if one is None else (one.number, one.verdict.message) for name, one in found.items()
    } == {
        first.id: (1, "first"),
        second.id: (2, "second"),
        "none": None,
    }
    assert older == {second.id: found[second.id]}


async def test_a_verdict_of_an_older_release_is_later_than_none(harness: QueueHarness) -> None:
    submission = await ended(harness)
    await as_older_code(harness, submission)
    async with harness.database.reading() as connection:
        found = (await verdicts.later_verdicts(connection, {submission.id: 0}))[submission.id]
    assert found is not None
    assert (found.number, found.verdict.message) == (1, "first")
