"""Queries on web sessions. Only hashes of their secrets are stored."""

from datetime import datetime

from sqlalchemy import delete, select

from app.core.user import User
from app.store import tables
from app.store.engine.database import Connection
from app.store.queries.users import IS_ENABLED, USER_COLUMNS, as_user


async def insert_session(
    connection: Connection, *, secret_hash: str, user_id: str, created_at: datetime, expires_at: datetime
) -> None:
    await connection.execute(
        tables.sessions.insert().values(
            secret_hash=secret_hash, user_id=user_id, created_at=created_at, expires_at=expires_at
        )
    )


async def user_of_session(connection: Connection, secret_hash: str, *, now: datetime) -> User | None:
    """Return the session's user, unless it has expired or the account is disabled."""
    query = (
        select(*USER_COLUMNS)
        .join(tables.sessions)
        .where(tables.sessions.c.secret_hash == secret_hash, tables.sessions.c.expires_at > now, IS_ENABLED)
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else as_user(row)


async def delete_session(connection: Connection, secret_hash: str) -> None:
    await connection.execute(delete(tables.sessions).where(tables.sessions.c.secret_hash == secret_hash))


async def delete_sessions_of(connection: Connection, user_id: str) -> None:
    await connection.execute(delete(tables.sessions).where(tables.sessions.c.user_id == user_id))


async def delete_expired_sessions(connection: Connection, *, now: datetime) -> None:
    await connection.execute(delete(tables.sessions).where(tables.sessions.c.expires_at <= now))


async def delete_sessions_beyond(connection: Connection, user_id: str, *, newest: int) -> None:
    """Delete all of one account's sessions but so many of the newest."""
    old = (
        select(tables.sessions.c.secret_hash)
        .where(tables.sessions.c.user_id == user_id)
        .order_by(tables.sessions.c.created_at.desc(), tables.sessions.c.secret_hash)
        .offset(newest)
    )
    if hashes := list((await connection.execute(old)).scalars()):
        await connection.execute(delete(tables.sessions).where(tables.sessions.c.secret_hash.in_(hashes)))
