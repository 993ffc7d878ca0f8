"""A verdict: all that a learner reads of one submission. Field names are the outside contract."""

import enum
from datetime import datetime

import msgspec

from app.core.outcome import Outcome

Number = bool | int | float
"""As the array has it: a logical value, an integer to its last digit, or a number that was rounded."""


class Visibility(enum.StrEnum):
    """A `sample` case is run by "Run" and shown with its values; of a `hidden` one only the outcome is."""

    SAMPLE = "sample"
    HIDDEN = "hidden"


class Mode(enum.StrEnum):
    """`run` grades the sample cases, `submit` all of them."""

    RUN = "run"
    SUBMIT = "submit"


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One number that is not what it should be; `at` is its index, 0-based, one number an axis."""

    at: tuple[int, ...]
    expected: Number | None
    got: Number | None
    """Null where it is NaN or infinite, which JSON cannot say."""
    expected_imaginary: float | None = None
    got_imaginary: float | None = None
    """Of complex numbers, whose real parts stand above."""


class CaseResult(msgspec.Struct, frozen=True, kw_only=True):
    """How one case or probe ended. Errors and counts are null where a hidden case would leak values."""

    name: str
    visibility: Visibility
    outcome: Outcome
    points: float
    max_abs_error: float | None = None
    max_rel_error: float | None = None
    mismatched: int | None = None
    size: int | None = None
    wall_seconds: float | None = None
    message: str = ""
    output: str = ""
    """Which of several outputs the numbers are about."""
    max_abs_error_at: tuple[int, ...] | None = None
    differences: tuple[Difference, ...] = ()
    """The first five of `mismatched`, in row-major order."""
    picture: str = ""
    """Expected and given as an inline SVG with a text alternative."""
    points_reached: float | None = None
    """Where part of `points` can be reached."""
    group: str = ""
    """The case that this is, or repeats: the rows of a group count once, where all of them pass."""


class DiagnosisKind(enum.StrEnum):
    """How a mistake was recognised."""

    VARIANT = "variant"
    PARAMETERS = "parameters"
    CREATION_ORDER = "creation_order"
    DIVERGENCE = "divergence"
    ERROR_SHAPE = "error_shape"
    MUTANT = "mutant"
    """It answers as the reference does with one mistake in it; no author has written what is told."""


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """Which misconception a wrong answer shows; `line` is 1-based in the learner's code."""

    kind: DiagnosisKind
    id: str
    message: str
    line: int | None = None
    others: tuple[str, ...] = ()
    """Further ids of the same kind that fit as well; the message names all."""


class Explained(enum.StrEnum):
    """How far a refused solution was looked into for what is wrong with it."""

    COMPLETE = "complete"
    """To the end; where there is no diagnosis, none was found."""
    CUT_SHORT = "cut_short"
    """Its time was over before anything was found: there may be more to say."""
    GIVEN_UP = "given_up"
    """It could not be finished, through no fault of the solution's."""


class Confirmation(enum.StrEnum):
    """What a fresh jail says of an acceptance that was reached in a warm one."""

    PENDING = "pending"
    """Nothing yet: the acceptance does not count as solved before it is confirmed."""
    CONFIRMED = "confirmed"
    """The same."""
    REFUSED = "refused"
    """Something else, which this verdict is: the acceptance rested on what earlier code had left behind."""
    GIVEN_UP = "given_up"
    """Nothing, through our fault, so that the acceptance is taken back without a word on the code."""


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One traceback entry in the learner's own code; `line` is 1-based."""

    line: int
    function: str
    text: str


class LearnerError(msgspec.Struct, frozen=True, kw_only=True):
    """The exception that the learner's code raised, cut to their own frames, outermost first.

    Without an exception, what kept it from its end at `line`: then `type` is the outcome's name.
    """

    type: str
    message: str
    line: int | None = None
    frames: tuple[Frame, ...] = ()
    explanation: str = ""
    """What it means, in plain words; empty where that is not known."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The whole answer to one submission; `score` is the fraction of points reached, 0 to 1.

    A group of rows counts once, and what a stub can pass counts as far as the answers do.
    """

    problem: str
    version: str
    outcome: Outcome
    accepted: bool
    score: float
    diagnosis: Diagnosis | None
    cases: tuple[CaseResult, ...]
    stdout: str
    stderr: str
    error: LearnerError | None
    wall_seconds: float
    environment: dict[str, str]
    message: str = ""
    """One sentence for the head of the result page where the cases do not say it."""
    notes: tuple[str, ...] = ()
    """Remarks that never fail a submission, such as a deprecated Flax access."""
    fresh_seed: int | None = None
    """What the fresh cases were drawn from, so that a regrade repeats them."""
    output_kept_days: int | None = None
    """Where `stdout` and `stderr` were removed: after how many days."""
    explained: Explained | None = None
    """How far `diagnosis` was looked for; None where nothing was looked for, as in what was accepted."""
    confirmation: Confirmation | None = None
    """Where a warm jail accepted it at first: what came of that. None where a fresh one ran it at once."""

    @property
    def goes_on(self) -> bool:
        """Whether a further verdict is under way, which explains or confirms this one."""
        return self.explained is Explained.CUT_SHORT or self.confirmation is Confirmation.PENDING


class VerdictReason(enum.StrEnum):
    """Why a submission got this verdict."""

    GRADED = "graded"
    """It is the first one, with which the submission ended."""
    CONFIRMED = "confirmed"
    """The first one held in a fresh jail as well, or did not."""
    EXPLAINED = "explained"
    """The same, with the explanation that took longer."""
    REGRADED = "regraded"
    """The code was graded again, by the problem's version of that day."""
    UNDONE = "undone"
    """A regrade was taken back: what is said is what was said before it."""


class VerdictLine(msgspec.Struct, frozen=True, kw_only=True):
    """One verdict of a submission as the list of them shows it; `number` counts from 1."""

    number: int
    version: str
    """Of the problem."""
    why: VerdictReason
    by: str | None
    """The id of the account that asked for it; None where none did."""
    created_at: datetime
    outcome: Outcome
    score: float | None
    """None where it is older than lists have scores."""
    current: bool
    """It is what the submission's `verdict` says: the last one."""


def with_explanation(verdict: Verdict, explained: Verdict) -> Verdict:
    """Return the verdict with what a further look found: all else stays, and so does what it says already."""
    return msgspec.structs.replace(
        verdict, diagnosis=verdict.diagnosis or explained.diagnosis, explained=explained.explained
    )
