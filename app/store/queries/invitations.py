"""Queries on invitations to sign up. Only hashes of their secrets are stored."""

import enum
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from app.store import tables
from app.store.engine.database import Connection


class InvitationState(enum.StrEnum):
    """Whether somebody may still sign up by it, and if not, why."""

    OPEN = "open"
    USED_UP = "used_up"
    EXPIRED = "expired"
    REVOKED = "revoked"


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation as its maker sees it later on: without the secret, which is in the link."""

    id: str
    name: str
    """Whom it is for, in the words of whoever made it."""
    uses: int
    """How many accounts may be made by it."""
    used: int = 0
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None

    def state(self, now: datetime) -> InvitationState:
        """Return the state at that moment; of several reasons the one that somebody decided on."""
        if self.revoked_at is not None:
            return InvitationState.REVOKED
        if self.used >= self.uses:
            return InvitationState.USED_UP
        return InvitationState.EXPIRED if self.expires_at <= now else InvitationState.OPEN


_table = tables.invitations
_COLUMNS = [_table.c[name] for name in Invitation.__struct_fields__]


async def insert_invitation(connection: Connection, invitation: Invitation, *, secret_hash: str) -> bool:
    """Store it; False, and nothing stored, where there is one with this secret."""
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgres_insert
    values = {name: getattr(invitation, name) for name in Invitation.__struct_fields__}
    new = insert(_table).values(**values, secret_hash=secret_hash).on_conflict_do_nothing()
    return (await connection.execute(new.returning(_table.c.id))).first() is not None


async def invitation_by_secret(connection: Connection, secret_hash: str) -> Invitation | None:
    query = select(*_COLUMNS).where(_table.c.secret_hash == secret_hash)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _as_invitation(row)


async def use_invitation(connection: Connection, secret_hash: str, *, now: datetime) -> bool:
    """Count one use more; False, and nothing counted, where it is over.

    One statement: of two at the same moment the second waits for the first one's commit, and counts on.
    """
    is_open = (_table.c.used < _table.c.uses) & (_table.c.expires_at > now) & _table.c.revoked_at.is_(None)
    use = update(_table).where(_table.c.secret_hash == secret_hash, is_open).values(used=_table.c.used + 1)
    return (await connection.execute(use)).rowcount == 1


async def newest_invitations(connection: Connection, *, limit: int) -> list[Invitation]:
    """Return the last that were made, newest first."""
    query = select(*_COLUMNS).order_by(_table.c.created_at.desc(), _table.c.id).limit(limit)
    return [_as_invitation(row) for row in await connection.execute(query)]


async def revoke_invitation(
    connection: Connection, invitation_id: str, *, now: datetime
) -> Invitation | None:
    """Let nobody use it any more; return it, or None where there is none. The first moment stays."""
    mine = _table.c.id == invitation_id
    await connection.execute(update(_table).where(mine, _table.c.revoked_at.is_(None)).values(revoked_at=now))
    row = (await connection.execute(select(*_COLUMNS).where(mine))).one_or_none()
    return None if row is None else _as_invitation(row)


def _as_invitation(row: Row[Any]) -> Invitation:
    return Invitation(**{name: getattr(row, name) for name in Invitation.__struct_fields__})
