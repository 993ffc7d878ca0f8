"""The events of a submission under way, in order, as a page receives them."""

import msgspec

from app.core.verdict import CaseResult, Confirmation, Explained, Verdict


class Queued(msgspec.Struct, frozen=True, kw_only=True, tag="queued", tag_field="event"):
    """Waiting; `position` counts the submissions ahead, 0 for the next one."""

    position: int


class Running(msgspec.Struct, frozen=True, kw_only=True, tag="running", tag_field="event"):
    """A worker has taken it; `cases` lists the names of what will be graded, in order."""

    cases: tuple[str, ...] = ()


class Busy(msgspec.Struct, frozen=True, kw_only=True, tag="busy", tag_field="event"):
    """The machine was too busy for the run, which waits again and says nothing of the code."""


class CaseDone(msgspec.Struct, frozen=True, kw_only=True, tag="case", tag_field="event"):
    """One case has ended."""

    case: CaseResult


class VerdictReached(msgspec.Struct, frozen=True, kw_only=True, tag="verdict", tag_field="event"):
    """The end, unless its look was cut short, or a fresh jail has to confirm it."""

    verdict: Verdict


class VerdictConfirmed(msgspec.Struct, frozen=True, kw_only=True, tag="confirmed", tag_field="event"):
    """A fresh jail has confirmed an acceptance or refused it: the verdict as it is now."""

    verdict: Verdict


class VerdictExplained(msgspec.Struct, frozen=True, kw_only=True, tag="explained", tag_field="event"):
    """The look that was cut short has been finished: the verdict with what it found."""

    verdict: Verdict


Event = Queued | Running | Busy | CaseDone | VerdictReached | VerdictConfirmed | VerdictExplained
WithVerdict = VerdictReached | VerdictConfirmed | VerdictExplained


def is_last(event: Event) -> bool:
    """Say whether nothing more is told of a submission after this."""
    return isinstance(event, WithVerdict) and not event.verdict.goes_on


def later_event(seen: Verdict, now: Verdict) -> VerdictConfirmed | VerdictExplained | None:
    """Return what is new to whoever has `seen` one verdict, now that there is another."""
    if seen.confirmation is Confirmation.PENDING and now.confirmation is not Confirmation.PENDING:
        return VerdictConfirmed(verdict=now)
    if seen.explained is Explained.CUT_SHORT and now.explained is not Explained.CUT_SHORT:
        return VerdictExplained(verdict=now)
    return None
