"""What every probe has: keys in `problem.toml`, what they allow, and the call that it asks for.

A probe of the name NAME is three files and one line: `app/core/probes/NAME.py` with a `NameProbe`,
`sandbox/inside/call/NAME.py` if its call is not a plain one, `app/grading/check/NAME.py` with the check and
its words, and NAME in `table.py`.
"""

import enum
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import msgspec
import numpy as np

from app.core.generators import Key, SeedNumber, Spread, generate
from app.core.verdict import Visibility

if TYPE_CHECKING:
    from app.core.problem import Case, Manifest

Points = Annotated[float, msgspec.Meta(ge=0, le=100)]
"""Of a case or probe."""
PositiveSpread = Annotated[float, msgspec.Meta(gt=0)]
Fault = tuple[str | tuple[str, ...], str]
"""A key of the probe, or the way to one below it, and what is wrong there."""


class About(enum.Enum):
    """The part of a call that is judged, for whatever compares or explains it beyond its own check."""

    ANSWER = enum.auto()
    """The entry's answer to a plain call, against the reference's."""
    PARAMETERS = enum.auto()
    """The module's parameters alone, so that the call of the probe's case shows them too."""
    DERIVED = enum.auto()
    """Something derived from the answer, against the reference's or what is known of it."""
    ITSELF = enum.auto()
    """Several answers against each other, to the last bit."""


class Draw(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The normal distribution that some parameters are drawn from."""

    mean: float = 0.0
    """Their mean."""
    std: Spread
    """Their standard deviation."""


class ModuleLook(msgspec.Struct, frozen=True, kw_only=True):
    """The problem's module is looked into when the call builds it.

    With `std`, its parameters are replaced by path with `normal(0, std)` values drawn from `seed`, or as the
    first pattern of `draws` says that matches the path.
    """

    seed: int = 0
    std: float | None = None
    draws: Mapping[str, Draw] = {}


class Probe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """A check beyond the cases; a subclass is one kind of them, and its keys are that kind's keys."""

    name: str
    """What verdicts call it."""
    case: str
    """The case whose arguments the entry function is called with."""
    visibility: Visibility = Visibility.HIDDEN
    """Whether Run takes it too."""
    points: Points = 1.0
    """How much of the score it is."""

    call_mode: ClassVar[str] = "plain"
    """How the call is made: a module of `sandbox/inside/call`."""
    is_called_twice: ClassVar[bool] = False
    """Two ordinary calls answer it, so that code cannot tell them from a case's."""
    is_traced_first: ClassVar[bool] = False
    """The call is traced on the shapes of its arrays before it is handed their values."""
    about: ClassVar[About] = About.DERIVED
    replaces_case: ClassVar[bool] = False
    """The answer to `case` is judged here, and not compared with the reference's as well."""
    passes_stubs: ClassVar[bool] = False
    """Code that computes nothing can pass: its points count as far as the answers do."""
    scales_tolerance: ClassVar[bool] = False
    """The absolute tolerance is in units of the largest number that the reference gives."""

    @property
    def kind(self) -> str:
        tag = self.__struct_config__.tag
        assert isinstance(tag, str)
        return tag

    def look(self, *, has_module: bool) -> ModuleLook | None:
        """Say what is done with the problem's module, if it has one; None for nothing at all."""
        return None

    def reseeded(self, seed: int) -> Self:
        """Return the probe with other random numbers; itself where none are drawn."""
        return self

    def faults(self, manifest: "Manifest", case: "Case") -> Iterator[Fault]:
        """Yield what is wrong with the probe's keys in this problem; `case` is the one that it names."""
        yield from ()


class DrawingProbe(Probe, frozen=True, kw_only=True):
    """A probe that draws `normal(0, std)` values from `seed`.

    `draws` says otherwise for the parameters whose path matches one of its keys, in which `*` stands for
    anything; the first that matches counts. A stream of small numbers shows an epsilon, a bias around -3
    which GELU it is, keys with a large bias how precisely scores are computed.
    """

    seed: SeedNumber
    """What the numbers are drawn from."""
    std: PositiveSpread = 0.3
    """Their standard deviation."""
    draws: dict[str, Draw] = {}
    """By a pattern of paths, what those parameters are drawn from in its place; `*` stands for anything."""

    def reseeded(self, seed: int) -> Self:
        return msgspec.structs.replace(self, seed=seed)


def lacks_module(manifest: "Manifest") -> Iterator[Fault]:
    """Yield the fault of a probe that looks into a module where the problem names none."""
    if manifest.module is None:
        yield "kind", "this probe needs [module] with the name of the class that it looks into"


def array_arguments(case: "Case", dtypes: tuple[str, ...] = ()) -> list[str]:
    """Return the names of the arguments that are arrays of numbers, of any or of one of these dtypes."""
    made = {
        name: generate(argument) for name, argument in case.arguments.items() if not isinstance(argument, Key)
    }
    return [
        name
        for name, value in made.items()
        if isinstance(value, np.ndarray) and (not dtypes or value.dtype.name in dtypes)
    ]
