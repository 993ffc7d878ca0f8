"""What a check of the list is: a point of the page, and a judgement of the facts."""

import enum
from collections.abc import Callable

import msgspec

from app.cli.production.situation import Situation


class State(enum.StrEnum):
    """How a point stands."""

    OK = "ok"
    WARN = "warn"
    """It may be meant so, or cannot be seen from here."""
    FAIL = "fail"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, in a sentence."""

    state: State
    found: str


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One point of the list. `right` and `mend` are sentences of the page too."""

    id: str
    title: str
    right: str
    """What is right."""
    mend: str
    """What to do where it is not."""
    judge: Callable[[Situation], Finding]


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A point and what came of it, as `jaxercise doctor --json` gives it."""

    id: str
    title: str
    state: State
    found: str
    mend: str = ""
    """Empty where nothing is to be done."""


def ok(found: str) -> Finding:
    return Finding(state=State.OK, found=found)


def warn(found: str) -> Finding:
    return Finding(state=State.WARN, found=found)


def fail(found: str) -> Finding:
    return Finding(state=State.FAIL, found=found)


def capitalised(text: str) -> str:
    """Return it as the beginning of a sentence; names in it stay as they are."""
    return f"{text[:1].upper()}{text[1:]}"
