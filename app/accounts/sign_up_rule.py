"""Who may sign up: everybody, whoever has an invitation, or whoever knows a code."""

import secrets
from typing import Literal

import msgspec

from app.accounts import invitations
from app.errors import InvitationNeeded, WrongCode
from app.store.engine.database import Connection
from app.store.queries.invitations import Invitation


class Entrance(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody who signs up came with; empty where that is nothing."""

    invitation: str = ""
    """An invitation's secret."""
    code: str = ""


class SignUpRule(msgspec.Struct, frozen=True, kw_only=True):
    """What an account takes. The first one of all takes nothing: there is nobody yet who could invite."""

    needs: Literal["open", "invitation", "code"] = "open"
    code: str = ""

    async def look(self, connection: Connection, entrance: Entrance) -> Invitation | None:
        """Return the invitation that lets in; None where it takes none, or the code does.

        Raises:
            InvitationNeeded: it takes one.
            InvitationOver: it can be used no more.
            WrongCode: there is neither the code nor an invitation.
        """
        if self.needs == "open" or self._has_code(entrance):
            return None
        if entrance.invitation:
            return await invitations.require_open(connection, entrance.invitation)
        if self.needs == "code":
            raise WrongCode
        raise InvitationNeeded

    async def enter(self, connection: Connection, entrance: Entrance) -> None:
        """Let one account in, in the transaction that makes it; an invitation has one use less then.

        Raises:
            InvitationNeeded, InvitationOver, WrongCode
        """
        if await self.look(connection, entrance) is not None:
            await invitations.use(connection, entrance.invitation)

    def _has_code(self, entrance: Entrance) -> bool:
        given = entrance.code.strip().encode(errors="replace")
        return self.needs == "code" and secrets.compare_digest(given, self.code.encode())
