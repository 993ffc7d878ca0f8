"""Queries on API tokens. Only hashes of their secrets are stored."""

from datetime import datetime

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from app.core.user import User
from app.store import tables
from app.store.engine.database import Connection
from app.store.queries.users import IS_ENABLED, USER_COLUMNS, as_user


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """An API token as its owner sees it later on: without the secret."""

    id: str
    name: str
    created_at: datetime


async def insert_token(connection: Connection, token: Token, *, user_id: str, secret_hash: str) -> None:
    """Store it; nothing is stored where there is one with this secret."""
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgres_insert
    new = insert(tables.tokens).values(
        id=token.id,
        name=token.name,
        created_at=token.created_at,
        user_id=user_id,
        secret_hash=secret_hash,
    )
    await connection.execute(new.on_conflict_do_nothing())


async def token_by_secret(connection: Connection, secret_hash: str, *, user_id: str) -> Token | None:
    """Return the user's token with this secret."""
    of_user = (tables.tokens.c.secret_hash == secret_hash) & (tables.tokens.c.user_id == user_id)
    row = (await connection.execute(select(tables.tokens).where(of_user))).one_or_none()
    return None if row is None else Token(id=row.id, name=row.name, created_at=row.created_at)


async def user_of_token(connection: Connection, secret_hash: str) -> User | None:
    query = (
        select(*USER_COLUMNS)
        .join(tables.tokens)
        .where(tables.tokens.c.secret_hash == secret_hash, IS_ENABLED)
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else as_user(row)


async def tokens_of(connection: Connection, user_id: str) -> list[Token]:
    """Return the user's tokens, oldest first."""
    query = (
        select(tables.tokens).where(tables.tokens.c.user_id == user_id).order_by(tables.tokens.c.created_at)
    )
    return [
        Token(id=row.id, name=row.name, created_at=row.created_at) for row in await connection.execute(query)
    ]


async def delete_token(connection: Connection, token_id: str, *, user_id: str) -> bool:
    """Delete it; False where the user had no such token."""
    of_user = (tables.tokens.c.id == token_id) & (tables.tokens.c.user_id == user_id)
    return (await connection.execute(delete(tables.tokens).where(of_user))).rowcount == 1


async def delete_tokens_of(connection: Connection, user_id: str) -> None:
    await connection.execute(delete(tables.tokens).where(tables.tokens.c.user_id == user_id))
