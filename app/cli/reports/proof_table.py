"""The mutation table for a terminal of 100 columns: a line a solution, a narrow column a case."""

import math
from collections.abc import Iterator, Mapping, Sequence

from app.grading.prove.reasons import Fault
from app.grading.prove.results import Column, Figure, ProofResult, Role, SolutionResult

WIDTH = 100
_LABEL, _OUTCOME, _NAMED = 34, 16, 7
_WIDEST_CELL = 6
_HEADINGS = {
    Role.REFERENCE: "right solutions",
    Role.ALSO_RIGHT: "right solutions",
    Role.VARIANT: "variants",
    Role.TRIVIAL: "trivial answers",
}
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


class ProofTable:
    """The table of one problem, whose lines are given row by row, as each becomes known."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._names = [column.name for column in columns]
        space = WIDTH - _LABEL - _OUTCOME - _NAMED
        self._cell = max(2, min(_WIDEST_CELL, space // max(1, len(columns))))
        self._columns = columns
        self._heading = ""

    def legend(self) -> list[str]:
        """Return the lines that say which letter stands for which case, and what the cells mean."""
        entries = [
            f"{_letter(place)} {column.name}{'' if column.kind == 'value' else f' ({column.kind})'}"
            for place, column in enumerate(self._columns)
        ]
        lines = _wrapped(entries, "   ", indent="  ")
        return [*lines, "  · passes; a number: caught, so many tolerances off; ∞ caught, not by numbers"]

    def lines(self, row: ProofResult) -> Iterator[str]:
        """Yield one line, with a heading before the first of its kind, and its refusals below it."""
        heading = "figures" if isinstance(row, Figure) else _HEADINGS[row.role]
        if heading != self._heading:
            self._heading = heading
            letters = "" if isinstance(row, Figure) else self._letters()
            yield f"  {heading:<{_LABEL - 2}}{'':<{_OUTCOME}}{letters}".rstrip()
        if isinstance(row, Figure):
            yield from _wrapped(row.text.split(), " ", indent="  ")
        else:
            yield self._line(row)
        if isinstance(row, SolutionResult) and row.failed and not set(row.failed) & set(self._names):
            yield from _wrapped(f"caught by {', '.join(row.failed)}".split(), " ", indent="      ")
        for fault in row.faults:
            yield from fault_lines(fault)

    def _letters(self) -> str:
        return "".join(f"{_letter(place):>{self._cell}}" for place in range(len(self._names)))

    def _line(self, row: SolutionResult) -> str:
        mark = "✗" if row.faults else "✓"
        cells = "".join(f"{self._cell_text(name, row):>{self._cell}}" for name in self._names)
        named = "  named" if row.named and row.named == row.id else ""
        label = f"{mark} {row.id[: _LABEL - 3]}"
        return f"{label:<{_LABEL}}{row.outcome:<{_OUTCOME}}{cells}{named}".rstrip()

    def _cell_text(self, name: str, row: SolutionResult) -> str:
        if name in row.failed:
            return short_number(row.distances.get(name, math.inf), self._cell - 1)
        return "·" if name in row.distances or row.role is not Role.TRIVIAL else ""


def fault_lines(fault: Fault) -> Iterator[str]:
    """Yield what is the case and what to change, wrapped."""
    yield from _wrapped(f"{fault.reason}: {fault.message}.".split(), " ", indent="      ")
    yield from _wrapped(f"→ {fault.remedy}".split(), " ", indent="      ")


def short_number(value: float, width: int) -> str:
    """Return as much of a distance as fits; a mark where nothing does."""
    if math.isinf(value):
        return "∞"
    forms = [f"{value:.0f}"] if value >= 10 else [f"{value:.2g}", f"{value:.0f}" if value >= 1 else ""]
    power = f"{value:.0e}".replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")
    for text in (*forms, forms[0].removeprefix("0"), power):
        if text and len(text) <= width:
            return text
    return "×"


def summary_lines(slug: str, faults: Sequence[Fault]) -> list[str]:
    """Return the last lines on one problem: that it is proven, or why it is refused."""
    if not faults:
        return [f"  {slug} is proven"]
    reasons: Mapping[str, int] = {
        fault.reason: sum(other.reason is fault.reason for other in faults) for fault in faults
    }
    reported = ", ".join(reason if count == 1 else f"{reason} ({count})" for reason, count in reasons.items())
    return _wrapped(f"{slug} is refused: {reported}".split(), " ", indent="  ")


def _letter(place: int) -> str:
    return _LETTERS[place % len(_LETTERS)]


def _wrapped(words: Sequence[str], separator: str, *, indent: str) -> list[str]:
    lines: list[str] = []
    line = ""
    for word in words:
        longer = f"{line}{separator}{word}" if line else word
        if line and len(indent) + len(longer) > WIDTH:
            lines.append(indent + line)
            line = word
        else:
            line = longer
    return [*lines, indent + line] if line else lines
