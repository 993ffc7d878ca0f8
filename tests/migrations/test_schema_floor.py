"""Code that is older than the schema goes on where the schema lets it, and else stops with a sentence."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from app.errors import SchemaTooNew
from app.store.engine import migrate
from app.store.engine.migrate import floor_of, noted_floor
from tests.migrations.made_up import NEXT, more_scripts


def floor(url: str) -> str | None:
    with migrate.connected(url) as connection:
        return noted_floor(connection)


def test_every_revision_is_a_number_of_four_digits() -> None:
    """So that which of two is the newer can be told by code that knows only one of them."""
    script = ScriptDirectory(str(migrate.SCRIPTS))
    revisions = [one.revision for one in script.walk_revisions()]
    assert revisions == [f"{number:04d}" for number in range(len(revisions), 0, -1)]
    for one in script.walk_revisions():
        assert getattr(one.module, "OLDEST_CODE", one.revision) <= one.revision


def test_an_upgrade_notes_the_oldest_code(url: str) -> None:
    migrate.upgrade(url)
    script = ScriptDirectory(str(migrate.SCRIPTS))
    assert floor(url) == floor_of(script, migrate.head())


def test_a_lost_note_is_written_again(url: str) -> None:
    """As of a database that an earlier commit had migrated."""
    migrate.upgrade(url)
    with migrate.connected(url) as connection:
        connection.execute(sa.text("DELETE FROM schema_floor"))
        connection.commit()
    migrate.upgrade(url)
    assert floor(url) is not None


def test_older_code_goes_on_where_the_newer_schema_lets_it(url: str, tmp_path: Path) -> None:
    """One release back works on: processes are replaced one after the other."""
    newer = more_scripts(
        tmp_path, "op.add_column('users', sa.Column('later', sa.Text))", oldest_code=migrate.head()
    )
    migrate.upgrade(url, scripts=newer)
    assert migrate.current(url) == NEXT
    migrate.upgrade(url)
    assert migrate.is_newer(url)
    assert migrate.current(url) == NEXT
    assert floor(url) == migrate.head()


def test_older_code_refuses_a_schema_that_needs_newer_code(url: str, tmp_path: Path) -> None:
    """A revision that names none needs code that knows it."""
    newer = more_scripts(tmp_path)
    migrate.upgrade(url, scripts=newer)
    with pytest.raises(SchemaTooNew, match=f"revision {NEXT}.*this one knows {migrate.head()}: install"):
        migrate.upgrade(url)
    with pytest.raises(SchemaTooNew):
        migrate.is_newer(url)


def test_a_step_back_lowers_the_floor(url: str, tmp_path: Path) -> None:
    newer = more_scripts(tmp_path)
    migrate.upgrade(url, scripts=newer)
    assert floor(url) == NEXT
    migrate.downgrade(url, migrate.head(), scripts=newer)
    assert floor(url) == floor_of(ScriptDirectory(str(newer)), migrate.head())
    migrate.upgrade(url)


def test_an_unknown_schema_is_refused(url: str) -> None:
    """Of another program that uses alembic, say."""
    migrate.upgrade(url)
    with migrate.connected(url) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = 'f00'"))
        connection.execute(sa.text("DELETE FROM schema_floor"))
        connection.commit()
    with pytest.raises(SchemaTooNew, match="f00"):
        migrate.upgrade(url)
