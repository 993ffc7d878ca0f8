"""Revision 0006: what was said stays said, by which code it was written and whichever way the schema goes."""

import asyncio
from typing import Any

import sqlalchemy as sa

from app.core.verdict import VerdictReason
from app.store.engine import migrate
from app.store.engine.database import Database
from app.store.queries import submissions, verdicts
from tests.migrations.filled import NOW, fill, tables_of
from tests.migrations.test_migrations import connected

_BEFORE, _AFTER = "0005", "0006"
_FIRST = (
    '{"problem":"p","version":"v","outcome":"wrong_value","accepted":false,"score":0.0,"diagnosis":null,'
    '"cases":[],"stdout":"","stderr":"","error":null,"wall_seconds":0.0,"environment":{}}'
)
_SECOND = _FIRST.replace("wrong_value", "error")


def _fill_as_0005(url: str, *, submission_id: str = "s") -> None:
    """One submission with its verdict, by the statements of the code before."""
    with connected(url) as connection:
        if not connection.execute(sa.text("SELECT count(*) FROM users")).scalar_one():
            connection.rollback()
            fill(connection, submissions=0)
        rows = tables_of(connection)["submissions"]
        values: dict[str, Any] = {"id": submission_id, "user_id": "u", "version": "v", "mode": "submit"}
        connection.execute(rows.insert().values(**values, code="x", seed=1, created_at=NOW))
        change = rows.update().where(rows.c.id == submission_id, rows.c.verdict.is_(None))
        change = change.values(finished_at=NOW, outcome="wrong_value", score=0.0, verdict=_FIRST)
        assert connection.execute(change).rowcount == 1
        connection.commit()


async def _explain(url: str, submission_id: str) -> list[tuple[int, str, bool]]:
    """A second verdict by today's code; all lines that the submission has then."""
    database = Database(url)
    try:
        async with database.transaction() as connection:
            found = await submissions.submission_by_id(connection, submission_id)
            assert found is not None
            assert found.verdict is not None
            assert found.verdict_number == 1
            why = VerdictReason.EXPLAINED
            assert await verdicts.write_next(connection, submission_id, found.verdict, why, after=1)
            lines = await verdicts.lines_of(connection, submission_id)
    finally:
        await database.close()
    return [(line.number, line.why.value, line.current) for line in lines]


def test_code_of_before_writes_on_and_today_s_goes_on_from_there(url: str) -> None:
    """Both at once, while processes are replaced; whatever was written before the upgrade too."""
    migrate.upgrade(url, _BEFORE)
    _fill_as_0005(url)
    migrate.upgrade(url, _AFTER)
    _fill_as_0005(url, submission_id="later")
    for submission_id in ("s", "later"):
        lines = asyncio.run(_explain(url, submission_id))
        assert lines == [(1, "graded", False), (2, "explained", True)]
    with connected(url) as connection:
        # Code of before looks for the verdict here, and still finds the first.
        found = connection.execute(sa.text("SELECT verdict FROM submissions")).scalars()
        assert list(found) == [_FIRST, _FIRST]


def test_a_step_down_keeps_the_current_verdict(url: str) -> None:
    migrate.upgrade(url, _BEFORE)
    _fill_as_0005(url)
    migrate.upgrade(url, _AFTER)
    asyncio.run(_explain(url, "s"))
    with connected(url) as connection:
        connection.execute(sa.text("UPDATE verdicts SET verdict = :text WHERE number = 2"), {"text": _SECOND})
        connection.commit()
    migrate.downgrade(url, _BEFORE)
    with connected(url) as connection:
        assert connection.execute(sa.text("SELECT verdict FROM submissions")).scalar_one() == _SECOND
    migrate.upgrade(url, _AFTER)
    assert asyncio.run(_explain(url, "s")) == [(1, "graded", False), (2, "explained", True)]
