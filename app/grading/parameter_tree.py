"""A module's parameters against the reference's: what is missing, extra, misshapen or not a parameter."""

import math
from collections.abc import Iterator, Sequence

from sandbox.interface import Parameter

_SHOWN = 3
_FEW = 64
"""Below this many numbers an estimated spread says little."""


def same_tree(one: Sequence[Parameter], other: Sequence[Parameter]) -> bool:
    """Whether paths, kinds, shapes and dtypes agree; initial values aside."""
    return [_identity(parameter) for parameter in one] == [_identity(parameter) for parameter in other]


def tree_differences(given: Sequence[Parameter], wanted: Sequence[Parameter]) -> str:
    """In words, how `given` differs from the reference's `wanted`; empty where it does not."""
    found = list(_differences(given, wanted))
    if not found:
        return ""
    rest = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return "; ".join(found[:_SHOWN]) + rest


def _identity(parameter: Parameter) -> tuple[str, str, tuple[int, ...], str]:
    return parameter.path, parameter.kind, parameter.shape, parameter.dtype


def _differences(given: Sequence[Parameter], wanted: Sequence[Parameter]) -> Iterator[str]:
    found = {parameter.path: parameter for parameter in given}
    asked = {parameter.path: parameter for parameter in wanted}
    for path, parameter in asked.items():
        if path not in found:
            yield f"`{path}` is missing"
        else:
            yield from _difference(found[path], parameter)
    for path, parameter in found.items():
        if path not in asked and parameter.kind == "Param":
            yield f"`{path}` is not asked for"


def _difference(given: Parameter, wanted: Parameter) -> Iterator[str]:
    if given.kind != wanted.kind:
        kind = "a plain array" if given.kind == "array" else f"an `nnx.{given.kind}`"
        yield f"`{wanted.path}` is {kind}, it must be an `nnx.{wanted.kind}` to be trained"
    elif given.shape != wanted.shape:
        yield _shape_difference(given, wanted)
    elif given.dtype != wanted.dtype:
        yield f"`{wanted.path}` is {given.dtype}, {wanted.dtype} is asked for"
    elif message := _start_difference(given, wanted):
        yield message


def _shape_difference(given: Parameter, wanted: Parameter) -> str:
    if len(given.shape) == len(wanted.shape) and given.shape[1:] == wanted.shape[1:]:
        return f"`{wanted.path}` has {given.shape[0]} rows, {wanted.shape[0]} are needed"
    return f"`{wanted.path}` has shape {given.shape}, {wanted.shape} is asked for"


def _start_difference(given: Parameter, wanted: Parameter) -> str:
    """Another initialiser shows in the spread: exactly for constants, roughly for random values."""
    if math.isnan(given.std) or math.isnan(wanted.std):
        return ""
    if wanted.std == 0:
        if given.std != 0 or given.mean != wanted.mean:
            return f"`{wanted.path}` must start as all {wanted.mean:g}"
        return ""
    slack = 1.6 if math.prod(wanted.shape) >= _FEW else 4.0
    if not 1 / slack < given.std / wanted.std < slack:
        spreads = f"{given.std:.2g}, the asked-for initialiser gives {wanted.std:.2g}"
        return f"`{wanted.path}` starts with a spread of {spreads}"
    return ""
