"""An account, and what its role lets it see."""

import enum
from datetime import datetime

import msgspec


class Role(enum.StrEnum):
    """What an account may do; each role may do everything that the one before it may."""

    LEARNER = "learner"
    INSTRUCTOR = "instructor"
    ADMIN = "admin"


class User(msgspec.Struct, frozen=True, kw_only=True):
    """An account. The password never leaves the store."""

    id: str
    email: str
    role: Role
    created_at: datetime
    is_enabled: bool = True
    """A disabled account cannot sign in; it keeps its submissions, and can be enabled again."""

    @property
    def sees_everything(self) -> bool:
        """Instructors and admins see every submission and every fault of a problem."""
        return self.role is not Role.LEARNER
