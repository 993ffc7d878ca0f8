"""How SQLite is opened."""

from pathlib import Path

import pytest
from sqlalchemy import text

from app.store.engine.database import Database

pytestmark = pytest.mark.anyio


async def open_at(tmp_path: Path) -> Database:
    return Database(f"sqlite:///{tmp_path / 'made' / 'on demand.db'}")


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("foreign_keys", 1), ("synchronous", 2), ("busy_timeout", 10_000)],
)
async def test_each_connection_is_set_up(tmp_path: Path, pragma: str, value: object) -> None:
    """A write is on the disk before the answer, readers don't wait for writers, writers wait their turn."""
    database = await open_at(tmp_path)
    async with database.reading() as connection:
        assert (await connection.execute(text(f"PRAGMA {pragma}"))).scalar_one() == value
    await database.close()


async def test_a_transaction_commits_whole_or_not_at_all(tmp_path: Path) -> None:
    database = await open_at(tmp_path)

    async def cut_off() -> None:
        async with database.transaction() as connection:
            await connection.execute(text("CREATE TABLE half (id INTEGER)"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await cut_off()
    async with database.transaction() as connection:
        await connection.execute(text("CREATE TABLE whole (id INTEGER)"))
    async with database.reading() as connection:
        names = (await connection.execute(text("SELECT name FROM sqlite_master"))).scalars().all()
    assert names == ["whole"]
    await database.close()


async def test_what_is_written_while_reading_is_rolled_back(tmp_path: Path) -> None:
    database = await open_at(tmp_path)
    async with database.reading() as connection:
        await connection.execute(text("CREATE TABLE lost (id INTEGER)"))
    async with database.reading() as connection:
        assert (await connection.execute(text("SELECT name FROM sqlite_master"))).first() is None
    await database.close()
