"""What alembic runs: migrations, on a connection that it is given or that it opens.

`app.store.engine.migrate` hands one over; from the command line (`alembic upgrade head`) it is one to the
database of the JAXERCISE_* settings.
"""

from alembic import context
from sqlalchemy import Connection

from app.store.engine.migrate import note_floor
from app.store.tables import metadata


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        compare_type=True,
        # SQLite's too: whoever is killed in the middle leaves the schema as it was.
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()
        note_floor(connection, context.script, context.get_context().get_current_revision())


def run() -> None:
    given: Connection | None = context.config.attributes.get("connection")
    if given is not None:
        migrate(given)
        return
    from app.settings import read_settings
    from app.store.engine.migrate import connected

    with connected(read_settings().store_url) as connection:
        migrate(connection)


run()
