"""What every picture of an answer is made of: one SVG, its text alternative, and few kinds of marks.

There is no style, script or reference in it. The page's style sheet colours its classes; by itself it is
drawn in the colour of the text. Expected is hollow, yours is solid, what differs carries a stroke across:
nothing is told by colour alone.
"""

from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

import msgspec
import numpy as np
from numpy.typing import NDArray

WIDTH = 320
"""CSS pixels; a phone shows it at its own size."""
LEVELS = 5
_TEXT_LIMIT = 700
_LINE = 15.0

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """`marks` are SVG elements on an area `WIDTH` wide; `said` is what of it has to be told in words.

    `notes` are told to everybody, in lines below.
    """

    height: float
    marks: tuple[str, ...]
    said: str = ""
    notes: tuple[str, ...] = ()


def svg(drawing: Drawing, *, title: str, description: str) -> str:
    """A whole picture; all texts may hold anything."""
    notes = [
        label(0, drawing.height + _LINE * (line + 1) - 3, note) for line, note in enumerate(drawing.notes)
    ]
    height = short(drawing.height + _LINE * len(notes))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="answer-picture" role="img" width="{WIDTH}" '
        f'height="{height}" viewBox="0 0 {WIDTH} {height}" font-size="11" fill="currentColor">'
        f"<title>{plain(title)}</title><desc>{plain(description)}</desc>"
        f"{''.join([*drawing.marks, *notes])}</svg>"
    )


def plain(text: str) -> str:
    """Text of an XML element, without the characters that no XML may hold."""
    kept = "".join(char if char.isprintable() else " " for char in text[:_TEXT_LIMIT])
    return escape(kept.encode(errors="replace").decode())


def label(x: float, y: float, text: str, *, anchor: str = "start") -> str:
    """A word at its baseline."""
    return f'<text x="{short(x)}" y="{short(y)}" text-anchor="{anchor}">{plain(text)}</text>'


def path(name: str, commands: Iterable[str], attributes: str) -> str:
    """All marks of one kind; nothing where there is none."""
    drawn = "".join(commands)
    return f'<path class="{name}" d="{drawn}" {attributes}/>' if drawn else ""


def level_paths(levels: NDArray[np.int_]) -> list[str]:
    """Cells one unit wide, from nothing at 0 to solid at `LEVELS`; equal neighbours are one stroke."""
    runs: dict[int, list[str]] = {level: [] for level in range(1, LEVELS + 1)}
    for row, line in enumerate(levels):
        start = 0
        for column in range(1, len(line) + 1):
            if column == len(line) or line[column] != line[start]:
                if line[start]:
                    runs[int(line[start])].append(f"M{start} {row}h{column - start}")
                start = column
    return [
        path("level", drawn, f'stroke="currentColor" stroke-opacity="{short(level / LEVELS)}"')
        for level, drawn in runs.items()
    ]


def hatching(wrong: Mask) -> str:
    """A stroke across every cell that is wrong; their own rows are half a unit further down."""
    cells = (f"M{column} {row}l1 1" for row, column in zip(*np.nonzero(wrong), strict=True))
    # Lines of the levels run through the middle of a row, these from its upper edge.
    return path("wrong", cells, 'transform="translate(0 -.5)" stroke="currentColor" stroke-width=".12"')


def levels_of(values: Floats, low: float, high: float) -> NDArray[np.int_]:
    """0 at `low`, `LEVELS` at `high`; beyond both as at both, and at the top where not finite."""
    span = high - low
    with np.errstate(all="ignore"):
        scaled = (values - low) / span if span > 0 else np.zeros_like(values)
    return np.rint(np.clip(np.nan_to_num(scaled, nan=1.0, posinf=1.0, neginf=1.0), 0, 1) * LEVELS).astype(int)


def short(value: float) -> str:
    """At most one digit behind the point, and no zeros."""
    return f"{value:.1f}".removesuffix(".0").replace("-0.", "-.").removeprefix("0") or "0"


def pooled(values: Floats, parts: Sequence[int]) -> Floats:
    """The largest number of each block, where every axis is cut into at most as many parts."""
    for axis, count in enumerate(parts):
        values = np.maximum.reduceat(values, edges(values.shape[axis], count), axis=axis)
    return values


def edges(length: int, parts: int) -> NDArray[np.int_]:
    """Where equal stretches begin, the last one perhaps shorter."""
    return np.arange(0, length, -(-length // parts))
