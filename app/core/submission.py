"""A submission as it is stored, queued and listed, and what remains to be looked at where it is wrong."""

import enum
from datetime import datetime

import msgspec

from app.core.job import Status
from app.core.outcome import Outcome
from app.core.verdict import Confirmation, Mode, Verdict

SUBMISSION = "submission"
"""The kind of the jobs that grade one."""

CONFIRMATION = "confirmation"
"""The kind of the jobs that run in a fresh jail what a warm one has accepted."""

CODE_LIMIT_BYTES = 64 * 1024
"""The largest code a submission may have, in bytes of UTF-8."""

SEED_LIMIT = 2**53
"""Seeds are below it: exact in JSON wherever it is read."""


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """One learner's code for one problem version; `status` is its job's, `done` once it has a verdict."""

    id: str
    user_id: str
    problem_slug: str
    version: str
    mode: Mode
    code: str
    status: Status
    seed: int
    """Seeds the fresh cases. Until there is a verdict, the first run may take another one; what the verdict
    was reached with stays, so that a regrade repeats it."""
    created_at: datetime
    finished_at: datetime | None = None
    verdict: Verdict | None = None
    """The current one."""
    verdict_number: int = 0
    """Which of its verdicts that is, from 1; 0 while there is none."""
    attempts: int = 0
    """How often its job was taken up; while there is no verdict, all but one that runs were put back."""

    @property
    def is_put_back(self) -> bool:
        """Whether a run of it ended without a verdict, through no fault of the code."""
        return self.attempts > (1 if self.status is Status.RUNNING else 0) and self.verdict is None


class SubmissionLine(msgspec.Struct, frozen=True, kw_only=True):
    """A submission as a list of many shows it; outcome and score are the verdict's, once there is one."""

    id: str
    mode: Mode
    status: Status
    outcome: Outcome | None
    score: float | None
    created_at: datetime
    confirmation: Confirmation | None = None
    """As far as a list needs it: `pending` while an acceptance does not count, `refused` where one was taken
    back."""


class Progress(enum.StrEnum):
    """How far a learner is with a problem.

    Tried means submitted or run, whatever came of it; solved takes an accepted `submit`, no `pending` one.
    """

    NEW = "new"
    TRIED = "tried"
    SOLVED = "solved"


class UnexplainedOutput(msgspec.Struct, frozen=True, kw_only=True):
    """What a wrong submission that nothing explains answered to the public cases.

    Two such outputs are compared number by number where their layouts are the same.
    """

    layout: str
    """A SHA-256 of the outputs' cases, names and shapes, as hexadecimal."""
    output: bytes
    """The numbers of all sample cases in order, little-endian float32; of many, evenly chosen ones."""


class UnexplainedCluster(msgspec.Struct, frozen=True, kw_only=True):
    """Submissions of several learners that give the same unexplained answer."""

    id: str
    learners: int
    submissions: int
    example_id: str
    """The submission with the fewest lines that are not blank, which is the quickest to read."""
    example_lines: int
