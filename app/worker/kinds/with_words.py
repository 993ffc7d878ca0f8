"""What JSON cannot say, as words: results of proofs and mutants have infinite distances."""

import math
from typing import Any

import msgspec


def to_json_values(value: Any) -> Any:
    """Return what JSON can say of a struct: an infinite number as a word, which `float` reads."""
    return _with_words(msgspec.to_builtins(value))


def _with_words(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_words(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_with_words(entry) for entry in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
