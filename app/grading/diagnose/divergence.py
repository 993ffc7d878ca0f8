"""Where on the way through a module the numbers first go wrong."""

import enum
import math
from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np

from app.core.problem import ModuleStage
from app.core.tolerance import Tolerance, differences, largest_error
from app.grading.diagnose.error_pattern import Pair
from app.grading.diagnose.significance import Array

# Between the two nothing is said: a small difference may be rounding, or the first trace of a mistake.
_SURELY_SAME = 0.15
_SURELY_DIFFERENT = 3.0
# What rounding alone comes to, in units of a stage's largest number; and by how much it never grows at once.
_ROUNDING = 4e-7
_JUMP = 10.0
_CLEARLY = 3.0
_SMALLEST = 1e-3
_MOST_ARRAYS = 8
_MOST_ROWS = 256
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
    input_of: str = ""
    """The path of the module whose input `first_wrong` is, where it is one."""
    pair: Pair | None = None
    """The values at `first_wrong`, where they are finite and of one size; in the reference's shape."""
    shapes: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    """Given and asked for, where they differ."""
    given: Array | None = None
    """The value at `first_wrong`."""
    likeness: str = ""
    """A sentence on what the value at `first_wrong` is instead."""


class _Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One stage of both recordings; `error`, in units of the largest number, is None where there is none."""

    name: str
    given: Array | None
    wanted: Array
    agreement: Agreement
    error: float | None


@np.errstate(all="ignore")
def agreements(
    stages: Sequence[ModuleStage],
    given: Mapping[str, Array],
    wanted: Mapping[str, Array],
    tolerance: Tolerance,
) -> dict[str, Agreement]:
    """Compare each stage that the reference passes, in the problem's order; one out of sight is unclear."""
    return {stage.name: stage.agreement for stage in _compared(stages, given, wanted, tolerance)}


@np.errstate(all="ignore")
def first_divergence(
    stages: Sequence[ModuleStage],
    given: Mapping[str, Array],
    wanted: Mapping[str, Array],
    tolerance: Tolerance,
    *,
    answer_error: float = float("inf"),
) -> Divergence | None:
    """Compare two recordings of one call, whose answers differ; None where that says nothing certain.

    Both in the order in which the stages were reached. One that the reference does not pass, such as a
    third block of two, is left out. `answer_error` is how far the answer is off, in units of its largest
    number: a cause that is smaller than the tolerance of its stage is found by how errors grow up to there.
    """
    compared = _compared(stages, given, wanted, tolerance)
    seen = [stage for stage in compared if stage.given is not None]
    if not seen:
        return None
    found = [stage.agreement for stage in compared]
    sure = found.index(Agreement.DIFFERENT) if Agreement.DIFFERENT in found else len(compared)
    clear = [stage.agreement for stage in compared if stage.agreement is not Agreement.UNCLEAR]
    if sure < len(compared) and clear[-1] is Agreement.SAME:
        return None  # It came out right after all, so it is another way and not a mistake.
    first = _first_jump(compared, sure, answer_error)
    right = [place for place in range(first) if _is_right(compared[place])]
    last_right = compared[right[-1]].name if right else None
    is_next = first == (right[-1] + 1 if right else 0)
    if first == len(compared):
        return Divergence(last_right=last_right, first_wrong=None, is_next=is_next) if right else None
    stage = compared[first]
    assert stage.given is not None
    agreement = {one.name: one.agreement for one in compared}
    return Divergence(
        last_right=last_right,
        first_wrong=stage.name,
        is_next=is_next,
        overtaken_by=_overtaken_by(stage.name, agreement, list(given), list(wanted)),
        input_of=next((one.path for one in stages if one.name == stage.name and one.side == "input"), ""),
        pair=_pair(stage.given, stage.wanted),
        shapes=_different_shapes(stage.given, stage.wanted),
        given=stage.given,
    )


def _first_jump(compared: Sequence[_Stage], sure: int, answer_error: float) -> int:
    """Return the place, up to the first that surely differs, at which the error comes into being.

    Rounding grows slowly on the way. So where one stage's error is many times the largest before it, and no
    later one's is by as much, the cause lies there, however small it is beside the tolerance.
    """
    last_error = compared[sure].error if sure < len(compared) else answer_error
    errors = [*(stage.error for stage in compared[:sure]), last_error]
    largest, factors = _ROUNDING, []
    for error in errors:
        factors.append(0.0 if error is None else error / largest)
        largest = max(largest, error or 0.0)
    if last_error is None or not math.isfinite(last_error):
        factors[-1] = math.inf
    highest = max(range(len(factors)), key=factors.__getitem__)
    if highest == sure or factors[highest] < _JUMP or factors[highest] < _CLEARLY * factors[-1]:
        return sure
    return highest


def _is_right(stage: _Stage) -> bool:
    return stage.agreement is Agreement.SAME


def _overtaken_by(
    name: str, agreement: Mapping[str, Agreement], reached: Sequence[str], right_order: Sequence[str]
) -> str | None:
    """Return what was reached before, while the reference reaches it after, and is not right itself."""
    for early in reached[: reached.index(name)]:
        is_later = early in agreement and right_order.index(early) > right_order.index(name)
        if is_later and agreement[early] is not Agreement.SAME:
            return early
    return None


def _compared(
    stages: Sequence[ModuleStage],
    given: Mapping[str, Array],
    wanted: Mapping[str, Array],
    tolerance: Tolerance,
) -> list[_Stage]:
    return [
        _best(
            stage.name,
            [
                _stage(stage.name, array, wanted[stage.name], tolerance, any_rows=stage.any_rows)
                for array in _arrays_at(stage.name, given)
            ],
            wanted[stage.name],
        )
        for stage in stages
        if stage.name in wanted
    ]


def _arrays_at(name: str, given: Mapping[str, Array]) -> Iterator[Array]:
    """Yield what came there, also as one of several: a tuple's second is recorded as `name[1]`."""
    for place in range(_MOST_ARRAYS):
        key = f"{name}[{place}]" if place else name
        if key in given:
            yield given[key]


def _best(name: str, found: Sequence[_Stage], wanted: Array) -> _Stage:
    """Take the right one of several arrays, else one of the right size, else the first."""
    if not found:
        return _Stage(name=name, given=None, wanted=wanted, agreement=Agreement.UNCLEAR, error=None)
    return min(
        found,
        key=lambda stage: (
            stage.agreement is not Agreement.SAME,
            stage.given is None or stage.given.size != wanted.size,
            math.inf if stage.error is None else stage.error,
        ),
    )


def _stage(name: str, given: Array, wanted: Array, tolerance: Tolerance, *, any_rows: bool) -> _Stage:
    """Compare one stage; a batch axis of one, and how rows are laid out, are the learner's own affair."""
    agreement, error = _agreement_of_rows(given, wanted, tolerance, any_rows=any_rows), None
    if given.size == wanted.size:
        agreement = _measured(given, wanted, tolerance)
        error = relative_error(given, wanted) if np.isfinite(wanted).all() else None
    return _Stage(name=name, given=given, wanted=wanted, agreement=agreement, error=error)


def _agreement_of_rows(given: Array, wanted: Array, tolerance: Tolerance, *, any_rows: bool) -> Agreement:
    """Compare other rows than the reference's: right ones say nothing of the others, or of which are meant.

    Row by row is another way: the first call's row may be right, and says nothing of the others.
    """
    is_one = wanted.ndim > 1 and given.size == wanted.shape[-1]
    if not any_rows and not is_one:
        return Agreement.DIFFERENT
    if wanted.ndim == 0 or given.ndim == 0 or not wanted.size or given.size % wanted.shape[-1]:
        return Agreement.DIFFERENT if not any_rows else Agreement.UNCLEAR
    rows = [one.reshape(-1, wanted.shape[-1])[:_MOST_ROWS] for one in (given, wanted)]
    if not any_rows:
        rows[1] = rows[1][:1]
    fewer, more = sorted(rows, key=len)
    found = all(
        any(_measured(row, other, tolerance) is not Agreement.DIFFERENT for other in more) for row in fewer
    )
    # More rows than are read afterwards may be made of them in any way, such as their mean.
    return Agreement.UNCLEAR if found or fewer is rows[1] else Agreement.DIFFERENT


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


@np.errstate(all="ignore")
def relative_error(given: Array, wanted: Array) -> float:
    """Return the largest error of as many numbers, in units of the largest that is right; or infinity."""
    largest = float(differences(np.ravel(given), np.ravel(wanted)).max(initial=0.0))
    return largest / max(float(np.abs(wanted).max(initial=0.0)), _SMALLEST)


def _pair(given: Array, wanted: Array) -> Pair | None:
    if given.size != wanted.size or not np.isfinite(given).all():
        return None
    return Pair(got=given.reshape(wanted.shape), expected=wanted)


def _different_shapes(given: Array, wanted: Array) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    return (given.shape, wanted.shape) if given.size != wanted.size else None
