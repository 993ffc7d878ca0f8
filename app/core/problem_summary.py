"""A problem as a list shows it."""

import msgspec


class ProblemSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The current version of a problem, without what only its own page needs."""

    slug: str
    position: int
    title: str
    track: str
    summary: str
    requires: tuple[str, ...]
    version: str


class ProblemPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some problems, by position."""

    problems: tuple[ProblemSummary, ...]
    next: str | None
    """The slug after which the list goes on; None at its end."""
