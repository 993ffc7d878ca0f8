"""The one law of closeness: how far a value may lie from the reference's, and how far one does.

Errors are told in units of what the tolerance allows, so that at most 1 is within it. What is not finite, on
either side, is infinitely far. Integers and logical values are exact: equal, or infinitely far, because
nothing rounds them, and one index too far is another index however large it is. Whoever asks whether two
numbers are close asks here.
"""

import math
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]
ToleranceShare = Annotated[float, msgspec.Meta(ge=0, lt=1)]

_EXACT_KINDS = "biu"
_LARGEST = float(np.finfo(np.float64).max)


class Tolerance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value `a` matches the reference's `e` where `|a - e| <= absolute + relative * |e|`.

    The scale comes from the reference alone (as in `numpy.isclose`), so a learner's NaN or
    infinity can never widen it.
    """

    absolute: ToleranceShare = 1e-5
    """What is allowed of itself."""
    relative: ToleranceShare = 1e-4
    """What is allowed besides for each unit of the expected number."""

    def __post_init__(self) -> None:
        for name in ("absolute", "relative"):
            value = getattr(self, name)
            if not 0 <= value < 1:
                raise ValueError(f"{name} must be at least 0 and below 1, not {value}")

    @property
    def words(self) -> str:
        """Write the law as a learner may read it."""
        return (
            f"`|yours - expected| <= {self.absolute:g} + {self.relative:g} * |expected|`; "
            "whole numbers and logical values exactly"
        )

    def allowed(self, reference: Array) -> NDArray[np.float64]:
        """Return how far off each number may be, in the shape of `reference`; integers not at all."""
        if is_exact(reference):
            return np.zeros(reference.shape)
        with np.errstate(over="ignore"):
            # A finite complex number may be further from zero than any float can say.
            scale = np.minimum(np.abs(_wide(reference)), _LARGEST)
        return np.asarray(self.absolute + self.relative * scale, dtype=np.float64)

    def reach(self, given: Array) -> NDArray[np.float64]:
        """Return how far from each finite number of `given` a reference may lie that it matches.

        From `|a - e| <= absolute + relative * |e|` follows `|e| <= (|a| + absolute) / (1 - relative)`.
        """
        return self.allowed((np.abs(given) + self.absolute) / (1 - self.relative))

    def bounded(self, absolute: tuple[float, float], relative: tuple[float, float]) -> "Tolerance":
        """Return the nearest one whose parts lie between these, the lowest and the highest."""
        return Tolerance(
            absolute=min(max(self.absolute, absolute[0]), absolute[1]),
            relative=min(max(self.relative, relative[0]), relative[1]),
        )

    def scaled(self, largest: float) -> "Tolerance":
        """Return the one whose absolute part is in units of `largest`, a finite size."""
        return _ScaledTolerance(absolute=min(self.absolute * largest, _LARGEST), relative=self.relative)


class _ScaledTolerance(Tolerance, frozen=True, kw_only=True):
    """Of numbers whose absolute part follows their size, and so has no bound of its own."""

    def __post_init__(self) -> None:
        pass


def is_exact(reference: Array) -> bool:
    """Say whether these are numbers that nothing rounds: integers, or logical values."""
    return reference.dtype.kind in _EXACT_KINDS


def differences(one: Array, other: Array) -> NDArray[np.float64]:
    """Return `|one - other|`, of the same shape; infinite where either is not finite.

    Taken in double precision, so that they are not rounded themselves; zero only where both are equal, of
    64-bit integers too. Of complex numbers it is the distance in the plane.
    """
    if is_exact(one) and is_exact(other):
        return _integer_differences(one, other)
    ours, theirs = _wide(one), _wide(other)
    finite = np.isfinite(ours) & np.isfinite(theirs)
    with np.errstate(over="ignore", invalid="ignore"):
        apart = np.asarray(np.abs(ours - theirs), dtype=np.float64)
    for whole in (array for array in (one, other) if is_exact(array)):
        # An integer that no double can say is none that a float can equal.
        apart = np.where(_is_held(whole), apart, np.maximum(apart, 1.0))
    return np.where(finite, apart, np.inf)


def in_units(apart: NDArray[np.float64], allowed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return differences in units of what is allowed; nothing is no error even where nothing is allowed.

    IEEE's division is at most 1 exactly where `apart <= allowed` holds. NaN is infinite.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        units = np.where(apart == 0, 0.0, apart / allowed)
    return np.where(np.isnan(units) | ~np.isfinite(apart), np.inf, units)


def errors(got: Array, expected: Array, tolerance: Tolerance) -> NDArray[np.float64]:
    """Return the error of each number in units of the tolerance: at most 1 is within; both of one shape."""
    return in_units(differences(got, expected), tolerance.allowed(expected))


def largest_error(got: Array, expected: Array, tolerance: Tolerance) -> float:
    """Return the largest error: 0 of empty arrays, infinite where the shapes differ; dtypes do not matter."""
    if got.shape != expected.shape:
        return math.inf
    return float(errors(got, expected, tolerance).max(initial=0.0))


def is_within(got: Array, expected: Array, tolerance: Tolerance, *, times: float = 1.0) -> bool:
    """Return whether every number lies within so many times the tolerance; nothing is broadcast."""
    return largest_error(got, expected, tolerance) <= times


def fits(got: Array, target: Array, allowed: NDArray[np.float64]) -> bool:
    """Return whether every number lies within `allowed` of what may be made from a reference: `target`."""
    return got.shape == target.shape and bool((in_units(differences(got, target), allowed) <= 1).all())


def _integer_differences(one: Array, other: Array) -> NDArray[np.float64]:
    """Subtract exactly: no wrap-around, and no rounding before the difference becomes a float."""
    high, low = np.maximum(one, other), np.minimum(one, other)
    if not is_exact(np.asarray(high)):
        # NumPy has no integers that hold both signed and unsigned 64-bit ones.
        return _object_differences(one, other)
    # Two's complement: the distance of two 64-bit integers fits 64 bits without a sign.
    high, low = high.astype(np.uint64), low.astype(np.uint64)
    with np.errstate(over="ignore"):
        return np.asarray(high - low, dtype=np.float64)


def _object_differences(one: Array, other: Array) -> NDArray[np.float64]:
    return np.asarray(np.abs(one.astype(object) - other.astype(object)), dtype=np.float64)


def _is_held(whole: Array) -> NDArray[np.bool_]:
    """Say which integers a double holds exactly."""
    wide = whole.astype(np.float64)
    signed = whole.dtype.kind == "i"
    beyond = 2.0 ** (8 * whole.dtype.itemsize - signed)
    fitting = wide < beyond
    held = np.where(fitting, wide, 0.0).astype(whole.dtype) == whole
    return np.asarray(fitting & held)


def _wide(array: Array) -> NDArray[np.inexact]:
    return array.astype(np.complex128 if np.iscomplexobj(array) else np.float64)
