"""A module's parameters against the reference's: what is missing, extra, misshapen or not a parameter."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from app.grading.phrases import words_for
from sandbox.interface import Parameter

_LOOKED_AT = 500
"""Reports come from hostile processes, and every one is held against every other."""
_SHOWN = 3
_NO_WORDS: Mapping[str, str] = {}
_FEW = 64
"""Below this many numbers an estimated spread says little."""


class _Renamed(msgspec.Struct, frozen=True, kw_only=True):
    """`given` stands where `wanted` should: paths of a parameter, or of a submodule with all it holds."""

    given: str
    wanted: str
    paths: Mapping[str, str]
    """The wanted paths that this explains, each with the given one."""

    @property
    def is_module(self) -> bool:
        return any(path != self.wanted for path in self.paths)


def same_tree(one: Sequence[Parameter], other: Sequence[Parameter]) -> bool:
    """Return whether paths, kinds, shapes and dtypes agree; initial values aside."""
    return [_identity(parameter) for parameter in one] == [_identity(parameter) for parameter in other]


def tree_differences(
    given: Sequence[Parameter], wanted: Sequence[Parameter], words: Mapping[str, str] = _NO_WORDS
) -> str:
    """Say how `given` differs from the reference's `wanted`; empty where it does not.

    `words` are the statement's own, by path; see `words_for`.
    """
    found = list(_differences(given, wanted, words))
    if not found:
        return ""
    rest = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return "; ".join(found[:_SHOWN]) + rest


def _identity(parameter: Parameter) -> tuple[str, str, tuple[int, ...], str]:
    return parameter.path, parameter.kind, parameter.shape, parameter.dtype


def _differences(
    given: Sequence[Parameter], wanted: Sequence[Parameter], words: Mapping[str, str]
) -> Iterator[str]:
    found = {parameter.path: parameter for parameter in given}
    asked = {parameter.path: parameter for parameter in wanted}
    missing = [parameter for path, parameter in asked.items() if path not in found]
    extra = [
        parameter for path, parameter in found.items() if path not in asked and parameter.kind == "Param"
    ]
    others = _renamed(missing, extra)
    explained = {path for other in others for pair in other.paths.items() for path in pair}
    for other in others:
        shapes = "shapes" if other.is_module else "shape"
        yield (
            f"`{other.given}` is not asked for; `{other.wanted}` is missing: "
            f"same {shapes}, so it may only be named differently"
        )
    for path, parameter in asked.items():
        if path not in found:
            reported = [] if path in explained else [f"`{path}` is missing"]
        else:
            reported = list(_difference(found[path], parameter))
        said = words_for(path, words)
        yield from (f"{difference} ({said})" if said else difference for difference in reported)
    yield from (
        f"`{parameter.path}` is not asked for" for parameter in extra if parameter.path not in explained
    )


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
    """Name another initialiser by its spread: exactly for constants, roughly for random values."""
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


def _renamed(missing: Sequence[Parameter], extra: Sequence[Parameter]) -> tuple[_Renamed, ...]:
    """Find where one name of a path differs and all else of a parameter is the same; not what fits twice."""
    missing, extra = missing[:_LOOKED_AT], extra[:_LOOKED_AT]
    pairs: dict[tuple[str, str], dict[str, str]] = {}
    for parameter in missing:
        for found in extra:
            if names := _differing_names(found, parameter):
                pairs.setdefault(names, {})[parameter.path] = found.path
    givens = Counter(given for given, _ in pairs)
    wanteds = Counter(wanted for _, wanted in pairs)
    return tuple(
        _Renamed(given=given, wanted=wanted, paths=paths)
        for (given, wanted), paths in pairs.items()
        if givens[given] == 1
        and wanteds[wanted] == 1
        and set(paths) == set(_below(wanted, missing))
        and set(paths.values()) == set(_below(given, extra))
    )


def _differing_names(given: Parameter, wanted: Parameter) -> tuple[str, str] | None:
    """Return both paths up to the only name in which they differ."""
    if (given.kind, given.shape, given.dtype) != (wanted.kind, wanted.shape, wanted.dtype):
        return None
    ours, theirs = wanted.path.split("."), given.path.split(".")
    if len(ours) != len(theirs):
        return None
    differing = [index for index, names in enumerate(zip(ours, theirs, strict=True)) if names[0] != names[1]]
    if len(differing) != 1:
        return None
    end = differing[0] + 1
    return ".".join(theirs[:end]), ".".join(ours[:end])


def _below(prefix: str, parameters: Sequence[Parameter]) -> Iterator[str]:
    for parameter in parameters:
        if parameter.path == prefix or parameter.path.startswith(f"{prefix}."):
            yield parameter.path
