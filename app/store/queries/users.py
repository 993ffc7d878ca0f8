"""Queries on accounts."""

from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import IntegrityError

from app.core.user import Role, User
from app.errors import EmailTaken
from app.store import tables
from app.store.engine.database import Connection

_COLUMNS = (tables.users.c.id, tables.users.c.email, tables.users.c.role, tables.users.c.created_at)


async def insert_user(connection: Connection, *, email: str, password_hash: str, role: Role) -> User:
    """A new account; the first one of all is the admin, whatever `role` says.

    Two sign-ups at the same moment both try to insert the one row of `founder`; the primary
    key lets one of them, and makes the other wait until the first has committed.

    Raises:
        EmailTaken: the address has an account.
    """
    now = datetime.now(UTC)
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgres_insert
    claim = insert(tables.founder).values(id=1, created_at=now).on_conflict_do_nothing()
    is_first = (await connection.execute(claim.returning(tables.founder.c.id))).first() is not None
    user = User(id=uuid4().hex, email=email, role=Role.ADMIN if is_first else role, created_at=now)
    try:
        await connection.execute(
            tables.users.insert().values(
                id=user.id, email=email, password_hash=password_hash, role=user.role.value, created_at=now
            )
        )
    except IntegrityError:
        raise EmailTaken from None
    return user


async def user_and_password_hash(connection: Connection, email: str) -> tuple[User, str] | None:
    query = select(*_COLUMNS, tables.users.c.password_hash).where(tables.users.c.email == email)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else (as_user(row), row.password_hash)


async def user_by_id(connection: Connection, user_id: str) -> User | None:
    row = (await connection.execute(select(*_COLUMNS).where(tables.users.c.id == user_id))).one_or_none()
    return None if row is None else as_user(row)


async def all_users(connection: Connection) -> list[User]:
    """Everybody, oldest account first."""
    return [
        as_user(row)
        for row in await connection.execute(select(*_COLUMNS).order_by(tables.users.c.created_at))
    ]


async def count_users(connection: Connection) -> int:
    return int((await connection.execute(select(func.count()).select_from(tables.users))).scalar_one())


async def set_role(connection: Connection, email: str, role: Role) -> bool:
    """True where there is such an account."""
    change = update(tables.users).where(tables.users.c.email == email).values(role=role.value)
    return (await connection.execute(change)).rowcount == 1


def as_user(row: Row[*tuple[object, ...]]) -> User:
    return User(id=row.id, email=row.email, role=Role(row.role), created_at=row.created_at)
