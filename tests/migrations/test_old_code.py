"""Code of the release before works on this schema: services are replaced one after the other, not at once.

What that code says is written down here with the columns of its own schema, as a database of then has them.
"""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from app.store.engine import migrate
from tests.migrations.filled import NOW, RELEASE_BEFORE, fill, tables_of


@pytest.fixture
def old_tables(url: str) -> dict[str, sa.Table]:
    """The schema of the release before; the database itself is at the newest afterwards."""
    migrate.upgrade(url, RELEASE_BEFORE)
    with migrate.connected(url) as connection:
        tables = tables_of(connection)
        fill(connection, submissions=20)
    migrate.upgrade(url)
    return tables


@pytest.fixture
def connection(url: str, old_tables: dict[str, sa.Table]) -> Iterator[sa.Connection]:
    engine = sa.create_engine(url)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA foreign_keys = ON"))
    try:
        with engine.connect() as opened:
            yield opened
    finally:
        engine.dispose()


def test_the_newest_schema_is_another(url: str, old_tables: dict[str, sa.Table]) -> None:
    """Otherwise what follows would prove nothing."""
    with migrate.connected(url) as connection:
        new_tables = tables_of(connection)
    assert {name: set(table.c.keys()) for name, table in new_tables.items()} != {
        name: set(table.c.keys()) for name, table in old_tables.items()
    }


def test_a_submission_lives_its_whole_life(
    connection: sa.Connection, old_tables: dict[str, sa.Table]
) -> None:
    """Sent in, counted, claimed twice, finished once, listed, and gone with its learner."""
    table = old_tables["submissions"]
    mine = table.c.id == "mine"
    row = {"id": "mine", "user_id": "u", "version": "v", "mode": "submit", "code": "x", "status": "queued"}
    connection.execute(table.insert().values(**row, priority=10, attempt=0, seed=7, created_at=NOW))
    waiting = sa.select(sa.func.count()).where(table.c.status == "queued", table.c.user_id == "u")
    assert connection.execute(waiting).scalar_one() == 3
    connection.commit()

    claim = table.update().where(mine, table.c.status != "done")
    for attempt in (1, 2):
        assert connection.execute(claim.values(status="running", attempt=table.c.attempt + 1)).rowcount == 1
        connection.commit()
        if attempt == 1:
            held = table.update().where(mine, table.c.attempt == 1, table.c.status != "done")
            assert connection.execute(held.values(status="queued")).rowcount == 1
            connection.commit()

    verdict = {"status": "done", "finished_at": NOW, "outcome": "wrong_value", "verdict": "{}"}
    for attempt, written in ((1, 0), (2, 1), (2, 0)):
        finish = table.update().where(mine, table.c.attempt == attempt, table.c.status != "done")
        assert connection.execute(finish.values(**verdict)).rowcount == written
        connection.commit()

    versions, problems = old_tables["problem_versions"], old_tables["problems"]
    listed = (
        sa.select(table, problems.c.slug)
        .join(versions, versions.c.version == table.c.version)
        .join(problems, problems.c.id == versions.c.problem_id)
        .where(table.c.user_id == "u")
        .order_by(table.c.created_at.desc(), table.c.id)
    )
    found = {one.id: one for one in connection.execute(listed)}
    assert (found["mine"].status, found["mine"].attempt, found["mine"].slug) == ("done", 2, "p")
    unfinished = sa.select(table.c.id, table.c.priority).where(table.c.status != "done")
    assert len(connection.execute(unfinished).all()) == 4
    connection.execute(table.update().where(table.c.status == "running").values(status="queued"))

    clusters, members = old_tables["unexplained_clusters"], old_tables["unexplained_members"]
    cluster = {
        "id": "c",
        "version": "v",
        "layout": "l",
        "projection": 0.5,
        "output": b"\0",
        "created_at": NOW,
    }
    connection.execute(clusters.insert().values(**cluster))
    connection.execute(members.insert().values(submission_id="mine", cluster_id="c", code_lines=1))
    connection.commit()
    users = old_tables["users"]
    connection.execute(users.delete().where(users.c.id == "u"))
    connection.commit()
    assert connection.execute(sa.select(sa.func.count()).select_from(members)).scalar_one() == 0


def test_accounts_and_problems_are_served(connection: sa.Connection, old_tables: dict[str, sa.Table]) -> None:
    """Signing up and in, a token, a new version of a problem."""
    founder, sessions, tokens = (old_tables[name] for name in ("founder", "sessions", "tokens"))
    connection.execute(founder.insert().values(id=1, created_at=NOW))
    connection.execute(sessions.insert().values(secret_hash="s", user_id="u", created_at=NOW, expires_at=NOW))
    connection.execute(tokens.insert().values(id="t", user_id="u", name="n", secret_hash="t", created_at=NOW))
    users = old_tables["users"]
    signed_in = sa.select(users).join(sessions, sessions.c.user_id == users.c.id)
    assert connection.execute(signed_in).one().email == "u@x"
    connection.execute(sessions.delete().where(sessions.c.expires_at <= NOW))
    versions, files, problems = (
        old_tables[name] for name in ("problem_versions", "problem_files", "problems")
    )
    connection.execute(versions.insert().values(version="w", problem_id="p", published_at=NOW))
    connection.execute(files.insert().values(version="w", path="problem.toml", content=b"x"))
    connection.execute(problems.update().where(problems.c.id == "p").values(version="w", listed=True))
    connection.commit()
    assert connection.execute(sa.select(files.c.content)).scalar_one() == b"x"


def test_a_breaking_change_is_noticed(connection: sa.Connection, old_tables: dict[str, sa.Table]) -> None:
    """The tests above can fail."""
    connection.execute(sa.text("ALTER TABLE users RENAME COLUMN email TO address"))
    with pytest.raises(sa.exc.DBAPIError):
        connection.execute(sa.select(old_tables["users"]))
