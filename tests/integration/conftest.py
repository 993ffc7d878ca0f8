"""A real PostgreSQL for these tests, and what is to hold on it and on SQLite alike."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.store.engine.database import Database
from app.store.engine.open import open_database
from tests.support.postgres import PostgresServer, running_postgres
from tests.support.queue_harness import QueueHarness, queue_harness


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of a new, empty database: a test that asks for it runs on each."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The same with today's schema, open."""
    async with open_database(database_url) as opened:
        yield opened


@pytest.fixture
async def harness(postgres: PostgresServer) -> AsyncIterator[QueueHarness]:
    """PostgreSQL and the queue that many workers share."""
    async with queue_harness(postgres.new_database()) as opened:
        yield opened
