"""The events of a submission under way, in order, as a page receives them."""

import msgspec

from app.core.verdict import CaseResult, Verdict


class Queued(msgspec.Struct, frozen=True, kw_only=True, tag="queued", tag_field="event"):
    """Waiting; `position` counts the submissions ahead, 0 for the next one."""

    position: int


class Running(msgspec.Struct, frozen=True, kw_only=True, tag="running", tag_field="event"):
    """A worker has taken it; `cases` lists the names of what will be graded, in order."""

    cases: tuple[str, ...] = ()


class CaseDone(msgspec.Struct, frozen=True, kw_only=True, tag="case", tag_field="event"):
    """One case has ended."""

    case: CaseResult


class VerdictReached(msgspec.Struct, frozen=True, kw_only=True, tag="verdict", tag_field="event"):
    """The end."""

    verdict: Verdict


Event = Queued | Running | CaseDone | VerdictReached
