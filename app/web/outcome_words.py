"""The words of every outcome, and its tone. Colour never stands alone: each has its icon and its word."""

import enum

import msgspec

from app.core.outcome import Outcome
from app.core.verdict import Mode


class Tone(enum.StrEnum):
    """A kind of ending; names a colour in the style sheet and an icon in `static/icons.svg`."""

    RIGHT = "right"
    NEAR = "near"
    WRONG = "wrong"
    STOPPED = "stopped"
    NEUTRAL = "neutral"
    OURS = "ours"


class OutcomeWords(msgspec.Struct, frozen=True, kw_only=True):
    word: str
    tone: Tone
    sentence: str


_WORDS: dict[Outcome, tuple[str, Tone, str]] = {
    Outcome.ACCEPTED: ("Accepted", Tone.RIGHT, "Every case passed."),
    Outcome.PASSED: ("Passed", Tone.RIGHT, "This case passed."),
    Outcome.CREATION_ORDER: (
        "Right mathematics, other creation order",
        Tone.NEAR,
        "Create the parameters in the order that the statement gives: your architecture is right.",
    ),
    Outcome.WRONG_VALUE: ("Wrong values", Tone.WRONG, "Some numbers differ from the reference’s."),
    Outcome.WRONG_PARAMETERS: (
        "Parameters differ",
        Tone.WRONG,
        "The model’s parameters are not the ones that the statement asks for.",
    ),
    Outcome.NOT_FINITE: ("NaN or infinity", Tone.WRONG, "The answer is not finite where it should be."),
    Outcome.WRONG_DTYPE: (
        "Wrong dtype",
        Tone.WRONG,
        "The answer has another dtype than the statement asks for.",
    ),
    Outcome.WRONG_SHAPE: (
        "Wrong shape",
        Tone.WRONG,
        "The answer has another shape than the statement asks for.",
    ),
    Outcome.WRONG_STRUCTURE: (
        "Wrong structure",
        Tone.WRONG,
        "The answer is not the tuple or dictionary of arrays that the statement asks for.",
    ),
    Outcome.ERROR: ("Exception raised", Tone.WRONG, "Your code raised an exception."),
    Outcome.BAD_SIGNATURE: (
        "Wrong signature",
        Tone.WRONG,
        "The function takes other arguments than asked for.",
    ),
    Outcome.MISSING_FUNCTION: (
        "Function missing",
        Tone.WRONG,
        "The function that the task names is not there.",
    ),
    Outcome.FORBIDDEN_NAME: (
        "Forbidden name",
        Tone.WRONG,
        "This exercise asks you to build that part yourself.",
    ),
    Outcome.SYNTAX_ERROR: ("Syntax error", Tone.WRONG, "Python cannot read this code."),
    Outcome.OUTPUT_LIMIT: (
        "Too much output",
        Tone.STOPPED,
        "Your code flooded its output: it printed tens of megabytes.",
    ),
    Outcome.TIME_LIMIT: ("Out of time", Tone.STOPPED, "Your code ran longer than is allowed."),
    Outcome.PROCESS_LIMIT: (
        "Too many processes",
        Tone.STOPPED,
        "Your code started more processes than is allowed.",
    ),
    Outcome.MEMORY_LIMIT: ("Out of memory", Tone.STOPPED, "Your code used more memory than is allowed."),
    Outcome.CRASHED: ("Crashed", Tone.STOPPED, "The Python process ended before it answered."),
    Outcome.SANDBOX_VIOLATION: (
        "Blocked",
        Tone.STOPPED,
        "Your code tried something that the jail does not allow.",
    ),
    Outcome.CANCELLED: ("Cancelled", Tone.NEUTRAL, "It was stopped before it ended."),
    Outcome.INTERNAL_ERROR: (
        "Our fault",
        Tone.OURS,
        "The grader failed, not your code. It does not count; please try again.",
    ),
}


def outcome_words(outcome: Outcome) -> OutcomeWords:
    """Return how the outcome of a case is said and drawn."""
    word, tone, sentence = _WORDS[outcome]
    return OutcomeWords(word=word, tone=tone, sentence=sentence)


def verdict_words(outcome: Outcome, mode: Mode) -> OutcomeWords:
    """Return the headline of a verdict: a run that passes has not been accepted yet."""
    if outcome is Outcome.ACCEPTED and mode is Mode.RUN:
        return OutcomeWords(
            word="Sample cases pass",
            tone=Tone.RIGHT,
            sentence="Submit to have the hidden cases graded too.",
        )
    return outcome_words(outcome)


def all_words() -> dict[str, dict[str, str]]:
    """Return what the live table needs to draw a case before the server renders the verdict."""
    return {outcome: {"word": word, "tone": tone} for outcome, (word, tone, _) in _WORDS.items()}
