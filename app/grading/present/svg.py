"""Every picture of an answer: one SVG, its text alternative, and few kinds of marks.

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
_TEXT_LIMIT = 700
_LINE = 15.0

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """`marks` are SVG elements on an area `WIDTH` wide; `said` is what of it has to be said in words.

    `notes` are shown to everybody, in lines below.
    """

    height: float
    marks: tuple[str, ...]
    said: str = ""
    notes: tuple[str, ...] = ()


def svg(drawing: Drawing, *, title: str, description: str) -> str:
    """Write a whole picture; all texts may hold anything."""
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
    """Escape text for an XML element, without the characters that no XML may hold."""
    kept = "".join(char if char.isprintable() else " " for char in text[:_TEXT_LIMIT])
    return escape(kept.encode(errors="replace").decode())


def label(x: float, y: float, text: str, *, anchor: str = "start") -> str:
    """Put a word at its baseline."""
    return f'<text x="{short(x)}" y="{short(y)}" text-anchor="{anchor}">{plain(text)}</text>'


def path(name: str, commands: Iterable[str], attributes: str) -> str:
    """Draw all marks of one kind; nothing where there is none."""
    drawn = "".join(commands)
    return f'<path class="{name}" d="{drawn}" {attributes}/>' if drawn else ""


def short(value: float) -> str:
    """Write a coordinate with at most one digit behind the point, and no zeros."""
    return f"{value:.1f}".removesuffix(".0").replace("-0.", "-.").removeprefix("0") or "0"


def pooled(values: Floats, parts: Sequence[int]) -> Floats:
    """Return the largest number of each block, where every axis is cut into at most as many parts."""
    for axis, count in enumerate(parts):
        values = np.maximum.reduceat(values, edges(values.shape[axis], count), axis=axis)
    return values


def edges(length: int, parts: int) -> NDArray[np.int_]:
    """Return where equal stretches begin, the last one perhaps shorter."""
    return np.arange(0, length, -(-length // parts))
