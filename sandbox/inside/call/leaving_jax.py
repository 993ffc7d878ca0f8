"""Lets a traced value become a NumPy array while gradients are taken, and remembers that it did.

`jax.grad` has the numbers at hand, but refuses to give them to NumPy, because the gradient would be lost.
Here it is lost, on purpose: a parameter that is copied gets none, and that names it. Only where the whole
answer becomes a NumPy array in the end is the traced value taken in its place.
"""

from collections.abc import Callable
from types import TracebackType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax._src.core import Tracer, to_concrete_value

_CONVERSIONS: dict[str, Callable[..., Any]] = {
    "__array__": np.asarray,
    "tolist": lambda plain: plain.tolist(),
    "__float__": float,
}
_LAST = 4
"""So many of the last conversions may have followed the answer's own, as in printing it."""


class LeavingJax:
    """While entered, conversions of traced values with known numbers succeed and are recorded."""

    def __init__(self) -> None:
        self._converted: list[Any] = []

    def __enter__(self) -> "LeavingJax":
        self._own = {name: getattr(Tracer, name) for name in _CONVERSIONS}
        for name, convert in _CONVERSIONS.items():
            setattr(Tracer, name, self._replacing(self._own[name], convert))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        for name, original in self._own.items():
            setattr(Tracer, name, original)

    def traced_for(self, answer: jax.Array) -> jax.Array | None:
        """Return the traced values, flat, that `answer` was converted from; None where there are none."""
        wanted = np.ravel(np.asarray(answer))
        for end in range(len(self._converted), max(0, len(self._converted) - _LAST), -1):
            start, size = end, 0
            while start > 0 and size < wanted.size:
                start -= 1
                size += self._converted[start].size
            pieces = self._converted[start:end]
            if size == wanted.size and np.array_equal(_numbers(pieces), wanted, equal_nan=True):
                return jnp.concatenate([jnp.ravel(piece) for piece in pieces])
        return None

    def _replacing(self, original: Callable[..., Any], convert: Callable[..., Any]) -> Any:
        def replaced(tracer: Any, *args: Any, **kwargs: Any) -> Any:
            plain = to_concrete_value(tracer)
            if plain is None:
                return original(tracer, *args, **kwargs)
            self._converted.append(tracer)
            return convert(np.asarray(plain), *args, **kwargs)

        return replaced


def _numbers(pieces: list[Any]) -> Any:
    return np.concatenate([np.ravel(np.asarray(to_concrete_value(piece))) for piece in pieces])
