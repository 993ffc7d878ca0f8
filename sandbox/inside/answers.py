"""What a call returned, as bytes; anything that is not an array of numbers is named by its type."""

from typing import Any

import jax
import msgspec
import numpy as np

from sandbox.arrays import BadArray, WireArray, pack_array
from sandbox.inside.plain_text import plain_text
from sandbox.interface import Part

_NUMBERS = (bool, int, float)
_NESTED_LIMIT = 1 << 20
_NAME_LIMIT = 80


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Either an array, or several by name, or what was returned in their place."""

    value: WireArray | None = None
    parts: tuple[Part, ...] = ()
    not_an_array: str = ""


def convert(value: Any, output_dtype: str) -> Answer:
    """JAX and NumPy arrays keep their dtype; (nested) lists of Python numbers take `output_dtype`.

    Waits for the computation, so that its time counts and its errors surface here.
    """
    if isinstance(value, jax.core.Tracer):
        return Answer(not_an_array="a traced value of jax.jit or jax.grad that left its function")
    if isinstance(value, jax.Array):
        return _pack(np.asarray(value))
    if type(value) is np.ndarray or isinstance(value, np.generic):
        return _pack(np.asarray(value))
    if isinstance(value, _NUMBERS) or (isinstance(value, list | tuple) and _only_numbers(value)):
        try:
            return _pack(np.asarray(_plain(value), dtype=output_dtype))
        except (ValueError, OverflowError):
            name = plain_text(type(value).__name__, _NAME_LIMIT)
            return Answer(not_an_array=f"a {name} of unequal rows")
    return Answer(not_an_array=_in_words(value))


def _pack(array: np.ndarray[Any, Any]) -> Answer:
    try:
        return Answer(value=pack_array(array))
    except BadArray:
        return Answer(not_an_array=f"an array of {array.dtype.name}")


def _only_numbers(value: Any) -> bool:
    """Walks without recursion, and gives up on lists too long to be an answer."""
    waiting, seen = [value], 0
    while waiting:
        item = waiting.pop()
        seen += 1
        if seen > _NESTED_LIMIT:
            return False
        if isinstance(item, list | tuple):
            waiting.extend(item)
        elif not isinstance(item, _NUMBERS) and not (
            isinstance(item, jax.Array | np.generic) and item.ndim == 0
        ):
            return False
    return True


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, _NUMBERS) else np.asarray(value).item()


def _in_words(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, list | tuple | dict):
        kind = plain_text(type(value).__name__, _NAME_LIMIT)
        inside = value.values() if isinstance(value, dict) else value
        names = [plain_text(type(item).__name__, _NAME_LIMIT) for item in list(inside)[:4]]
        return f"a {kind} of {', '.join(names) or 'nothing'}{' …' if len(value) > 4 else ''}"
    name = plain_text(type(value).__name__, _NAME_LIMIT)
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
