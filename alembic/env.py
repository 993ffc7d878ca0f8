"""What alembic runs: on the connection that `app.store.migrate` hands over, or from the command
line (`alembic upgrade head`) on the database of the JAXERCISE_* settings."""

from alembic import context
from sqlalchemy import Connection, create_engine

from app.store.tables import metadata


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=True
    )
    with context.begin_transaction():
        context.run_migrations()


def run() -> None:
    given: Connection | None = context.config.attributes.get("connection")
    if given is not None:
        migrate(given)
        return
    from app.settings import read_settings

    with create_engine(read_settings().store_url).connect() as connection:
        migrate(connection)


run()
