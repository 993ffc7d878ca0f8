"""Sizes that a problem promises to be multiples of others: that they are there, and hold of every case."""

from collections.abc import Iterator, Mapping

from app.catalog.rules.typed_faults import Fault
from app.core.generators import size_named
from app.core.problem import Case, Entry


def multiple_faults(entry: Entry, cases: Mapping[int, Case]) -> Iterator[Fault]:
    """Yield why `entry.multiples` cannot be kept to."""
    for size, of in entry.multiples.items():
        place = ("entry", "multiples", size)
        unknown = [
            name
            for name in (size, of)
            if any(size_named(name, case.arguments) is None for case in cases.values())
        ]
        if unknown:
            way_out = "name a parameter that is a number, or a side of an array, as in `image.0`"
            yield place, f"{unknown[0]!r} is no size in every case: {way_out}"
        else:
            yield from _broken(place, size, of, cases)


def _broken(place: tuple[str, str, str], size: str, of: str, cases: Mapping[int, Case]) -> Iterator[Fault]:
    for index, case in cases.items():
        given, wanted = size_named(size, case.arguments), size_named(of, case.arguments)
        assert given is not None
        assert wanted is not None
        if wanted <= 0 or given % wanted:
            yield place, f"{size} is {given:g} in cases[{index}], which is no multiple of {of}, {wanted:g}"
