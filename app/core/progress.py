"""How far a learner is with a problem."""

import enum


class Progress(enum.StrEnum):
    """Tried means submitted or run, whatever came of it; solved takes an accepted `submit`."""

    NEW = "new"
    TRIED = "tried"
    SOLVED = "solved"
