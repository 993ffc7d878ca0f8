"""Parameters that are there under another name."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from sandbox.interface import Parameter

_LOOKED_AT = 500
"""Reports come from hostile processes, and every one is held against every other."""


class Renamed(msgspec.Struct, frozen=True, kw_only=True):
    """`given` stands where `wanted` should: paths of a parameter, or of a submodule with all it holds."""

    given: str
    wanted: str
    paths: Mapping[str, str]
    """The wanted paths that this explains, each with the given one."""

    @property
    def is_module(self) -> bool:
        return any(path != self.wanted for path in self.paths)


def renamed(missing: Sequence[Parameter], extra: Sequence[Parameter]) -> tuple[Renamed, ...]:
    """Where one name of a path differs and all else of a parameter is the same; not what fits twice."""
    missing, extra = missing[:_LOOKED_AT], extra[:_LOOKED_AT]
    pairs: dict[tuple[str, str], dict[str, str]] = {}
    for parameter in missing:
        for found in extra:
            if names := _differing_names(found, parameter):
                pairs.setdefault(names, {})[parameter.path] = found.path
    givens = Counter(given for given, _ in pairs)
    wanteds = Counter(wanted for _, wanted in pairs)
    return tuple(
        Renamed(given=given, wanted=wanted, paths=paths)
        for (given, wanted), paths in pairs.items()
        if givens[given] == 1
        and wanteds[wanted] == 1
        and set(paths) == set(_below(wanted, missing))
        and set(paths.values()) == set(_below(given, extra))
    )


def _differing_names(given: Parameter, wanted: Parameter) -> tuple[str, str] | None:
    """Both paths up to the only name in which they differ."""
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
