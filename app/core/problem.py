"""A problem: what is asked, on which inputs it is graded, and how closely.

The classes mirror `problem.toml` key by key; an unknown key is an error. Reading and checking
a whole package is `app.catalog.problem_folder`'s work.
"""

import re
from collections.abc import Mapping
from typing import Literal

import msgspec

from app.core.generators import Argument, expand_fresh
from app.core.outcome import Outcome
from app.core.probes.probe import Probe
from app.core.probes.table import AnyProbe
from app.core.tolerance import Tolerance
from app.core.verdict import Mode, Visibility

DEFAULT_DTYPE = "float32"
FRESH = "-fresh-"
"""What stands between a case's name and a number, where the case is drawn anew."""
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Output(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One array of an answer: a dictionary's key, or what a learner is told of a place in a tuple."""

    name: str
    dtype: str = DEFAULT_DTYPE


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The function that a learner writes; `parameters` in the order in which they are passed.

    It returns one array of `output_dtype`, or a tuple or a dictionary of `outputs`.
    """

    function: str
    parameters: tuple[str, ...]
    output_dtype: str = DEFAULT_DTYPE
    structure: Literal["array", "tuple", "dict"] = "array"
    outputs: tuple[Output, ...] = ()

    @property
    def named_outputs(self) -> tuple[Output, ...]:
        """The arrays that are returned, in order; a single one has the empty name."""
        return self.outputs or (Output(name="", dtype=self.output_dtype),)


class Attention(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a stage is computed from that holds the joined heads of softmax attention, (T, d_model).

    The names of three earlier stages, each (T, d_model), and of the entry's parameter that counts the heads.
    """

    queries: str
    keys: str
    values: str
    heads: str


class ModuleStage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The output of the submodule at `path`, such as `blocks.0`, or with `side = "input"` its input.

    `name` is what a learner is told: `patches`, `with_positions`, `block 1`.
    """

    name: str
    path: str
    side: Literal["input", "output"] = "output"
    any_rows: bool = False
    """A right solution may send only some of the rows through here, or more than are read afterwards."""
    attention: Attention | None = None
    """The value is joined heads, so that mistakes of attention can be told apart by their numbers."""


class ModuleClass(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `nnx.Module` that the statement names and that probes look into."""

    name: str
    inputs: tuple[str, ...] = ()
    """Which of the entry's parameters an instance is called with, in order: `model(image)`."""
    words: dict[str, str] = {}
    """By a parameter's path, what the statement says of it, for a learner whose own differs."""
    stages: tuple[ModuleStage, ...] = ()
    """Places on the way through the module, in order, where the statement fixes the attributes' names."""


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The resources that one run of a submission may use, all cases together.

    Seconds are those of a machine as these limits are written for; where another one grades, it takes as
    much longer or shorter. Processor time is the limit that is meant, `compile_seconds` of it besides for
    compiling; `wall_seconds` are a run's own, so waiting for a processor does not count, and a run that
    computes nothing for `idle_seconds` is ended long before.
    """

    wall_seconds: float = 180.0
    cpu_seconds: float = 40.0
    compile_seconds: float | None = None
    """As much as `cpu_seconds` where it is not given."""
    idle_seconds: float = 10.0
    memory_mb: int = 1024
    processes: int = 64
    output_kb: int = 64

    @property
    def seconds_to_compile(self) -> float:
        """The processor time that may go into compiling."""
        return self.cpu_seconds if self.compile_seconds is None else self.compile_seconds

    processors: int = 1
    """How many a host must have; one that has fewer does not offer the problem."""


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One input. With `fresh = N`, N more like it are drawn anew for every submission."""

    name: str
    visibility: Visibility
    arguments: dict[str, Argument]
    points: float = 1.0
    fresh: int = 0

    def __post_init__(self) -> None:
        _check_name(self.name)
        if not 0 <= self.fresh <= 8:
            raise ValueError("fresh must be from 0 to 8")
        if not 0 <= self.points <= 100:
            raise ValueError("points must be from 0 to 100")

    @property
    def fresh_names(self) -> list[str]:
        """The names of those that are drawn anew."""
        return [f"{self.name}{FRESH}{number}" for number in range(1, self.fresh + 1)]


class WrongVariant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The outcome that refuses `variants/<id>.py`; `fails` names cases and probes that it must fail."""

    outcome: Outcome
    fails: tuple[str, ...]


class AlsoRight(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The outcome of `also_right/<id>.py`: `accepted`, or `creation_order` where it is marked so."""

    outcome: Outcome = Outcome.ACCEPTED


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`problem.toml` as it stands."""

    id: str
    slug: str
    position: int
    title: str
    track: str
    summary: str
    entry: Entry
    cases: tuple[Case, ...]
    requires: tuple[str, ...] = ()
    module: ModuleClass | None = None
    probes: tuple[AnyProbe, ...] = ()
    tolerance: Tolerance = Tolerance()
    limits: Limits = Limits()
    forbidden: tuple[str, ...] = ()
    """Dotted names a solution may not use, such as `nnx.MultiHeadAttention`."""
    packages: tuple[str, ...] = ()
    """What its code imports beyond JAX, Flax, NumPy and Optax, by the names that `import` takes."""
    variants: dict[str, WrongVariant] = {}
    also_right: dict[str, AlsoRight] = {}

    def __post_init__(self) -> None:
        _check_name(self.slug)

    @property
    def replaced_cases(self) -> frozenset[str]:
        """The names of cases whose answer a probe judges in the reference's place."""
        return frozenset(probe.case for probe in self.probes if probe.replaces_case)


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One immutable version of a problem; `version` is the SHA-256 of its files."""

    version: str
    manifest: Manifest
    statement: str
    starter: str
    reference: str
    variants: Mapping[str, str]
    """Source of each runnable wrong solution by id; its docstring is what a learner is told."""
    also_right: Mapping[str, str]
    assets: Mapping[str, bytes]

    @property
    def slug(self) -> str:
        return self.manifest.slug

    def cases(self, mode: Mode, *, fresh_seed: int | None) -> tuple[Case, ...]:
        """Return the cases that `mode` grades, with fresh ones drawn from `fresh_seed`; None draws none."""
        chosen = []
        for case in self.manifest.cases:
            if mode is Mode.SUBMIT or case.visibility is Visibility.SAMPLE:
                chosen.append(case)
        if mode is Mode.SUBMIT and fresh_seed is not None:
            chosen.extend(self._fresh_cases(fresh_seed))
        return tuple(chosen)

    def probes(self, mode: Mode) -> tuple[Probe, ...]:
        """Return the probes that `mode` grades."""
        return tuple(
            p for p in self.manifest.probes if mode is Mode.SUBMIT or p.visibility is Visibility.SAMPLE
        )

    def case_named(self, name: str) -> Case:
        return next(case for case in self.manifest.cases if case.name == name)

    def _fresh_cases(self, fresh_seed: int) -> list[Case]:
        drawn = []
        for index, case in enumerate(self.manifest.cases):
            for repeat, name in enumerate(case.fresh_names):
                drawn.append(
                    msgspec.structs.replace(
                        case,
                        name=name,
                        visibility=Visibility.HIDDEN,
                        arguments=expand_fresh(case.arguments, (fresh_seed, index, repeat)),
                        fresh=0,
                    )
                )
        return drawn


class ProblemSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The current version of a problem as a list shows it, without what only its own page needs."""

    slug: str
    position: int
    title: str
    track: str
    summary: str
    requires: tuple[str, ...]
    version: str


class ProblemPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some problems of a list, by position."""

    problems: tuple[ProblemSummary, ...]
    next: str | None
    """The slug after which the list goes on; None at its end."""


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} must be lower-case words joined by hyphens")
