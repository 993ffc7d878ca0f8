"""Expected and given arrays as a small inline SVG, which also says in words what it shows."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.grading.compare.tolerance import ValueErrors
from app.grading.phrases import index_words, number_text, where_words
from app.grading.present.bars import BARS_LIMIT, error_bars, paired_bars
from app.grading.present.heatmap import EXACT_SIDE, error_map, exact_maps
from app.grading.present.svg import Drawing, Floats, svg

SIZE_LIMIT_BYTES = 8_000


def picture(
    got: NDArray[np.generic], reference: NDArray[np.generic], errors: ValueErrors, *, name: str = ""
) -> str:
    """Draw bars for vectors, heat maps for matrices; empty where there is no number.

    Of more than two axes the slice with the largest error is drawn, of complex numbers their sizes; the
    text alternative says so. Well-formed XML of at most `SIZE_LIMIT_BYTES`, whatever the arrays hold.
    """
    if got.size == 0:
        return ""
    at = _largest(errors)[:-2]
    drawing = _draw(_drawable(reference)[at], _drawable(got)[at], errors, at)
    notes = list(drawing.notes)
    if got.ndim > 2:
        notes.append(f"Only the slice {index_words(at)} is drawn.")
    if np.iscomplexobj(got) or np.iscomplexobj(reference):
        notes.append("Of complex numbers the absolute values are drawn.")
    title = f"Expected and your numbers of {name}" if name else "Expected and your numbers"
    said = " ".join(filter(None, [words_of(got, reference, errors), drawing.said, *notes]))
    return svg(msgspec.structs.replace(drawing, notes=tuple(notes)), title=title, description=said)


def words_of(got: NDArray[np.generic], reference: NDArray[np.generic], errors: ValueErrors) -> str:
    """Say how many differ and where, the largest error, and whether all that was given is one number."""
    count, place = int(errors.wrong.sum()), _largest(errors)
    ours, theirs = number_text(reference[place].item()), number_text(got[place].item())
    if got.size == 1:
        return f"{ours} is expected, yours is {theirs}."
    verb = "differs" if count == 1 else "differ"
    counted = f"All {count} numbers" if count == got.size else f"{count} of {got.size} numbers"
    said = [f"{counted} {verb}."]
    if where := where_words(errors.wrong):
        said.append(f"{where[0].upper()}{where[1:]}.")
    if np.isfinite(errors.absolute[place]):
        error = number_text(float(errors.absolute[place]))
        said.append(
            f"The largest error is {error}, at {index_words(place)}: {ours} is expected, yours is {theirs}."
        )
    else:
        said.append(f"At {index_words(place)} {ours} is expected, yours is {theirs}.")
    if (got == got.flat[0]).all():
        said.append(f"All of yours are {number_text(got.flat[0].item())}.")
    return " ".join(said)


def _draw(expected: Floats, got: Floats, errors: ValueErrors, at: tuple[int, ...]) -> Drawing:
    absolute, wrong = errors.absolute[at], errors.wrong[at]
    if expected.ndim < 2 or 1 in expected.shape:
        if expected.size <= BARS_LIMIT:
            return paired_bars(expected.ravel(), got.ravel(), wrong.ravel())
        return error_bars(absolute.ravel(), wrong.ravel())
    if max(expected.shape) <= EXACT_SIDE:
        return exact_maps(expected, got, absolute, wrong)
    return error_map(absolute, wrong)


def _largest(errors: ValueErrors) -> tuple[int, ...]:
    """Find where the error is largest among the wrong ones."""
    sizes = np.where(errors.wrong, errors.absolute, -1.0)
    return tuple(int(axis) for axis in np.unravel_index(int(np.argmax(sizes)), sizes.shape))


def _drawable(array: NDArray[np.generic]) -> Floats:
    with np.errstate(over="ignore"):
        return np.asarray(np.abs(array) if np.iscomplexobj(array) else array, dtype=np.float64)
