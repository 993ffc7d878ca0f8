"""What came of a problem's mutants."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from app.core.outcome import Outcome
from app.grading.mutate.mutants import Mutant


class Fate(StrEnum):
    """How a mutant ended."""

    KILLED = "killed"
    """A case or probe tells it from the reference."""
    SURVIVED = "survived"
    """None does."""
    NO_VERDICT = "no_verdict"
    """Time, memory, its import or the jail ended it, which says nothing of the cases."""


class Likeness(StrEnum):
    """In which way a survivor is like the reference."""

    EVERYWHERE = "everywhere"
    """It gives the same numbers on every input that was drawn."""
    ON_THESE_CASES = "on_these_cases"
    """It gives other numbers on an input that was drawn, and none of the cases is like that."""
    WITHIN_TOLERANCE = "within_tolerance"
    """It gives other numbers on the cases too, too near for the tolerance."""


class Telling(msgspec.Struct, frozen=True, kw_only=True):
    """An input that would tell a survivor from the reference."""

    words: str
    """What is other about it than about the case that it was made of."""
    distance: float
    """How far apart the two are on it, in units of the tolerance; infinite where one of them raises."""


class Explanation(StrEnum):
    """What the diagnosis made of a killed mutant that it had not seen before."""

    RIGHT = "right"
    NONE = "none"
    WRONG = "wrong"


class MutantResult(msgspec.Struct, frozen=True, kw_only=True, tag="mutant"):
    """One mutant, and all that is known of it."""

    mutant: Mutant
    fate: Fate
    outcome: Outcome
    killed_by: tuple[str, ...] = ()
    """The cases and probes that it fails; those that repeat or redraw a case count as that case."""
    reason: str = ""
    """Why there is no verdict."""
    explanation: Explanation | None = None
    """None where nobody asked, and of what was not killed."""
    explained_as: str = ""
    """Kind and name of the diagnosis."""
    likeness: Likeness | None = None
    """Of a survivor."""
    distance: float = 0.0
    """Of a survivor: the largest over all cases, in units of the tolerance."""
    telling: Telling | None = None
    drawn: int = 0
    """On how many drawn inputs a survivor was compared."""
    declared: str = ""
    """Why its author says that it is equivalent; empty where nobody does."""

    @property
    def is_open(self) -> bool:
        """Whether its author has to act: it survived undeclared, or an input tells it all the same."""
        if self.fate is not Fate.SURVIVED:
            return False
        return not self.declared or self.telling is not None


class MutationReport(msgspec.Struct, frozen=True, kw_only=True):
    """The mutants of one version of one problem."""

    problem: str
    position: int
    version: str
    results: tuple[MutantResult, ...]
    fallen: Mapping[str, str] = {}
    """By mutant, why a declaration of equivalence no longer holds."""

    @property
    def open(self) -> tuple[MutantResult, ...]:
        """The survivors that somebody has to do something about."""
        return tuple(result for result in self.results if result.is_open)

    @property
    def is_clean(self) -> bool:
        """Whether nothing is left to do."""
        return not self.open and not self.fallen
