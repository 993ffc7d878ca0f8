"""What wrong numbers look like beside the right ones: a factor, an order, a softmax too many.

A shape is told only where it fits every failing answer, and where it would hardly have fitted others.
"""

from collections.abc import Callable, Iterator, Sequence

import msgspec
import numpy as np

from app.core.tolerance import Tolerance, fits
from app.grading.diagnose.significance import Array, decades, log10_factorial, weighs

_SIZE_LIMIT = 1 << 20
_NUMERATORS = range(2, 33)
_INTERIOR = 0.01
_NEAR = 10.0
_ROUNDED_UNITS = 2.0
_EXACT = Tolerance(absolute=0.0, relative=0.0)


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """An answer and what it should have been, in double precision; finite both."""

    got: Array
    expected: Array
    is_exact: bool = False
    """Integers or logical values are expected: nothing rounds them."""

    def allowed(self, target: Array, tolerance: Tolerance) -> Array:
        """Return how far from what is made of the right answer, `target`, this one may lie."""
        return (_EXACT if self.is_exact else tolerance).allowed(target)


class ErrorShape(msgspec.Struct, frozen=True, kw_only=True):
    """A pattern that fits; `message` is a sentence that can follow "Your answer is …"."""

    id: str
    message: str


@np.errstate(all="ignore")
def error_shapes(
    pairs: Sequence[Pair], tolerance: Tolerance, *, with_numbers: bool = True
) -> tuple[ErrorShape, ...]:
    """Return every shape that fits all of `pairs`, without those that follow from another one.

    Without `with_numbers` a factor or an offset is named, but not its value: a hidden case's answer
    could be made to carry one out.
    """
    if not pairs or sum(pair.got.size for pair in pairs) > _SIZE_LIMIT:
        return ()
    if any(not (np.isfinite(pair.got).all() and np.isfinite(pair.expected).all()) for pair in pairs):
        return ()
    looks = _LOOKS if not _nearly_right(pairs, tolerance) else (_rounded,)
    found = {shape.id: shape for look in looks for shape in look(pairs, tolerance, with_numbers)}
    implied = {other for name in found for other in _IMPLIES.get(name, ())}
    return tuple(shape for name, shape in found.items() if name not in implied)


def _nearly_right(pairs: Sequence[Pair], tolerance: Tolerance) -> bool:
    """Say whether they are so near that a tiny factor or offset would fit by way of the tolerance."""
    targets = [pair.expected for pair in pairs]
    return _within(pairs, targets, [_NEAR * one for one in _allowed(pairs, targets, tolerance)])


def _sign(pairs: Sequence[Pair], tolerance: Tolerance, with_numbers: bool) -> Iterator[ErrorShape]:
    targets = [-pair.expected for pair in pairs]
    if _fits(pairs, targets, tolerance) and weighs(targets, _allowed(pairs, targets, tolerance), choices=1):
        yield ErrorShape(id="sign_flipped", message="the right one with its sign flipped")


def _ratio(pairs: Sequence[Pair], tolerance: Tolerance, with_numbers: bool) -> Iterator[ErrorShape]:
    if not _same_shapes(pairs):
        return
    got, expected = _joined(pairs)
    weights = _weights(pairs, tolerance)
    power = float((weights * expected) @ expected)
    if power == 0:
        return
    ratio = float((weights * got) @ expected) / power
    # Noise within the tolerance is scaled with the rest, where the factor came last.
    scale = max(1.0, abs(ratio))
    allowed = [scale * pair.allowed(pair.expected, tolerance) for pair in pairs]
    targets = [ratio * pair.expected for pair in pairs]
    if _within(pairs, targets, allowed) and weighs(targets, allowed, free=1):
        number = f"{ratio:.4g}{_as_root(ratio)} times" if with_numbers else "a constant factor away from"
        yield ErrorShape(id="constant_ratio", message=f"{number} the right one, in every entry")


def _offset(pairs: Sequence[Pair], tolerance: Tolerance, with_numbers: bool) -> Iterator[ErrorShape]:
    if not _same_shapes(pairs):
        return
    got, expected = _joined(pairs)
    offset = float(np.average(got - expected, weights=_weights(pairs, tolerance)))
    allowed = [2 * pair.allowed(pair.expected, tolerance) for pair in pairs]
    targets = [pair.expected + offset for pair in pairs]
    if _within(pairs, targets, allowed) and weighs(targets, allowed, free=1):
        number = f"{abs(offset):.4g}" if with_numbers else "a constant"
        direction = "plus" if offset > 0 else "minus"
        yield ErrorShape(id="constant_offset", message=f"the right one {direction} {number}, in every entry")


def _transposed(pairs: Sequence[Pair], tolerance: Tolerance, with_numbers: bool) -> Iterator[ErrorShape]:
    targets = []
    for pair in pairs:
        target = _transposition(pair, tolerance)
        if target is None:
            return
        targets.append(target)
    if weighs(targets, _allowed(pairs, targets, tolerance), choices=1.5 * len(targets)):
        flat = all(pair.expected.ndim == 1 for pair in pairs)
        as_if = (
            "in another order, as if a matrix had been flattened column by column in the place of row by row"
        )
        yield ErrorShape(id="transposed", message=f"the right one, {as_if if flat else 'transposed'}")


def _transposition(pair: Pair, tolerance: Tolerance) -> Array | None:
    """Return the transposed expected answer that is the given one; a row is also tried as any matrix."""
    expected = pair.expected
    if expected.ndim == 2 and min(expected.shape) > 1:
        matrices = [expected]
    elif expected.ndim == 1 and pair.got.ndim == 1:
        sides = (side for side in range(2, expected.size // 2 + 1) if expected.size % side == 0)
        matrices = [expected.reshape(side, -1) for side in sides]
    else:
        return None
    for matrix in matrices:
        target = matrix.T if expected.ndim == 2 else matrix.T.ravel()
        if fits(pair.got, target, pair.allowed(target, tolerance)):
            return np.ascontiguousarray(target)
    return None


def _permuted(pairs: Sequence[Pair], tolerance: Tolerance, with_numbers: bool) -> Iterator[ErrorShape]:
    if not _same_shapes(pairs):
        return
    ordered = [
        Pair(got=np.sort(p.got, axis=None), expected=np.sort(p.expected, axis=None), is_exact=p.is_exact)
        for p in pairs
    ]
    targets = [pair.expected for pair in ordered]
    allowed = _allowed(ordered, targets, tolerance)
    orders = sum(log10_factorial(target.size) for target in targets)
    if _within(ordered, targets, allowed) and weighs(targets, allowed, free=1, choices=orders):
        yield ErrorShape(id="permuted", message="made of the right numbers, in another order")


def _softmaxes(pairs: Sequence[Pair], tolerance: Tolerance, with_numbers: bool) -> Iterator[ErrorShape]:
    if not _same_shapes(pairs) or any(pair.expected.ndim == 0 for pair in pairs):
        return
    for name, function, of_yours, of_right in _SOFTMAXES:
        taken = [function(pair.expected) for pair in pairs]
        slack = [_after_softmax(name, one, pair, tolerance) for one, pair in zip(taken, pairs, strict=True)]
        if _within(pairs, taken, slack) and _says_enough(name, taken, slack):
            yield ErrorShape(id=name, message=of_yours)
        given = [Pair(got=function(pair.got), expected=pair.expected) for pair in pairs]
        wanted = [pair.expected for pair in pairs]
        slack = [2 * one for one in _allowed(pairs, wanted, tolerance)]
        if _within(given, wanted, slack) and _says_enough(name, wanted, slack):
            yield ErrorShape(id=f"without_{name}", message=of_right)


def _after_softmax(name: str, taken: Array, pair: Pair, tolerance: Tolerance) -> Array:
    """Return what noise within the tolerance becomes: an entry's own, and its share of the row's sum."""
    noise = pair.allowed(pair.expected, tolerance)
    both = noise + noise.max(axis=-1, keepdims=True, initial=0.0)
    slack: Array = pair.allowed(taken, tolerance) + (both if name == "log_softmax" else taken * both)
    return slack


def _says_enough(name: str, targets: Sequence[Array], allowed: Sequence[Array]) -> bool:
    """Rows of a softmax sum to one, and many that were never near each other end as zeros and a one."""
    if name == "softmax":
        inside = [(target > _INTERIOR) & (target < 1 - _INTERIOR) for target in targets]
        targets = [target[mask] for target, mask in zip(targets, inside, strict=True)]
        allowed = [one[mask] for one, mask in zip(allowed, inside, strict=True)]
    if decades(targets, allowed).size < 3:
        return False
    return weighs(targets, allowed, free=1)


def _rounded(pairs: Sequence[Pair], tolerance: Tolerance, with_numbers: bool) -> Iterator[ErrorShape]:
    """Fit a short type that can hold every given number, each as near to the right one as that allows."""
    if not _same_shapes(pairs):
        return
    got, expected = _joined(pairs)
    for name, bits in (("bfloat16", 8), ("float16", 11)):
        # Whole numbers can be held exactly, and by far fewer bits: nothing tells of rounding there.
        translating = ~_can_be_held(expected, bits)
        coarse = _can_be_held(got, bits - 4)
        if (
            not _can_be_held(got, bits).all()
            or translating.sum() < 4
            or translating.mean() < 0.5
            or coarse.mean() > 0.5
        ):
            continue
        scale = np.repeat([np.abs(p.expected).max(initial=0) for p in pairs], [p.got.size for p in pairs])
        unit = _ROUNDED_UNITS * 2.0**-bits * np.maximum(np.abs(expected), scale)
        if fits(got, expected, unit + _joined_allowed(pairs, tolerance)):
            yield ErrorShape(
                id=f"only_{name}",
                message=f"right, but only as exactly as `{name}` can say it: "
                "somewhere on the way the numbers were rounded to it",
            )
            return


_LOOKS: tuple[Callable[[Sequence[Pair], Tolerance, bool], Iterator[ErrorShape]], ...] = (
    _sign,
    _ratio,
    _offset,
    _transposed,
    _permuted,
    _softmaxes,
    _rounded,
)
_IMPLIES = {
    "sign_flipped": ("constant_ratio",),
    "transposed": ("permuted",),
    "log_softmax": ("constant_offset",),
    "without_log_softmax": ("constant_offset",),
}


def _softmax(array: Array) -> Array:
    powers = np.exp(array - array.max(axis=-1, keepdims=True, initial=-np.inf))
    taken: Array = powers / powers.sum(axis=-1, keepdims=True)
    return taken


def _log_softmax(array: Array) -> Array:
    shifted = array - array.max(axis=-1, keepdims=True, initial=-np.inf)
    taken: Array = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return taken


_SOFTMAXES = (
    (
        "softmax",
        _softmax,
        "the softmax of the right one: leave the softmax out",
        "what the right one is the softmax of: the softmax is missing",
    ),
    (
        "log_softmax",
        _log_softmax,
        "the log-softmax of the right one: leave it out",
        "what the right one is the log-softmax of: the log-softmax is missing",
    ),
)


def _weights(pairs: Sequence[Pair], tolerance: Tolerance) -> Array:
    """Weigh numbers: where less is allowed, one says more of a factor or of what was added."""
    allowed = _joined_allowed(pairs, tolerance)
    weights: Array = (allowed.min() / allowed) ** 2 if allowed.min() > 0 else np.ones_like(allowed)
    return weights


def _allowed(pairs: Sequence[Pair], targets: Sequence[Array], tolerance: Tolerance) -> list[Array]:
    return [pair.allowed(target, tolerance) for pair, target in zip(pairs, targets, strict=True)]


def _joined_allowed(pairs: Sequence[Pair], tolerance: Tolerance) -> Array:
    return np.concatenate([np.ravel(pair.allowed(pair.expected, tolerance)) for pair in pairs])


def _fits(pairs: Sequence[Pair], targets: Sequence[Array], tolerance: Tolerance) -> bool:
    return _within(pairs, targets, _allowed(pairs, targets, tolerance))


def _within(pairs: Sequence[Pair], targets: Sequence[Array], allowed: Sequence[Array]) -> bool:
    return all(fits(pair.got, *rest) for pair, *rest in zip(pairs, targets, allowed, strict=True))


def _same_shapes(pairs: Sequence[Pair]) -> bool:
    return all(pair.got.shape == pair.expected.shape and pair.got.size > 0 for pair in pairs)


def _joined(pairs: Sequence[Pair]) -> tuple[Array, Array]:
    got = np.concatenate([np.ravel(pair.got) for pair in pairs])
    return got, np.concatenate([np.ravel(pair.expected) for pair in pairs])


def _as_root(ratio: float) -> str:
    """Say ` (1/√8)` beside 0.35355; nothing where no such number is near, or more than one."""
    near = []
    for n in _NUMERATORS:
        root = n**0.5
        whole = root.is_integer()
        for value, words in ((1 / n, f"1/{n}"), (root, f"√{n}"), (1 / root, f"1/√{n}")):
            if not (whole and "√" in words) and abs(abs(ratio) / value - 1) < 2e-5:
                near.append(words)
    return f" ({'-' if ratio < 0 else ''}{near[0]})" if len(near) == 1 else ""


def _can_be_held(array: Array, bits: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
    """Say which numbers need no more than this many binary digits."""
    digits = np.frexp(array)[0] * 2.0**bits
    held: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = digits == np.rint(digits)
    return held
