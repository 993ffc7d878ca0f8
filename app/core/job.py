"""A job: something that a worker does for somebody, whatever its kind."""

import enum
from datetime import datetime

import msgspec

INTERACTIVE = 10
"""Priority where a learner waits; higher goes first."""
CONFIRMING = 7
"""Priority of what counts only when it has ended, such as an acceptance that a fresh jail is to confirm."""
TURNS_BEFORE_CONFIRMING = 4
"""So many jobs that learners wait for go first where one of these waits, and then it is its turn."""
WATCHED = 5
"""Priority where somebody watches, such as an author who has a problem proven."""
BULK = 0
"""Priority of what nobody waits for, such as regrades."""

ATTEMPTS = 3
"""How many attempts may fail through our fault before the job is given up."""


class Status(enum.StrEnum):
    """Where a job is on its way, and with it a submission; `done` is final."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"


class Ending(enum.StrEnum):
    """How a job came to its end."""

    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"
    """It was given up through our fault."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One job as its row has it. `attempt` is the fencing token of its run."""

    id: str
    kind: str
    subject: str
    """What it is about, by the name that its kind knows: a submission, a problem version."""
    user_id: str | None
    """Whose account asked for it; None where a command did."""
    priority: int
    created_at: datetime
    network: str | None = None
    """Takes the account's turn among those that learners wait for; None where the account has its own."""
    status: Status = Status.QUEUED
    attempt: int = 0
    failures: int = 0
    """How many attempts ended through a fault of ours."""


class JobReport(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever asked for a job is told of it."""

    status: Status
    attempt: int
    ending: Ending | None
    progress: str | None
    """What the present attempt has reported so far, as JSON."""
    result: str | None
    """What came of it, as JSON; None where its kind keeps that elsewhere."""
