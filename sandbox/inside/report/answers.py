"""What a call returned, as bytes; anything that is not what was asked for is named by its type."""

from typing import Any

import jax
import msgspec
import numpy as np

from sandbox.arrays import BadArray, pack_array
from sandbox.inside.submitted_text import plain_text
from sandbox.interface import Arrays, Outputs, Structure

_NUMBERS = (bool, int, float, complex)
_NO_NUMBERS = (np.flexible, np.datetime64, np.timedelta64)
_RANKS = {"b": 0, "i": 1, "u": 1, "f": 2, "c": 3}
"""By NumPy's kind of numbers; each holds those of lower rank."""
_NESTED_LIMIT = 1 << 20
_NAME_LIMIT = 80
_NAMES_SHOWN = 4


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Either arrays by name, or what was returned in their place."""

    arrays: Arrays = {}
    not_an_array: str = ""
    at_output: str = ""
    """Which of several outputs `not_an_array` is about."""


def convert(value: Any, outputs: Outputs) -> Answer:
    """Keep the dtype of JAX and NumPy arrays; give (nested) lists of Python numbers that of `outputs`.

    A list or a named tuple is as good as a tuple, and a dictionary's keys may come in any order. Waits for
    the computation, so that its time counts and its errors surface here.
    """
    if outputs.structure is Structure.ARRAY:
        return _one("", value, outputs.dtypes[0])
    held = _held(value, outputs)
    if held is None:
        return Answer(not_an_array=_container_in_words(value, outputs))
    arrays: Arrays = {}
    for name, dtype, element in zip(outputs.names, outputs.dtypes, held, strict=True):
        answer = _one(name, element, dtype)
        if not answer.arrays:
            return answer
        arrays |= answer.arrays
    return Answer(arrays=arrays)


def _held(value: Any, outputs: Outputs) -> list[Any] | None:
    """Return what a container holds, in the order of `outputs`; None where it is not the one asked for."""
    # The base classes' own methods: those of a subclass may say anything.
    if outputs.structure is Structure.DICT:
        if not isinstance(value, dict):
            return None
        found = {key: element for key, element in dict.items(value) if type(key) is str}
        if len(found) != dict.__len__(value) or found.keys() != set(outputs.names):
            return None
        return [found[name] for name in outputs.names]
    if not isinstance(value, list | tuple):
        return None
    held = _elements(value)
    return held if len(held) == len(outputs.names) else None


def _elements(value: "list[Any] | tuple[Any, ...]") -> list[Any]:
    return list(tuple.__iter__(value) if isinstance(value, tuple) else list.__iter__(value))


def _one(name: str, value: Any, dtype: str) -> Answer:
    """Return the array called `name`, or what stands in its place."""
    array = _as_array(value, dtype)
    if isinstance(array, str):
        return Answer(not_an_array=array, at_output=name)
    try:
        return Answer(arrays={name: pack_array(array)})
    except BadArray:
        if array.dtype == object and all(type(number) is int for number in array.flat):
            return Answer(not_an_array="integers beyond 64 bits", at_output=name)
        said = f"an array of {plain_text(array.dtype.name, _NAME_LIMIT)}"
        return Answer(not_an_array=said, at_output=name)


def _as_array(value: Any, dtype: str) -> np.ndarray[Any, Any] | str:
    """Return the array, or in words what is none."""
    if isinstance(value, jax.core.Tracer):
        return "a traced value of jax.jit or jax.grad that left its function"
    if isinstance(value, jax.Array | np.generic) or type(value) is np.ndarray:
        return np.asarray(value)
    if isinstance(value, _NUMBERS) or (isinstance(value, list | tuple) and _only_numbers(value)):
        try:
            return _of_dtype(_plain(value), dtype)
        except (ValueError, TypeError):
            return f"a {_type_name(value)} of unequal rows"
    return _in_words(value)


def _of_dtype(numbers: Any, dtype: str) -> np.ndarray[Any, Any]:
    """Convert where `dtype` holds such numbers: 1.5 is never cut to an integer, nor 300 to eight bits."""
    natural, wanted = np.asarray(numbers), np.dtype(dtype)
    if natural.size and _rank(natural.dtype) > _rank(wanted):
        return natural
    try:
        with np.errstate(over="ignore"):
            return np.asarray(numbers, dtype=wanted)
    except OverflowError:
        return natural


def _rank(dtype: np.dtype[Any]) -> int:
    """Rank logical values, integers, floats and complex numbers, in this order."""
    # Integers beyond 64 bits are objects to NumPy, and bfloat16 is of no kind of its own.
    return _RANKS.get(dtype.kind, _RANKS["i"] if dtype.kind == "O" else _RANKS["f"])


def _only_numbers(value: Any) -> bool:
    """Walk without recursion, and give up on lists too long to be an answer."""
    waiting, seen = [value], 0
    while waiting:
        element = waiting.pop()
        seen += 1
        if seen > _NESTED_LIMIT:
            return False
        if isinstance(element, list | tuple):
            waiting.extend(element)
        elif not isinstance(element, _NUMBERS) and not (
            isinstance(element, jax.Array | np.generic)
            and element.ndim == 0
            and not isinstance(element, _NO_NUMBERS)
        ):
            return False
    return True


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(element) for element in value]
    return value if isinstance(value, _NUMBERS) else np.asarray(value).item()


def _container_in_words(value: Any, outputs: Outputs) -> str:
    if outputs.structure is not Structure.DICT or not isinstance(value, dict):
        return _in_words(value)
    keys = list(dict.keys(value))
    texts = {key for key in keys if type(key) is str}
    lacking = [repr(name) for name in outputs.names if name not in texts]
    besides = [_key_in_words(key) for key in keys if type(key) is not str or key not in outputs.names]
    differences = [
        f"{word} {_first(names)}" for word, names in (("without", lacking), ("also with", besides)) if names
    ]
    return f"a {_type_name(value)} {', '.join(differences)}"


def _in_words(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, jax.Array) or type(value) is np.ndarray:
        return "one array"
    name = _type_name(value)
    if isinstance(value, dict):
        keys = [_key_in_words(key) for key in dict.keys(value)]
        return f"a {name} with {_first(keys)}" if keys else f"an empty {name}"
    if isinstance(value, list | tuple):
        names = [_type_name(element) for element in _elements(value)]
        return f"a {name} of {_first(names)}" if names else f"an empty {name}"
    return _with_article(name)


def _with_article(name: str) -> str:
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _first(words: list[str]) -> str:
    more = f" … ({len(words)} in all)" if len(words) > _NAMES_SHOWN else ""
    return f"{', '.join(words[:_NAMES_SHOWN])}{more}"


def _key_in_words(key: Any) -> str:
    if type(key) is str:
        return plain_text(repr(key[:_NAME_LIMIT]), _NAME_LIMIT)
    return _with_article(_type_name(key))


def _type_name(value: Any) -> str:
    if isinstance(value, jax.Array):
        return "jax.Array"
    return plain_text(type(value).__name__, _NAME_LIMIT)
