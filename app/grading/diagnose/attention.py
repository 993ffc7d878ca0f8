"""Softmax attention by the book and with each of its usual mistakes, as numbers to compare with."""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping

import msgspec
import numpy as np

from app.grading.diagnose.likeness import is_nearly
from app.grading.diagnose.significance import Array

_MOST_NUMBERS = 1 << 14
_MOST_AT_ONCE = 2
_MOST_NAMED = 2
_RIGHT = ""


class _Attention(msgspec.Struct, frozen=True, kw_only=True):
    """How queries, keys and values, each (T, d), become joined heads (T, d); `""` is how it should be."""

    heads: str = _RIGHT
    split: str = _RIGHT
    scores: str = _RIGHT
    scale: str = _RIGHT
    mask: str = _RIGHT
    softmax: str = _RIGHT
    merge: str = _RIGHT


_MISTAKES: Mapping[str, Mapping[str, str]] = {
    "heads": {
        "one": "all of d_model is one head, whatever the number of heads",
        "size": "the number of heads and d_head have changed places",
    },
    "split": {
        "reshape": (
            "the heads are split by a reshape to (heads, T, d_head), which mixes tokens: first to "
            "(T, heads, d_head), then the axes are swapped"
        ),
        "interleaved": "the heads are split as (T, d_head, heads), so that a head's numbers lie apart",
    },
    "scores": {
        "swapped": "the scores are those of keys by queries, transposed",
        "queries for values": "the queries stand where the values belong",
        "keys for values": "the keys stand where the values belong",
        "keys and values": "keys and values have changed places",
        "keys for queries": "the keys stand where the queries belong",
        "queries for keys": "the queries stand where the keys belong",
    },
    "scale": {
        "none": "the scores are not divided by the square root of d_head",
        "d_model": "the scores are divided by the square root of d_model, not of d_head",
        "linear": "the scores are divided by d_head, not by its square root",
        "heads": "the scores are divided by the square root of the number of heads, not of d_head",
        "after": "the square root of d_head divides the weights, not the scores in front of the softmax",
        "times": "the scores are multiplied by the square root of d_head, not divided by it",
    },
    "mask": {
        "causal": "each token sees itself and the tokens before it alone, as under a causal mask",
        "anticausal": "each token sees itself and the tokens after it alone",
        "diagonal": "no token sees itself",
    },
    "softmax": {
        "queries": "the softmax goes over the queries, not over the keys",
        "heads": "the softmax goes over the heads, not over the keys",
        "none": "there is no softmax over the scores",
    },
    "merge": {
        "without swap": "the heads are merged without swapping their axis behind the tokens'",
        "interleaved": "the heads are merged as (T, d_head, heads), so that a head's numbers end up apart",
    },
}


@np.errstate(all="ignore")
def mistake_in_attention(given: Array, queries: Array, keys: Array, values: Array, heads: int) -> str:
    """Say which mistake in attention gives `given`, (T, d_model); nothing where none or too many do."""
    if not _fit(given, queries, keys, values, heads):
        return ""
    right = _joined(_Attention(), queries, keys, values, heads)
    for count in range(1, _MOST_AT_ONCE + 1):
        found = {
            words
            for words, attention in _with_mistakes(count)
            if is_nearly(given, made := _joined(attention, queries, keys, values, heads))
            and not is_nearly(right, made)
        }
        if found:
            return " or: ".join(sorted(found)) if len(found) <= _MOST_NAMED else ""
    return ""


def _with_mistakes(count: int) -> Iterator[tuple[str, _Attention]]:
    for parts in itertools.combinations(_MISTAKES, count):
        for chosen in itertools.product(*(_MISTAKES[part] for part in parts)):
            words = "; and ".join(_MISTAKES[part][one] for part, one in zip(parts, chosen, strict=True))
            yield words, _Attention(**dict(zip(parts, chosen, strict=True)))


def _fit(given: Array, queries: Array, keys: Array, values: Array, heads: int) -> bool:
    tokens, width = queries.shape if queries.ndim == 2 else (0, 0)
    return (
        0 < heads <= width
        and width % heads == 0
        and keys.shape == values.shape == (tokens, width)
        and given.size == tokens * width <= _MOST_NUMBERS
        and max(heads, width // heads) * tokens * tokens <= _MOST_NUMBERS
    )


def _joined(attention: _Attention, queries: Array, keys: Array, values: Array, heads: int) -> Array:
    tokens, width = queries.shape
    heads = {"": heads, "one": 1, "size": width // heads}[attention.heads]
    size = width // heads
    places = _PLACES.get(attention.scores, (0, 1, 2))
    q, k, v = (
        _SPLITS[attention.split]((queries, keys, values)[place], heads, tokens, size) for place in places
    )
    scores = q @ k.swapaxes(-1, -2)
    if attention.scores == "swapped":
        scores = scores.swapaxes(-1, -2)
    scores = scores * _SCALES[attention.scale](size, width)
    before, one_s = np.tri(tokens, k=0, dtype=bool), np.eye(tokens, dtype=bool)
    seen = {"causal": before, "anticausal": before.T, "diagonal": ~one_s}.get(attention.mask)
    if seen is not None:
        scores = np.where(seen, scores, -np.inf)
    axis = {"": -1, "queries": -2, "heads": 0}.get(attention.softmax)
    weights = scores if axis is None else _softmax(scores, axis)
    if attention.scale == "after":
        weights = weights / math.sqrt(size)
    return _MERGES[attention.merge](weights @ v, tokens, width)


_PLACES: Mapping[str, tuple[int, int, int]] = {
    "queries for values": (0, 1, 0),
    "keys for values": (0, 1, 1),
    "keys and values": (0, 2, 1),
    "keys for queries": (1, 1, 2),
    "queries for keys": (0, 0, 2),
}
_SPLITS: Mapping[str, Callable[[Array, int, int, int], Array]] = {
    _RIGHT: lambda x, heads, tokens, size: x.reshape(tokens, heads, size).swapaxes(0, 1),
    "reshape": lambda x, heads, tokens, size: x.reshape(heads, tokens, size),
    "interleaved": lambda x, heads, tokens, size: np.moveaxis(x.reshape(tokens, size, heads), -1, 0),
}
_SCALES: Mapping[str, Callable[[int, int], float]] = {
    _RIGHT: lambda size, width: 1 / math.sqrt(size),
    "none": lambda size, width: 1.0,
    "d_model": lambda size, width: 1 / math.sqrt(width),
    "linear": lambda size, width: 1 / size,
    "heads": lambda size, width: 1 / math.sqrt(width / size),
    "after": lambda size, width: 1.0,
    "times": lambda size, width: math.sqrt(size),
}
_MERGES: Mapping[str, Callable[[Array, int, int], Array]] = {
    _RIGHT: lambda x, tokens, width: x.swapaxes(0, 1).reshape(tokens, width),
    "without swap": lambda x, tokens, width: x.reshape(tokens, width),
    "interleaved": lambda x, tokens, width: np.moveaxis(x, 0, -1).reshape(tokens, width),
}


def _softmax(scores: Array, axis: int) -> Array:
    powers = np.exp(scores - scores.max(axis=axis, keepdims=True))
    shares: Array = powers / powers.sum(axis=axis, keepdims=True)
    return shares
