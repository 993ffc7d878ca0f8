"""The one habit behind many differing parameters: modules elsewhere, stacked, shared, or of other parts."""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from app.grading.phrases import names_words
from sandbox.interface import Parameter

_LOOKED_AT = 500
"""Reports come from hostile processes, and each parameter is held against others."""
_MOST_PAIRS = 60_000
_MOST_RANKED = 100
_MOST_MOVES = 4
_ENOUGH = 3
"""From so many parameters on, a move need not explain all that stands there."""
_NUMBER = re.compile(r"\d+$")
_OF_LINEAR = {"kernel", "bias"}
_OF_MULTI_HEAD_ATTENTION = {"query", "key", "value", "out"}

Names = tuple[str, ...]
"""A path's names, in order."""


class Habits(msgspec.Struct, frozen=True, kw_only=True):
    """What was recognised: a sentence a habit, and what is left to be told of single parameters."""

    sentences: tuple[str, ...]
    given: Mapping[str, Parameter]
    """Parameters that are not explained away, by the paths that they are meant for."""
    explained: frozenset[str]
    """Wanted paths of which nothing more need be said."""


class _Move(msgspec.Struct, frozen=True, kw_only=True):
    """What stands below `given` is wanted below `wanted`; numbers are `*` in both."""

    given: Names
    wanted: Names
    shifts: tuple[int, ...]
    """How much larger each number is in the given path."""


_Pairs = dict[str, str]
"""Wanted paths, each with the given one."""


def recognise(given: Mapping[str, Parameter], wanted: Mapping[str, Parameter]) -> Habits:
    """Look for what explains many differences at once, in the parameters by path."""
    if len(given) > 4 * _LOOKED_AT:
        return Habits(sentences=(), given=given, explained=frozenset())
    left, explained, sentences = dict(given), set[str](), list[str]()
    for sentence, paths in _shared(left, wanted):
        sentences.append(sentence)
        explained |= paths
    for sentence, pairs in _stacked(left, wanted, explained):
        sentences.append(sentence)
        explained |= {path for paths in pairs.values() for path in paths}
        for path in pairs:
            left.pop(path, None)
    for _ in range(_MOST_MOVES):
        missing = [one for path, one in wanted.items() if path not in left and path not in explained]
        moved = _best_move(missing, _extra(left, wanted))
        if moved is None:
            break
        move, pairs_of_move = moved
        sentences.append(_move_words(move, pairs_of_move, wanted))
        left = _moved(move, pairs_of_move, left, wanted)
    asked_for = {path: one for path, one in left.items() if path in wanted or one.kind == "Param"}
    for sentence, gone, paths in _other_parts(asked_for, wanted, explained):
        sentences.append(sentence)
        explained |= paths
        for path in gone:
            left.pop(path, None)
    sentence, paths = _in_more_axes(left, wanted)
    if sentence:
        sentences.append(sentence)
        explained |= paths
    return Habits(sentences=tuple(sentences), given=left, explained=frozenset(explained))


def starred(path: str) -> str:
    """Write `*` for a list's indices in a path: `blocks.*.ln1.scale`."""
    return ".".join("*" if name.isdigit() else name for name in path.split("."))


def _star(names: Names) -> Names:
    return tuple(_NUMBER.sub("*", name) for name in names)


def _numbers(names: Names) -> list[int]:
    return [int(found.group()[-9:]) for name in names if (found := _NUMBER.search(name))]


def _extra(given: Mapping[str, Parameter], wanted: Mapping[str, Parameter]) -> list[Parameter]:
    return [one for path, one in given.items() if path not in wanted and one.kind == "Param"]


def _shared(
    given: Mapping[str, Parameter], wanted: Mapping[str, Parameter]
) -> Iterator[tuple[str, set[str]]]:
    """Find missing parameters that are there, but are one object with another one."""
    groups: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for one in given.values():
        for other in one.also_at:
            if other in wanted and other not in given:
                first, again = _ends_cut(one.path, other)
                groups[first][again].add(other)
    alike: dict[tuple[str, Names], list[str]] = defaultdict(list)
    for first, others in groups.items():
        alike[starred(first), tuple(sorted(map(starred, others)))].append(first)
    for (shape, _), firsts in alike.items():
        others = groups[firsts[0]]
        first, names = firsts[0], sorted(others)
        if len(firsts) > 1:
            first, names = shape, sorted(set(map(starred, others)))
        sentence = (
            f"{names_words(names)} {'is' if len(others) == 1 else 'are'} the very same object as `{first}`: "
            f"one that is used {len(others) + 1} times, where each is to have parameters of its own"
        )
        yield sentence, {path for one in firsts for paths in groups[one].values() for path in paths}


def _in_more_axes(given: Mapping[str, Parameter], wanted: Mapping[str, Parameter]) -> tuple[str, set[str]]:
    """Find modules of which the same numbers are asked for in fewer axes."""
    paths = [
        path
        for path, one in wanted.items()
        if path in given
        and given[path].kind == one.kind
        and path.rpartition(".")[2] in _OF_LINEAR
        and len(given[path].shape) > len(one.shape)
        and math.prod(given[path].shape) == math.prod(one.shape)
    ]
    if not paths:
        return "", set()
    modules = list(dict.fromkeys(starred(path.rpartition(".")[0]) for path in paths))
    example = max(paths, key=lambda path: len(wanted[path].shape))
    sentence = (
        f"{names_words(modules)} {'holds' if len(modules) == 1 else 'hold'} as many numbers as are asked "
        f"for, but in more axes, as an `nnx.LinearGeneral` does: `{starred(example)}` has shape "
        f"{given[example].shape}, {wanted[example].shape} is asked for"
    )
    return sentence, set(paths)


def _ends_cut(one: str, other: str) -> tuple[str, str]:
    """Cut two paths' common end: `blocks.0` and `blocks.1`."""
    ours, theirs = tuple(one.split(".")), tuple(other.split("."))
    same = _same_end(ours, theirs)
    same = min(same, len(ours) - 1, len(theirs) - 1)
    return ".".join(ours[: len(ours) - same]), ".".join(theirs[: len(theirs) - same])


def _same_end(one: Names, other: Names) -> int:
    same = 0
    for ours, theirs in zip(reversed(one), reversed(other), strict=False):
        if ours != theirs:
            break
        same += 1
    return same


def _same_start(one: Names, other: Names) -> int:
    """Count the names in which both begin, less than all of them."""
    start = 0
    while start < min(len(one), len(other)) - 1 and one[start] == other[start]:
        start += 1
    return start


def _stacked(
    given: Mapping[str, Parameter], wanted: Mapping[str, Parameter], explained: set[str]
) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """Find parameters that hold those of all modules of a list along a first axis."""
    # By the list's path: what each of its modules holds, by the path from there on, as index → shape.
    lists: dict[Names, dict[Names, dict[str, tuple[int, ...]]]] = defaultdict(lambda: defaultdict(dict))
    for path, one in wanted.items():
        names = tuple(path.split("."))
        for place, name in enumerate(names[:-1]):
            if name.isdigit() and path not in given and path not in explained:
                lists[names[:place]][names[place + 1 :]][name] = one.shape
    extra = {path: one.shape for path, one in given.items() if path not in wanted}
    for head, parts in lists.items():
        found: dict[Names, dict[str, list[str]]] = defaultdict(dict)
        for path, shape in list(extra.items())[:_LOOKED_AT]:
            names = tuple(path.split("."))
            for cut in range(len(names)):
                indices = parts.get(names[cut:])
                if indices and all(shape == (len(indices), *one) for one in indices.values()):
                    whole = [".".join((*head, index, *names[cut:])) for index in indices]
                    found[names[:cut]][path] = whole
        for start, pairs in found.items():
            if 2 * len(pairs) > len(parts) or len(pairs) >= _ENOUGH:
                yield _stacked_words(start, head, parts), pairs
                break


def _stacked_words(place: Names, head: Names, parts: Mapping[Names, Mapping[str, tuple[int, ...]]]) -> str:
    indices = sorted({index for held in parts.values() for index in held}, key=int)
    count = "both" if len(indices) == 2 else f"all {len(indices)}"
    where = f"`{'.'.join(place)}` holds" if place else "your module holds"
    wanted = names_words([".".join((*head, index)) for index in indices])
    return (
        f"{where} the parameters of {count} in arrays with one more axis in front, as `nnx.vmap` "
        f"or `nnx.scan` makes them; the statement wants {wanted}, each with its own: an `nnx.List`"
    )


def _best_move(missing: Sequence[Parameter], extra: Sequence[Parameter]) -> tuple[_Move, _Pairs] | None:
    """Return the move that explains most; none that fits as well as another."""
    moves = _moves(missing[:_LOOKED_AT], extra[:_LOOKED_AT])
    ranked = sorted(moves.items(), key=lambda item: (-len(item[1]), sum(map(abs, item[0].shifts))))
    ranked = ranked[:_MOST_RANKED]
    for move, pairs in ranked:
        rivals = [
            other
            for rival, other in ranked
            if rival is not move
            and len(other) >= len(pairs)
            and sum(map(abs, rival.shifts)) <= sum(map(abs, move.shifts))
            and (other.keys() & pairs.keys() or set(other.values()) & set(pairs.values()))
        ]
        if not rivals and _explains_enough(move, pairs, missing, extra):
            return move, pairs
    return None


def _moves(missing: Sequence[Parameter], extra: Sequence[Parameter]) -> dict[_Move, _Pairs]:
    alike: dict[tuple[str, tuple[int, ...], str], list[Names]] = defaultdict(list)
    for one in extra:
        alike[one.kind, one.shape, one.dtype].append(tuple(one.path.split(".")))
    moves: dict[_Move, _Pairs] = defaultdict(dict)
    looked_at = 0
    for one in missing:
        wanted = tuple(one.path.split("."))
        for given in alike[one.kind, one.shape, one.dtype]:
            looked_at += 1
            if looked_at > _MOST_PAIRS:
                return moves
            if move := _move(given, wanted):
                moves[move].setdefault(one.path, ".".join(given))
    return moves


def _move(given: Names, wanted: Names) -> _Move | None:
    """Return by what both paths differ at their beginning; None where only the last names may be meant."""
    same = _same_end(given, wanted)
    if same == 0 and (len(given) != len(wanted) or given[:-1] != wanted[:-1]):
        return None
    if (start := _same_start(given, wanted)) and given[start - len(wanted) :] == wanted[start:]:
        # The same place inside of a module more, whose own index there is not the list's.
        ours, theirs = wanted[:start], given[: len(given) - len(wanted) + start]
        kept = _star(ours)
        return _Move(given=(*kept, *theirs[start:]), wanted=kept, shifts=(0,) * len(_numbers(ours)))
    ours, theirs = wanted[: len(wanted) - same], given[: len(given) - same]
    numbers = _numbers(theirs), _numbers(ours)
    if len(numbers[0]) != len(numbers[1]):
        return _Move(given=theirs, wanted=ours, shifts=())
    shifts = tuple(there - here for there, here in zip(*numbers, strict=True))
    return _Move(given=_star(theirs), wanted=_star(ours), shifts=shifts)


def _explains_enough(
    move: _Move, pairs: _Pairs, missing: Sequence[Parameter], extra: Sequence[Parameter]
) -> bool:
    wanted = [one.path for one in missing if _is_below(move.wanted, one.path)]
    given = [one.path for one in extra if _is_below(move.given, one.path)]
    if len(pairs) == len(wanted) == len(given):
        return True
    return len(pairs) >= _ENOUGH and 2 * len(pairs) >= len(wanted)


def _is_below(prefix: Names, path: str) -> bool:
    names = tuple(path.split("."))[: len(prefix)]
    return len(names) == len(prefix) and all(
        asked in (name, starred_name)
        for asked, name, starred_name in zip(prefix, names, _star(names), strict=True)
    )


def _moved(
    move: _Move, pairs: _Pairs, given: Mapping[str, Parameter], wanted: Mapping[str, Parameter]
) -> dict[str, Parameter]:
    """Put all that stands where the move begins, of other names too, where it is wanted."""
    begins: dict[Names, list[str]] = {}
    for path, before in pairs.items():
        ours, theirs = path.split("."), before.split(".")
        begins[tuple(theirs[: len(move.given)])] = ours[: len(move.wanted)]
    paths = {before: path for path, before in pairs.items()}
    # What the statement wants inside of where it stands: the others that stand there are no part of that.
    is_further_in = move.wanted[: len(move.given)] == move.given
    for path in () if is_further_in else given:
        names = tuple(path.split("."))
        if path not in paths and path not in wanted and names[: len(move.given)] in begins:
            paths[path] = ".".join((*begins[names[: len(move.given)]], *names[len(move.given) :]))
    return {
        paths.get(path, path): msgspec.structs.replace(one, path=paths.get(path, path))
        for path, one in given.items()
    }


def _move_words(move: _Move, pairs: _Pairs, wanted_paths: Iterable[str]) -> str:
    if _is_of_parts(move, pairs, wanted_paths):
        theirs, ours = (
            list(dict.fromkeys(map(starred, one))) for one in zip(*_parts(move, pairs), strict=True)
        )
        verb = "is" if len(theirs) == 1 else "are"
        return f"{names_words(theirs)} {verb} what the statement wants at {names_words(ours)}"
    places = list(dict.fromkeys(_places(pairs)))
    differing = [names for names in zip(move.given, move.wanted, strict=False) if names[0] != names[1]]
    if len(move.given) == len(move.wanted) and len(differing) == 1:
        given, wanted = ".".join(move.given), ".".join(move.wanted)
        if len(places) == 1 and "*" in given + wanted:
            [(given, wanted)] = places
        shapes = "shapes" if any(path.count(".") >= len(move.wanted) for path in pairs) else "shape"
        return (
            f"`{given}` is not asked for; `{wanted}` is missing: "
            f"same {shapes}, so it may only be named differently"
        )
    theirs, ours = (list(dict.fromkeys(one)) for one in zip(*places, strict=True))
    is_listed = ours[0].split(".")[-1].isdigit() and not theirs[0].startswith(f"{ours[0]}.")
    return (
        f"{names_words(theirs, shown=4)} {'is' if len(theirs) == 1 else 'are'} what the statement wants at "
        f"{names_words(ours, shown=4)}{': in an `nnx.List`' if is_listed else ''}"
    )


def _is_of_parts(move: _Move, pairs: _Pairs, wanted: Iterable[str]) -> bool:
    """Say whether one place lies inside the other, and only some of a module's parts are meant for there."""
    shorter = min(len(move.given), len(move.wanted))
    if move.given[:shorter] != move.wanted[:shorter] or all(
        ours.split(".")[-1].isdigit() for _, ours in _parts(move, pairs)
    ):
        return False
    if not move.wanted or len(move.given) < len(move.wanted):
        return True
    return any(path not in pairs and _is_below(move.wanted, path) for path in wanted)


def _parts(move: _Move, pairs: _Pairs) -> Iterator[tuple[str, str]]:
    """Yield the given and the wanted path of each part that a move takes along."""
    for path, before in pairs.items():
        theirs, ours = before.split(".")[: len(move.given) + 1], path.split(".")[: len(move.wanted) + 1]
        yield ".".join(theirs), ".".join(ours)


def _places(pairs: _Pairs) -> Iterator[tuple[str, str]]:
    """Yield the given and the wanted place of each pair, up to where a list's number ends."""
    for path, before in pairs.items():
        wanted, given = tuple(path.split(".")), tuple(before.split("."))
        same = _same_end(given, wanted)
        same = same - 1 if same and wanted[len(wanted) - same].isdigit() else same
        yield ".".join(given[: len(given) - same]), ".".join(wanted[: len(wanted) - same])


def _other_parts(
    given: Mapping[str, Parameter], wanted: Mapping[str, Parameter], explained: set[str]
) -> Iterator[tuple[str, set[str], set[str]]]:
    """Find modules that hold other parts than are wanted there."""
    parts = [_by_parent(paths) for paths in (given, wanted)]
    alike: dict[tuple[Names, Names, Names], list[Names]] = defaultdict(list)
    for parent in parts[1].keys() & parts[0].keys():
        if not parent or not explained.isdisjoint(_below(parent, wanted)):
            continue
        here, there = parts[0][parent], parts[1][parent]
        if (extra := here - there) and (missing := there - here) and len(extra) + len(missing) > 2:
            alike[_star(parent), tuple(sorted(extra)), tuple(sorted(missing))].append(parent)
    for (parent, extra_names, missing_names), parents in sorted(alike.items()):
        where = ".".join(parent if len(parents) > 1 else parents[0])
        kind = " as an `nnx.MultiHeadAttention` does" if set(extra_names) == _OF_MULTI_HEAD_ATTENTION else ""
        sentence = (
            f"`{where}` holds {names_words(list(extra_names))}{kind and f',{kind}'}; "
            f"the statement wants {names_words(list(missing_names))} there"
        )
        gone, lacking = set[str](), set[str]()
        for one in parents:
            gone |= {path for name in extra_names for path in _below((*one, name), given)}
            lacking |= {path for name in missing_names for path in _below((*one, name), wanted)}
        yield sentence, gone, lacking


def _by_parent(paths: Iterable[str]) -> dict[Names, set[str]]:
    held: dict[Names, set[str]] = defaultdict(set)
    for path in paths:
        names = tuple(path.split("."))[:12]
        for place, name in enumerate(names):
            held[names[:place]].add(name)
    return held


def _below(prefix: Names, paths: Iterable[str]) -> list[str]:
    return [path for path in paths if tuple(path.split("."))[: len(prefix)] == prefix]
