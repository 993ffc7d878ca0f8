"""A module's parameters against the reference's: what is missing, extra, misshapen or not a parameter."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from app.grading.compare.tree_patterns import recognise, starred
from app.grading.phrases import words_for
from sandbox.interface import Parameter

_DEEPEST = 12
"""Names of a path that are looked at: reports come from hostile processes."""
_OTHERS = 1_000
"""Parameters that are looked at where nothing is asked for: a report may have a hundred times as many."""
_SHOWN = 3
_NO_WORDS: Mapping[str, str] = {}
_FEW = 64
"""Below this many numbers an estimated spread says little."""


def same_tree(
    one: Sequence[Parameter], other: Sequence[Parameter], asked_for: Sequence[Parameter] = ()
) -> bool:
    """Return whether paths, kinds, shapes and dtypes agree; initial values aside.

    What is no `nnx.Param`, at a path where nothing is `asked_for`, is the code's own affair.
    """
    paths = {parameter.path for parameter in _asked_for(asked_for)}
    ours, theirs = (
        [_identity(found) for found in tree if found.kind == "Param" or found.path in paths]
        for tree in (one, other)
    )
    return ours == theirs


def tree_differences(
    given: Sequence[Parameter], wanted: Sequence[Parameter], words: Mapping[str, str] = _NO_WORDS
) -> str:
    """Say how `given` differs from the reference's `wanted`; empty where it does not.

    `words` are the statement's own, by path; see `words_for`.
    """
    found = list(_differences(given, _asked_for(wanted), words))
    if not found:
        return ""
    rest = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return "; ".join(found[:_SHOWN]) + rest


def _asked_for(wanted: Sequence[Parameter]) -> list[Parameter]:
    """Leave out the reference's bare arrays: it may keep a constant where another solution computes it."""
    return [parameter for parameter in wanted if parameter.kind != "array"]


def _identity(parameter: Parameter) -> tuple[str, str, tuple[int, ...], str]:
    return parameter.path, parameter.kind, parameter.shape, parameter.dtype


def _differences(
    given: Sequence[Parameter], wanted: Sequence[Parameter], words: Mapping[str, str]
) -> Iterator[str]:
    asked = {parameter.path: parameter for parameter in wanted}
    habits = recognise({parameter.path: parameter for parameter in _looked_at(given, asked)}, asked)
    yield from habits.sentences
    found = habits.given
    missing = [path for path in asked if path not in found and path not in habits.explained]
    extra = [path for path, one in found.items() if path not in asked and one.kind == "Param"]
    alone = dict(_whole_modules(missing, asked))
    reported = {
        path: list(_difference(found[path], parameter))
        for path, parameter in asked.items()
        if path in found and path not in habits.explained
    }
    sayings = [
        *((place, f"`{place}` is missing", words_for(first, words)) for place, first in alone.items()),
        *((path, one, words_for(path, words)) for path, all_of_it in reported.items() for one in all_of_it),
    ]
    order = {path: place for place, path in enumerate(asked)}
    sayings.sort(key=lambda one: order[alone.get(one[0], one[0])])
    yield from _once_for_all(sayings, asked)
    yield from _once_for_all(
        [(place, f"`{place}` is not asked for", "") for place, _ in _whole_modules(extra, found)], found
    )


def _looked_at(given: Sequence[Parameter], asked: Mapping[str, Parameter]) -> Sequence[Parameter]:
    """Return what is where something is asked for, and so many others, those that may not be there first."""
    others = [parameter for parameter in given if parameter.path not in asked]
    if len(others) <= _OTHERS:
        return given
    others.sort(key=lambda parameter: parameter.kind != "Param")
    left_out = {id(parameter) for parameter in others[_OTHERS:]}
    return [parameter for parameter in given if id(parameter) not in left_out]


def _whole_modules(paths: Sequence[str], tree: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the largest modules of `tree` all of whose parameters are among `paths`, else single paths.

    Each with the first path that it stands for.
    """
    held = Counter(prefix for path in tree for prefix in _prefixes(path))
    among = Counter(prefix for path in paths for prefix in _prefixes(path))
    seen = set()
    for path in paths:
        whole = next((one for one in _prefixes(path) if held[one] == among[one] > 1), path)
        if whole not in seen:
            seen.add(whole)
            yield whole, path


def _prefixes(path: str) -> list[str]:
    names = path.split(".")[:_DEEPEST]
    return [".".join(names[:end]) for end in range(1, len(names))]


def _once_for_all(sayings: Sequence[tuple[str, str, str]], tree: Iterable[str]) -> Iterator[str]:
    """Say once, with a `*`, what holds for a place in every one of a list's modules."""
    everywhere: dict[str, set[str]] = {}
    for path in tree:
        for place in (*_prefixes(path), path):
            everywhere.setdefault(starred(place), set()).add(place)
    alike = Counter((starred(place), text.replace(place, "*")) for place, text, _ in sayings)
    seen = set()
    for place, text, said in sayings:
        whole = starred(place)
        count = alike[whole, text.replace(place, "*")]
        if count > 1 and count == len(everywhere.get(whole, ())):
            text = text.replace(f"`{place}`", f"`{whole}`")
        if text not in seen:
            seen.add(text)
            yield f"{text} ({said})" if said else text


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
