"""Who grades, as the status page and the metrics tell it."""

import enum
from datetime import datetime

import msgspec

LOST_AFTER_SECONDS = 10.0
"""A worker beats every other second; one that was not heard of for this long is taken for dead."""


class WorkerState(enum.StrEnum):
    """What a worker says of itself; `draining` takes nothing new and ends what it has."""

    STARTING = "starting"
    GRADING = "grading"
    DRAINING = "draining"


class WorkerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A process that grades, or did until lately; it takes itself off the list when it stops."""

    id: str
    name: str
    host: str
    pid: int
    slots: int
    state: WorkerState
    running: int
    """Submissions under way in it, at most `slots`."""
    message: str
    """What it is busy with, or what is wrong with it; for people, may be empty."""
    environment: dict[str, str]
    """The versions, flags and processor that it grades with; empty until the sandbox is open."""
    proven: int
    """How many problem versions it has proven."""
    started_at: datetime
    seen_at: datetime
    unseen_seconds: float
    """How long ago it was last heard of, by the database's own clock."""

    @property
    def is_lost(self) -> bool:
        return self.unseen_seconds > LOST_AFTER_SECONDS
