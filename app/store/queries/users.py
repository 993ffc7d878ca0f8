"""Queries on accounts.

An account that is disabled has a mark before its password's hash, as shadow(5) has it: no password matches
such a hash, in an older version of this code neither, and without the mark it is what it was.
"""

from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import Row, case, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import IntegrityError

from app.core.user import Role, User
from app.errors import EmailTaken
from app.store import tables
from app.store.engine.database import Connection

_DISABLED = "!"
IS_ENABLED = tables.users.c.password_hash.not_like(f"{_DISABLED}%")
USER_COLUMNS = (
    tables.users.c.id,
    tables.users.c.email,
    tables.users.c.role,
    tables.users.c.created_at,
    IS_ENABLED.label("is_enabled"),
)
"""What `as_user` reads."""


async def insert_user(
    connection: Connection, *, email: str, password_hash: str, role: Role, user_id: str | None = None
) -> User:
    """Insert a new account; the first one of all is the admin, whatever `role` says.

    Two sign-ups at the same moment both try to insert the one row of `founder`; the primary
    key lets one of them, and makes the other wait until the first has committed.

    Raises:
        EmailTaken: the address has an account.
    """
    now = datetime.now(UTC)
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgres_insert
    claim = insert(tables.founder).values(id=1, created_at=now).on_conflict_do_nothing()
    is_first = (await connection.execute(claim.returning(tables.founder.c.id))).first() is not None
    role = Role.ADMIN if is_first else role
    user = User(id=user_id or uuid4().hex, email=email, role=role, created_at=now)
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
    """Return the account with this address, and the hash that its password has; None where there is none."""
    query = select(*USER_COLUMNS, tables.users.c.password_hash).where(tables.users.c.email == email)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else (as_user(row), row.password_hash)


async def all_users(connection: Connection) -> list[User]:
    """Return everybody, oldest account first."""
    query = select(*USER_COLUMNS).order_by(tables.users.c.created_at)
    return [as_user(row) for row in await connection.execute(query)]


async def staff_and_password_hashes(connection: Connection) -> list[tuple[User, str]]:
    """Return enabled admins and then enabled instructors, with the hashes of their passwords."""
    query = (
        select(*USER_COLUMNS, tables.users.c.password_hash)
        .where(tables.users.c.role != Role.LEARNER.value, IS_ENABLED)
        .order_by(tables.users.c.role != Role.ADMIN.value, tables.users.c.created_at)
    )
    return [(as_user(row), row.password_hash) for row in await connection.execute(query)]


async def count_users(connection: Connection) -> int:
    return int((await connection.execute(select(func.count()).select_from(tables.users))).scalar_one())


async def hold_enabled_admins(connection: Connection) -> list[str]:
    """Return the addresses of all enabled admins, whom nobody changes before the transaction's end.

    Two of them who lose their roles at the same moment would otherwise each count on the other. SQLite has
    one writer at a time anyway.
    """
    query = select(tables.users.c.email).where(tables.users.c.role == Role.ADMIN.value, IS_ENABLED)
    rows = await connection.execute(query.order_by(tables.users.c.id).with_for_update())
    return list(rows.scalars())


async def hold_enabled(connection: Connection, user_id: str, *, password_hash: str | None = None) -> bool:
    """Return whether the account is enabled and still has this hash, until the transaction's end."""
    query = select(tables.users.c.id).where(tables.users.c.id == user_id, IS_ENABLED)
    if password_hash is not None:
        query = query.where(tables.users.c.password_hash == password_hash)
    return (await connection.execute(query.with_for_update(read=True))).first() is not None


async def set_role(connection: Connection, email: str, role: Role) -> bool:
    """Return whether there is such an account; it then has another role."""
    change = update(tables.users).where(tables.users.c.email == email).values(role=role.value)
    return (await connection.execute(change)).rowcount == 1


async def set_password_hash(connection: Connection, user: User, password_hash: str) -> None:
    """Give an account another password; one that is disabled stays so, whoever disabled it meanwhile."""
    stored = case((IS_ENABLED, password_hash), else_=_DISABLED + password_hash)
    await connection.execute(
        update(tables.users).where(tables.users.c.id == user.id).values(password_hash=stored)
    )


async def disable(connection: Connection, user: User) -> None:
    """Let no password match the account's hash any more."""
    marked = literal(_DISABLED) + tables.users.c.password_hash
    change = update(tables.users).where(tables.users.c.id == user.id, IS_ENABLED)
    await connection.execute(change.values(password_hash=marked))


async def enable(connection: Connection, user: User) -> None:
    """Let the account's password match again."""
    unmarked = func.substr(tables.users.c.password_hash, len(_DISABLED) + 1)
    change = update(tables.users).where(tables.users.c.id == user.id, ~IS_ENABLED)
    await connection.execute(change.values(password_hash=unmarked))


def as_user(row: Row[*tuple[object, ...]]) -> User:
    """Return the account of a row with `USER_COLUMNS`."""
    return User(
        id=row.id,
        email=row.email,
        role=Role(row.role),
        created_at=row.created_at,
        is_enabled=bool(row.is_enabled),
    )
