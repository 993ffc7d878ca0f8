"""One change of a solution, before it is known whether it makes another solution."""

import msgspec

from app.grading.mutate.edits import Edit


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator does at one place."""

    operator: str
    """Which mistake this is, in lower-case words joined by underscores."""
    line: int
    """Where it is made, from 1."""
    was: str
    becomes: str
    """The expressions, for authors; empty where nothing takes the place of what was."""
    sentence: str
    """What a learner who made this mistake is told; it quotes nothing of the solution but names that the
    statement fixes."""
    span: tuple[int, int]
    """The bytes of the solution that the changed expression takes."""
    edits: tuple[Edit, ...]
