"""Which code still works on a schema: every revision says so, and the database keeps the highest.

So code that is older than the schema can tell whether it may go on, without knowing the newer revisions.
"""

from alembic.script import ScriptDirectory
from sqlalchemy import Connection, delete, inspect, select

from app.store.tables import schema_floor


def floor_of(script: ScriptDirectory, revision: str | None) -> str | None:
    """Return the highest OLDEST_CODE of the revisions up to this one; where one names none, it is its own."""
    if revision is None:
        return None
    applied = script.iterate_revisions(revision, "base")
    return max(str(getattr(one.module, "OLDEST_CODE", one.revision)) for one in applied)


def noted_floor(connection: Connection) -> str | None:
    """Return what the database itself says; None where it says nothing."""
    if not inspect(connection).has_table(schema_floor.name):
        return None
    found: str | None = connection.execute(select(schema_floor.c.revision)).scalar_one_or_none()
    return found


def note_floor(connection: Connection, script: ScriptDirectory, revision: str | None) -> None:
    """Write down the floor of the schema, which is at this revision; at the end of every migration."""
    floor = floor_of(script, revision)
    if floor is None or not inspect(connection).has_table(schema_floor.name):
        return
    connection.execute(delete(schema_floor))
    connection.execute(schema_floor.insert().values(id=1, revision=floor))
