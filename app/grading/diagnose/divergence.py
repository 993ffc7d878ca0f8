"""Where on the way through a module the numbers first go wrong."""

import enum
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from app.core.problem import ModuleStage
from app.core.tolerance import Tolerance, largest_error
from app.grading.diagnose.error_pattern import Pair
from app.grading.diagnose.significance import Array

# Between the two nothing is said: a small difference may be rounding, or the first trace of a mistake.
_SURELY_SAME = 0.15
_SURELY_DIFFERENT = 3.0
# A problem's tolerance is for its answer, and may be wide, or nothing at all. Rounding is what it is.
_ABSOLUTE = (1e-6, 1e-4)
_RELATIVE = (0.0, 1e-3)


class Agreement(enum.Enum):
    """How a stage's value stands to the reference's."""

    SAME = enum.auto()
    DIFFERENT = enum.auto()
    UNCLEAR = enum.auto()


class Divergence(msgspec.Struct, frozen=True, kw_only=True):
    """`last_right` is the last stage that surely agrees; `first_wrong` the first that surely does not.

    Either may be missing: `first_wrong` where all stages that were recorded agree, so that what follows
    the last of them is wrong. `is_next` says that there is no stage in between that nothing is known of.
    """

    last_right: str | None
    first_wrong: str | None
    is_next: bool = True
    overtaken_by: str | None = None
    """A stage that should come after `first_wrong`, was reached before it, and does not agree either."""
    pair: Pair | None = None
    """The values at `first_wrong`, where they are finite and of one size; in the reference's shape."""
    shapes: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    """Given and asked for, where they differ."""


@np.errstate(all="ignore")
def agreements(
    stages: Sequence[ModuleStage],
    given: Mapping[str, Array],
    wanted: Mapping[str, Array],
    tolerance: Tolerance,
) -> dict[str, Agreement]:
    """Compare each stage that the reference passes, in the problem's order; one out of sight is unclear."""
    return {
        stage.name: _agreement(given[stage.name], wanted[stage.name], tolerance, any_rows=stage.any_rows)
        if stage.name in given
        else Agreement.UNCLEAR
        for stage in stages
        if stage.name in wanted
    }


def first_divergence(
    stages: Sequence[ModuleStage],
    given: Mapping[str, Array],
    wanted: Mapping[str, Array],
    tolerance: Tolerance,
) -> Divergence | None:
    """Compare two recordings of one call, whose answers differ; None where that says nothing certain.

    Both in the order in which the stages were reached. One that the reference does not pass, such as a
    third block of two, is left out.
    """
    agreement = agreements(stages, given, wanted, tolerance)
    names, found = list(agreement), list(agreement.values())
    if not any(name in given for name in names):
        return None
    if Agreement.DIFFERENT not in found:
        return _after_all(names, found)
    index = found.index(Agreement.DIFFERENT)
    if next(one for one in reversed(found) if one is not Agreement.UNCLEAR) is Agreement.SAME:
        return None  # It came out right after all, so it is another way and not a mistake.
    right = [place for place in range(index) if found[place] is Agreement.SAME]
    name = names[index]
    return Divergence(
        last_right=names[right[-1]] if right else None,
        first_wrong=name,
        is_next=index == (right[-1] + 1 if right else 0),
        overtaken_by=_overtaken_by(name, agreement, list(given), list(wanted)),
        pair=_pair(given[name], wanted[name]),
        shapes=_different_shapes(given[name], wanted[name]),
    )


def _overtaken_by(
    name: str, agreement: Mapping[str, Agreement], reached: Sequence[str], right_order: Sequence[str]
) -> str | None:
    """Return what was reached before, while the reference reaches it after, and is not right itself."""
    for early in reached[: reached.index(name)]:
        is_later = early in agreement and right_order.index(early) > right_order.index(name)
        if is_later and agreement[early] is not Agreement.SAME:
            return early
    return None


def _after_all(names: Sequence[str], found: Sequence[Agreement]) -> Divergence | None:
    right = [place for place, one in enumerate(found) if one is Agreement.SAME]
    if not right:
        return None
    is_last = right[-1] == len(names) - 1
    return Divergence(last_right=names[right[-1]], first_wrong=None, is_next=is_last)


def _agreement(given: Array, wanted: Array, tolerance: Tolerance, *, any_rows: bool) -> Agreement:
    """Compare one stage; a batch axis of one, and how rows are laid out, are the learner's own affair."""
    if given.size != wanted.size:
        # Row by row is another way: the first call's row may be right, and says nothing of the others.
        first_row = np.ravel(wanted)[: given.size]
        is_one = wanted.ndim > 1 and given.size == wanted.shape[-1]
        if any_rows or (is_one and _measured(given, first_row, tolerance) is not Agreement.DIFFERENT):
            return Agreement.UNCLEAR
        return Agreement.DIFFERENT
    return _measured(given, wanted, tolerance)


def _measured(given: Array, wanted: Array, tolerance: Tolerance) -> Agreement:
    """Compare as many numbers with each other."""
    got, expected = np.ravel(given), np.ravel(wanted)
    if not np.isfinite(expected).all():
        return Agreement.UNCLEAR  # As the scores of a mask: nothing lies near them, equals neither.
    # Numbers inside a network are rounded in proportion to the largest of them, not to each.
    scale = max(1.0, float(np.abs(expected).max(initial=0.0)))
    worst = largest_error(got, expected, tolerance.bounded(_ABSOLUTE, _RELATIVE).scaled(scale))
    if worst <= _SURELY_SAME:
        return Agreement.SAME
    return Agreement.DIFFERENT if worst >= _SURELY_DIFFERENT else Agreement.UNCLEAR


def _pair(given: Array, wanted: Array) -> Pair | None:
    if given.size != wanted.size or not np.isfinite(given).all():
        return None
    return Pair(got=given.reshape(wanted.shape), expected=wanted)


def _different_shapes(given: Array, wanted: Array) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    return (given.shape, wanted.shape) if given.size != wanted.size else None
