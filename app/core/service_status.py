"""How workers, queue and service are doing, as the status page and the metrics show it."""

import enum
from datetime import datetime

import msgspec

from app.core.job import Status
from app.core.outcome import Outcome
from app.core.verdict import Mode

LOST_AFTER_SECONDS = 10.0
"""A worker beats every other second; one that was not seen for this long is taken for dead."""


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
    """How long ago it was last seen, by the database's own clock."""

    @property
    def is_lost(self) -> bool:
        return self.unseen_seconds > LOST_AFTER_SECONDS


class QueueFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The jobs that have not ended; how long the oldest of a class has waited is 0 where none waits."""

    waiting_interactive: int
    """Learners' own."""
    waiting_bulk: int
    """What nobody waits for, such as regrades."""
    running: int
    oldest_interactive_seconds: float
    oldest_bulk_seconds: float
    waiting_watched: int = 0
    """What somebody watches, such as a proof."""
    oldest_watched_seconds: float = 0.0


class FailedSubmission(msgspec.Struct, frozen=True, kw_only=True):
    """One whose grading failed through our fault at least once, whatever became of it."""

    id: str
    problem: str
    mode: Mode
    status: Status
    outcome: Outcome | None
    failures: int
    attempt: int
    created_at: datetime


class ServiceVersions(msgspec.Struct, frozen=True, kw_only=True):
    """What is installed: of the process that answers, and of the schema that it found."""

    jaxercise: str
    schema: str
    python: str


class ServiceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Workers by name, the last failures newest first, and the problems that were refused at start."""

    workers: tuple[WorkerStatus, ...]
    queue: QueueFigures
    failures: tuple[FailedSubmission, ...]
    versions: ServiceVersions
    refused_problems: tuple[str, ...]
