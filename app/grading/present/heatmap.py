"""Matrices as heat maps: expected, given and error side by side, or, for large ones, the error alone."""

import numpy as np
from numpy.typing import NDArray

from app.grading.phrases import number_text
from app.grading.present.svg import Drawing, Floats, Mask, edges, label, path, pooled, short

EXACT_SIDE = 12
_POOLED_SIDE = 16
_LEVELS = 5
_TOP, _GAP, _PANEL, _LARGE_PANEL = 18.0, 12.0, 96.0, 208.0


def exact_maps(expected: Floats, got: Floats, errors: Floats, wrong: Mask) -> Drawing:
    """Draw up to `EXACT_SIDE` rows and columns, one cell a number."""
    cell = _PANEL / max(expected.shape)
    finite = expected[np.isfinite(expected)]
    low, high = float(finite.min(initial=np.inf)), float(finite.max(initial=-np.inf))
    if not low < high:
        both = np.concatenate([finite, got[np.isfinite(got)]])
        low, high = float(both.min(initial=0.0)), float(both.max(initial=0.0))
    marks: list[str] = []
    panels = [
        ("expected", _level_paths(_levels_of(expected, low, high))),
        ("yours", _level_paths(_levels_of(got, low, high))),
        ("error", [*_level_paths(_error_levels(errors)), _hatching(wrong)]),
    ]
    for index, (title, cells) in enumerate(panels):
        marks += _panel(index * (_PANEL + _GAP), cell, expected.shape, title, cells)
    return Drawing(
        height=_TOP + cell * expected.shape[0] + 2,
        marks=tuple(marks),
        said=f"Shades run from {number_text(low)} to {number_text(high)}; hatched is what differs.",
    )


def error_map(errors: Floats, wrong: Mask) -> Drawing:
    """Draw the largest error of each block of a large matrix, hatched where a number of it differs."""
    parts = (_POOLED_SIDE, _POOLED_SIDE)
    cells = pooled(errors, parts)
    rows, columns = (_stretch(length) for length in errors.shape)
    cell = _LARGE_PANEL / max(cells.shape)
    marks = [*_level_paths(_error_levels(cells)), _hatching(pooled(wrong.astype(np.float64), parts) > 0)]
    title = "error" if rows == columns == 1 else f"largest error of each {rows} by {columns} numbers"
    return Drawing(
        height=_TOP + cell * cells.shape[0] + 2,
        marks=tuple(_panel(0.0, cell, cells.shape, title, marks)),
        said=f"Each cell is the largest error of {rows} by {columns} numbers; hatched is where one differs.",
    )


def _error_levels(errors: Floats) -> NDArray[np.int_]:
    finite = errors[np.isfinite(errors)]
    return _levels_of(errors, 0.0, float(finite.max(initial=0.0)))


def _levels_of(values: Floats, low: float, high: float) -> NDArray[np.int_]:
    """Grade values from 0 at `low` to `_LEVELS` at `high`.

    What lies beyond one of them is graded as it, what is not finite as the highest.
    """
    span = high - low
    with np.errstate(all="ignore"):
        scaled = (values - low) / span if span > 0 else np.zeros_like(values)
    return np.rint(np.clip(np.nan_to_num(scaled, nan=1.0, posinf=1.0, neginf=1.0), 0, 1) * _LEVELS).astype(
        int
    )


def _level_paths(levels: NDArray[np.int_]) -> list[str]:
    """Draw cells one unit wide, from nothing at 0 to solid at `_LEVELS`; equal neighbours are one stroke."""
    runs: dict[int, list[str]] = {level: [] for level in range(1, _LEVELS + 1)}
    for row, line in enumerate(levels):
        start = 0
        for column in range(1, len(line) + 1):
            if column == len(line) or line[column] != line[start]:
                if line[start]:
                    runs[int(line[start])].append(f"M{start} {row}h{column - start}")
                start = column
    return [
        path("level", drawn, f'stroke="currentColor" stroke-opacity="{short(level / _LEVELS)}"')
        for level, drawn in runs.items()
    ]


def _hatching(wrong: Mask) -> str:
    """Draw a stroke across every cell that is wrong; their own rows are half a unit further down."""
    cells = (f"M{column} {row}l1 1" for row, column in zip(*np.nonzero(wrong), strict=True))
    # Lines of the levels run through the middle of a row, these from its upper edge.
    return path("wrong", cells, 'transform="translate(0 -.5)" stroke="currentColor" stroke-width=".12"')


def _stretch(length: int) -> int:
    starts = edges(length, _POOLED_SIDE)
    return int(starts[1]) if len(starts) > 1 else length


def _panel(x: float, cell: float, shape: tuple[int, ...], title: str, cells: list[str]) -> list[str]:
    height, width = shape[0] * cell, shape[1] * cell
    frame = (
        f'<rect class="axis" x="{short(x + 0.5)}" y="{short(_TOP - 0.5)}" width="{short(width + 1)}" '
        f'height="{short(height + 1)}" fill="none" stroke="currentColor" stroke-opacity=".5"/>'
    )
    # The strokes of a row run through its middle, one unit thick.
    group = f'<g transform="translate({short(x + 1)} {_TOP + cell / 2:.3f}) scale({cell:.3f})">'
    return [label(x, _TOP - 6, title), frame, group, *cells, "</g>"]
