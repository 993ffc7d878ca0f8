"""Invitations to sign up: made and revoked by admins, used up by those who sign up."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import msgspec

from app.accounts.credentials import SECRET_LENGTH, new_secret, secret_hash
from app.errors import AccountError, InvitationOver
from app.store.engine.database import Connection, Database
from app.store.queries import invitations
from app.store.queries.invitations import Invitation, InvitationState

NAME_LIMIT = 100
MOST_USES = 10_000
MOST_DAYS = 365
_LISTED = 200
_WHY_OVER = {
    InvitationState.USED_UP: "This invitation has been used as often as it may be. Ask for another one.",
    InvitationState.EXPIRED: "This invitation has expired. Ask for another one.",
    InvitationState.REVOKED: "This invitation was withdrawn. Ask for another one.",
}
_UNKNOWN = "There is no such invitation. Check that you have the whole link, or ask for another one."


class NewInvitation(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation at its birth: the only moment at which its link can be read."""

    invitation: Invitation
    secret: str

    @property
    def path(self) -> str:
        """Where it leads to, within the service."""
        return f"/sign-up?invitation={self.secret}"


class Invitations:
    """Invitations in the store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def invite(
        self, *, name: str = "", uses: int = 1, days: int = 14, secret: str | None = None
    ) -> NewInvitation:
        """Make an invitation, by which `uses` accounts can be made within so many days.

        With a `secret` that was drawn before for this, and was used already, the same one is returned.

        Raises:
            AccountError: one of them is not allowed.
        """
        name = name.strip()
        if len(name) > NAME_LIMIT or not name.isprintable():
            raise AccountError(f"An invitation's name has at most {NAME_LIMIT} printable characters.")
        if not 1 <= uses <= MOST_USES:
            raise AccountError(f"An invitation can be used 1 to {MOST_USES:,} times.")
        if not 1 <= days <= MOST_DAYS:
            raise AccountError(f"An invitation lasts 1 to {MOST_DAYS} days.")
        if secret is None or len(secret) != SECRET_LENGTH:
            secret = new_secret()
        now = datetime.now(UTC)
        made = Invitation(
            id=uuid4().hex, name=name, uses=uses, created_at=now, expires_at=now + timedelta(days=days)
        )
        async with self._database.transaction() as connection:
            if not await invitations.insert_invitation(connection, made, secret_hash=secret_hash(secret)):
                found = await invitations.invitation_by_secret(connection, secret_hash(secret))
                assert found is not None
                made = found
        return NewInvitation(invitation=made, secret=secret)

    async def newest(self) -> list[Invitation]:
        """Return the last 200 that were made, newest first."""
        async with self._database.reading() as connection:
            return await invitations.newest_invitations(connection, limit=_LISTED)

    async def revoke(self, invitation_id: str) -> Invitation:
        """Let nobody use it any more; accounts that were made by it stay.

        Raises:
            AccountError: there is none with this id.
        """
        found = None
        if invitation_id.isalnum():
            async with self._database.transaction() as connection:
                found = await invitations.revoke_invitation(connection, invitation_id, now=datetime.now(UTC))
        if found is None:
            raise AccountError(f"There is no invitation {invitation_id}.")
        return found


async def require_open(connection: Connection, secret: str) -> Invitation:
    """Return the invitation with this secret.

    Raises:
        InvitationOver: it has expired, was used up or revoked, or there is none.
    """
    found = await invitations.invitation_by_secret(connection, secret_hash(secret))
    if found is None:
        raise InvitationOver(_UNKNOWN)
    if (reason := _WHY_OVER.get(found.state(datetime.now(UTC)))) is not None:
        raise InvitationOver(reason)
    return found


async def use(connection: Connection, secret: str) -> None:
    """Count one account more, in the transaction that makes it.

    Raises:
        InvitationOver: somebody else came first, or it was over before.
    """
    if not await invitations.use_invitation(connection, secret_hash(secret), now=datetime.now(UTC)):
        await require_open(connection, secret)
        raise InvitationOver
