"""Vectors as bars: expected beside given, or, for long ones, the errors alone."""

import sys

import numpy as np

from app.grading.phrases import number_text
from app.grading.present.svg import WIDTH, Drawing, Floats, Mask, edges, label, path, pooled, short

BARS_LIMIT = 64
_LEFT, _TOP, _PLOT, _STRIP, _LABELS = 52.0, 24.0, 110.0, 12.0, 15.0
_WIDEST_STEP, _NARROW_STEP = 44.0, 8.0
_BEYOND = 4.0
"""Given numbers are drawn up to this many times the largest expected one."""
_LABEL_GAP = 11.0
_DASHED = 'fill="none" stroke="currentColor" stroke-dasharray="3 3"'


def paired_bars(expected: Floats, got: Floats, wrong: Mask) -> Drawing:
    """Draw up to `BARS_LIMIT` numbers; a given one that is not finite is a dashed line."""
    limit = _limit(expected, got)
    low, high = _clipped_range(expected, got, limit)
    step, width = _steps(len(expected))
    scale = _Scale(low, high)
    hollow, solid, dashed = [], [], []
    for index, (ours, theirs) in enumerate(zip(expected, got, strict=True)):
        x = _LEFT + step * index + step * 0.1
        if np.isfinite(ours):
            hollow.append(scale.bar(x, width, float(ours)))
        if np.isfinite(theirs):
            solid.append(scale.bar(x + width, width, float(theirs)))
        else:
            dashed.append(f"M{short(x + 1.5 * width)} {short(_TOP)}v{short(_PLOT)}")
    finite = got[np.isfinite(got)]
    broken = [("broken", "not finite")] if dashed else []
    cut = bool((np.abs(finite) > limit).any())
    return Drawing(
        height=_TOP + _PLOT + _STRIP + _LABELS,
        marks=(
            *_key(("expected", "expected"), ("yours", "yours"), *broken),
            *scale.axis(step * len(expected)),
            path("expected", hollow, 'fill="none" stroke="currentColor" stroke-width=".8"'),
            path("yours", solid, ""),
            path("yours", dashed, _DASHED),
            _crosses(wrong, step),
            *_indices(len(expected), step),
        ),
        notes=(f"Your bars are cut off at {number_text(limit, digits=2)}.",) if cut else (),
    )


def error_bars(errors: Floats, wrong: Mask) -> Drawing:
    """Draw the largest error of each stretch of a long vector."""
    starts = edges(len(errors), BARS_LIMIT)
    tallest = pooled(errors, [BARS_LIMIT])
    finite = tallest[np.isfinite(tallest)]
    highest = float(finite.max()) if finite.size and finite.max() > 0 else 1.0
    step, width = _steps(len(starts))
    scale = _Scale(0.0, highest)
    bars = [
        scale.bar(_LEFT + step * (index + 0.1), 2 * width, min(float(error), highest))
        for index, error in enumerate(tallest)
    ]
    length = int(starts[1]) if len(starts) > 1 else len(errors)
    return Drawing(
        height=_TOP + _PLOT + _STRIP + _LABELS,
        marks=(
            *_key(("yours", f"largest error of each {length} numbers")),
            *scale.axis(step * len(starts)),
            path("yours", bars, ""),
            _crosses(pooled(wrong.astype(np.float64), [BARS_LIMIT]) > 0, step),
            *_ends(len(errors) - 1, step * len(starts)),
        ),
        said=f"Each bar is the largest error of {length} numbers that follow each other.",
    )


class _Scale:
    """Numbers from `low` to `high` on the plot's height; zero is among them."""

    def __init__(self, low: float, high: float) -> None:
        self._low, self._high = low, high

    def _y(self, value: float) -> float:
        # Halves, because the span of two doubles may be beyond a double.
        span = self._high / 2 - self._low / 2
        part = (self._high / 2 - value / 2) / span if span > 0 else 1.0
        return _TOP + _PLOT * min(max(part, 0.0), 1.0)

    def bar(self, x: float, width: float, value: float) -> str:
        zero = short(self._y(0.0))
        top = self._y(min(max(value, self._low), self._high))
        return f"M{short(x)} {zero}V{short(top)}h{short(width)}V{zero}z"

    def axis(self, width: float) -> list[str]:
        zero = self._y(0.0)
        line = path("axis", [f"M{short(_LEFT)} {short(zero)}h{short(width)}"], 'stroke="currentColor"')
        marks = [line, label(_LEFT - 5, zero + 4, "0", anchor="end")]
        for value in (self._low, self._high):
            if abs(self._y(value) - zero) >= _LABEL_GAP:
                marks.append(label(_LEFT - 5, self._y(value) + 4, number_text(value, digits=2), anchor="end"))
        return marks


def _limit(expected: Floats, got: Floats) -> float:
    """Return the largest size that is drawn."""
    largest = float(np.abs(expected[np.isfinite(expected)]).max(initial=0.0))
    if largest > 0:
        return min(largest, sys.float_info.max / _BEYOND) * _BEYOND
    return float(np.abs(got[np.isfinite(got)]).max(initial=0.0)) or 1.0


def _clipped_range(expected: Floats, got: Floats, limit: float) -> tuple[float, float]:
    both = np.concatenate([expected[np.isfinite(expected)], got[np.isfinite(got)]])
    both = np.clip(both, -limit, limit)
    return float(both.min(initial=0.0)), float(both.max(initial=0.0))


def _steps(count: int) -> tuple[float, float]:
    """Return a pair's share of the width, and one bar's."""
    step = min((WIDTH - _LEFT - 4) / count, _WIDEST_STEP)
    return step, step * 0.4


def _crosses(wrong: Mask, step: float) -> str:
    """Mark what differs in a strip below the bars."""
    half = min(step * 0.4, 3.0)
    y = short(_TOP + _PLOT + _STRIP / 2 + 2 - half)
    side = short(2 * half)
    # Crosses that touch each other could not be told apart.
    mark = f"l{side} {side}m0-{side}l-{side} {side}" if step > _NARROW_STEP else "v4"
    left = half if step > _NARROW_STEP else 0.0
    marks = (f"M{short(_LEFT + step * (index + 0.5) - left)} {y}{mark}" for index in np.flatnonzero(wrong))
    return path("wrong", marks, 'fill="none" stroke="currentColor"')


def _indices(count: int, step: float) -> list[str]:
    if step < 16:
        return _ends(count - 1, step * count)
    y = _TOP + _PLOT + _STRIP + _LABELS - 2
    return [label(_LEFT + step * (index + 0.5), y, str(index), anchor="middle") for index in range(count)]


def _ends(last: int, width: float) -> list[str]:
    y = _TOP + _PLOT + _STRIP + _LABELS - 2
    return [label(_LEFT, y, "0"), label(_LEFT + width, y, str(last), anchor="end")]


def _key(*entries: tuple[str, str]) -> list[str]:
    marks, x = [], _LEFT
    for name, text in (*entries, ("wrong", "differs")):
        shape = 'fill="none" stroke="currentColor" stroke-width=".8"' if name == "expected" else ""
        box = f"M{short(x)} 4h8v8h-8z"
        if name == "wrong":
            box, shape = f"M{short(x)} 5l6 6m0-6l-6 6", 'fill="none" stroke="currentColor"'
        if name == "broken":
            name, box, shape = "yours", f"M{short(x + 4)} 3v11", _DASHED
        marks += [path(name, [box], shape), label(x + 12, 12, text)]
        x += 26 + 5.6 * len(text)
    return marks
