"""A submission's code with line numbers that can be linked to."""

import msgspec

from app.catalog.markdown import highlighted


class CodeLine(msgspec.Struct, frozen=True, kw_only=True):
    """`html` is escaped and safe to put into a page as it is."""

    number: int
    html: str
    marked: bool


def code_listing(code: str, *, marked_line: int | None) -> list[CodeLine]:
    """Every line highlighted by itself; Pygments closes its spans at each line's end."""
    lines = highlighted(code, "python").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return [
        CodeLine(number=number, html=line, marked=number == marked_line)
        for number, line in enumerate(lines, start=1)
    ]
