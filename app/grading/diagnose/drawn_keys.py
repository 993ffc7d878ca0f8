"""The random keys that parameters are made of, against the reference's: what is drawn otherwise, by what."""

import re
from collections.abc import Iterator, Sequence

import msgspec

from app.grading.phrases import names_words
from sandbox.interface import DrawnKey

ORDER = "creation_order"
_LAYER = re.compile(r"[A-Z][A-Za-z0-9]{0,40}")
_PATH = re.compile(r"\w[\w.]{0,120}")
"""Words from a jail are told only where they can be a class of Flax, or a parameter's path."""


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """Why parameters start from other keys: one word for it, a sentence, and the submitted line."""

    id: str
    message: str
    line: int | None = None


def other_keys(given: Sequence[DrawnKey], wanted: Sequence[DrawnKey]) -> Cause:
    """Name what makes the keys of `given` others than those of `wanted`, the reference's.

    What is said of the order holds where the same keys are drawn, each once, and only go to other
    parameters. Where several things differ at once, none is blamed.
    """
    return (
        _reused(given, wanted) or _of_another_stream(given, wanted) or _in_sequence(given, wanted) or _UNNAMED
    )


_UNNAMED = Cause(
    id="other_keys",
    message="With the task's random keys handed in every answer agrees: your parameters are made of other "
    "keys, as where more or fewer are drawn, or in another order.",
)


def _reused(given: Sequence[DrawnKey], wanted: Sequence[DrawnKey]) -> Cause | None:
    """Find two parameters that are made of one key."""
    asked = {draw.path for draw in wanted if draw.path}
    first: dict[str, DrawnKey] = {}
    for draw in given:
        if draw.path not in asked:
            continue
        other = first.setdefault(draw.key, draw)
        if other is draw:
            continue
        pair = names_words([other.path, draw.path])
        if other.source != draw.source and other.base == draw.base:
            why = "a new `nnx.Rngs` of one seed begins with the same keys again. Make one, and pass it on"
        else:
            why = "each needs one of its own, which the next call of `rngs.params()` gives"
        return Cause(
            id="key_reuse", message=f"{pair} are made of the same random key: {why}.", line=draw.line
        )
    return None


def _of_another_stream(given: Sequence[DrawnKey], wanted: Sequence[DrawnKey]) -> Cause | None:
    """Find the first parameter whose key another stream gives than the reference's."""
    bases = {draw.path: draw.base for draw in wanted if draw.path}
    found = next((draw for draw in given if draw.path in bases and draw.base != bases[draw.path]), None)
    if found is None:
        return None
    how = "made of another key or seed"
    if any(draw.key == found.base for draw in given):
        how = "made of a key that the first stream gave"
    message = (
        f"`{found.path}` takes its random key from another stream than the task's: from one that is {how}. "
        "The task makes `nnx.Rngs` of the seed alone, once, and every layer draws from that."
    )
    return Cause(id="other_stream", message=message, line=found.line)


def _in_sequence(given: Sequence[DrawnKey], wanted: Sequence[DrawnKey]) -> Cause | None:
    """Compare what one stream gives, in order: more, fewer, or the same in another order."""
    asked = [draw.path for draw in wanted if draw.path]
    drawn = [draw.path for draw in given if draw.path in asked]
    if len({draw.base for draw in (*given, *wanted)}) != 1 or len(set(drawn)) != len(drawn):
        return None
    extra = [draw for draw in _up_to_the_last(given, asked) if draw.path not in asked]
    reference_extra = [draw for draw in _up_to_the_last(wanted, asked) if draw.path not in asked]
    if reference_extra:
        return None
    if drawn == asked:
        return _additional(given, extra[0], asked) if extra else None
    if extra:
        return None
    if sorted(drawn) == sorted(asked):
        return _order(drawn, asked)
    if drawn == [path for path in asked if path in set(drawn)]:
        lacking = [path for path in asked if path not in set(drawn)]
        return _missing(lacking, asked)
    return None


def _up_to_the_last(draws: Sequence[DrawnKey], asked: Sequence[str]) -> Iterator[DrawnKey]:
    """Yield the draws up to the last one that a parameter is made of; later ones change nothing."""
    last = max((place for place, draw in enumerate(draws) if draw.path in asked), default=-1)
    yield from draws[: last + 1]


def _additional(given: Sequence[DrawnKey], extra: DrawnKey, asked: Sequence[str]) -> Cause:
    place = list(given).index(extra)
    after = next(draw.path for draw in given[place:] if draw.path in asked)
    if _PATH.fullmatch(extra.path):
        by = f"for `{extra.path}`, which the task makes without one"
    elif _LAYER.fullmatch(extra.owner):
        by = f"by `nnx.{extra.owner}`"
    else:
        by = "and no parameter is made of it"
    message = (
        f"One random key more is drawn than in the task, in front of that of `{after}`: {by}. So every "
        "parameter from there on starts from other values; with the task's keys handed in all answers agree."
    )
    return Cause(id="additional_key", message=message, line=extra.line)


def _missing(lacking: list[str], asked: Sequence[str]) -> Cause | None:
    later = asked[asked.index(lacking[0]) + 1 :]
    after = next((path for path in later if path not in lacking), None)
    if after is None:
        return None
    message = (
        f"No random key is drawn for {names_words(lacking)}, where the task's layer draws one, though its "
        f"first value does not depend on it. So `{after}` and what comes after it start from other values."
    )
    return Cause(id="missing_key", message=message)


def _order(drawn: Sequence[str], asked: Sequence[str]) -> Cause:
    yours, theirs = next(pair for pair in zip(drawn, asked, strict=True) if pair[0] != pair[1])
    message = (
        "Only the order differs in which parameters are created: with the task's random keys handed in, and "
        f"with the same parameters, every answer agrees. You create `{yours}` where the task creates "
        f"`{theirs}`, so the same seed gives them other values."
    )
    return Cause(id=ORDER, message=message)
