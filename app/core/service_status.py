"""How the whole service is doing, as an admin is told."""

from datetime import datetime

import msgspec

from app.core.outcome import Outcome
from app.core.submission import Status
from app.core.verdict import Mode
from app.core.worker_status import WorkerStatus


class QueueFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The submissions without a verdict; how long the oldest of a kind has waited is 0 where none waits."""

    waiting_interactive: int
    """Learners' own."""
    waiting_bulk: int
    """Regrades."""
    running: int
    oldest_interactive_seconds: float
    oldest_bulk_seconds: float


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
