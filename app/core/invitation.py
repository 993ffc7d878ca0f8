"""An invitation to sign up, which a number of people may use until a moment."""

import enum
from datetime import datetime

import msgspec


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
