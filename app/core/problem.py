"""A problem: what is asked, on which inputs it is graded, and how closely.

The classes mirror `problem.toml` key by key; an unknown key is an error. Reading and checking
a whole package is `app.catalog.problem_folder`'s work.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from app.core.generators import Argument, expand_fresh, is_multiple, size_named
from app.core.outcome import Outcome
from app.core.probes.probe import Points, Probe
from app.core.probes.table import AnyProbe
from app.core.tolerance import Tolerance
from app.core.verdict import Mode, Visibility

DEFAULT_DTYPE = "float32"
FRESH = "-fresh-"
"""What stands between a case's name and a number, where the case is drawn anew."""
TITLE_LIMIT = 200
"""Characters of a title or a track."""
SUMMARY_LIMIT = 1000
POSITION_LIMIT = 999_999
_DAY = 86_400

HyphenedName = Annotated[
    str,
    msgspec.Meta(
        # In front of a line's end `$` holds as well.
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$(?!\n)",
        max_length=100,
        description="lower-case words joined by hyphens, such as 'causal-mask'",
    ),
]
Title = Annotated[str, msgspec.Meta(min_length=1, max_length=TITLE_LIMIT)]
Summary = Annotated[str, msgspec.Meta(min_length=1, max_length=SUMMARY_LIMIT)]
Position = Annotated[int, msgspec.Meta(ge=0, le=POSITION_LIMIT)]
Repeats = Annotated[int, msgspec.Meta(ge=0, le=8)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=_DAY)]
Megabytes = Annotated[int, msgspec.Meta(ge=16, le=1 << 20)]
Kilobytes = Annotated[int, msgspec.Meta(ge=1, le=10_240)]
Processes = Annotated[int, msgspec.Meta(ge=1, le=4096)]
Processors = Annotated[int, msgspec.Meta(ge=1, le=1024)]

RIGHT_OUTCOMES = (Outcome.ACCEPTED, Outcome.CREATION_ORDER)
"""How a right solution ends."""
WRONG_OUTCOMES = tuple(
    outcome
    for outcome in Outcome
    if outcome not in (Outcome.ACCEPTED, Outcome.PASSED, Outcome.CANCELLED, Outcome.INTERNAL_ERROR)
)
"""How a wrong one may be refused."""
WrongOutcome = Annotated[Outcome, msgspec.Meta(extra_json_schema={"enum": [*map(str, WRONG_OUTCOMES)]})]
RightOutcome = Annotated[Outcome, msgspec.Meta(extra_json_schema={"enum": [*map(str, RIGHT_OUTCOMES)]})]


class Output(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One array of an answer: a dictionary's key, or what a learner is told of a place in a tuple."""

    name: str
    """The dictionary's key, or the word for the place in the tuple."""
    dtype: str = DEFAULT_DTYPE
    """The exact dtype of the array."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The function that a learner writes; `parameters` in the order in which they are passed.

    It returns one array of `output_dtype`, or a tuple or a dictionary of `outputs`.
    """

    function: str
    """The name of the function, which the starter defines."""
    parameters: tuple[str, ...]
    """Its parameters, in the order in which they are passed; every case has an argument for each."""
    output_dtype: str = DEFAULT_DTYPE
    """The exact dtype of the answer, where it is a single array."""
    structure: Literal["array", "tuple", "dict"] = "array"
    """Whether the answer is one array, or a tuple or a dictionary of `outputs`."""
    outputs: tuple[Output, ...] = ()
    """The arrays of a tuple, in order, or of a dictionary."""
    multiples: dict[str, str] = {}
    """Sizes that are always multiples of others, as the statement promises: `d_model = "num_heads"`, and
    `"image.0" = "patch_size"` of the first side of an array. Inputs that are drawn keep to it."""

    def broken_multiples(self, arguments: Mapping[str, Argument]) -> tuple[str, ...]:
        """Return those keys of `multiples` that do not hold of these arguments."""
        return tuple(
            size
            for size, of in self.multiples.items()
            if not is_multiple(size_named(size, arguments), size_named(of, arguments))
        )

    @property
    def named_outputs(self) -> tuple[Output, ...]:
        """The arrays that are returned, in order; a single one has the empty name."""
        return self.outputs or (Output(name="", dtype=self.output_dtype),)


class Attention(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a stage is computed from that holds the joined heads of softmax attention, (T, d_model).

    The names of three earlier stages, each (T, d_model), and of the entry's parameter that counts the heads.
    """

    queries: str
    """The stage that holds the queries."""
    keys: str
    """The stage that holds the keys."""
    values: str
    """The stage that holds the values."""
    heads: str
    """The entry's parameter that counts the heads."""


class ModuleStage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The output of the submodule at `path`, such as `blocks.0`, or with `side = "input"` its input.

    `name` is what a learner is told: `patches`, `with_positions`, `block 1`.
    """

    name: str
    """What a learner is told the place is: `patches`, `with_positions`, `block 1`."""
    path: str
    """The submodule's path: attributes and numbers joined by dots, such as `blocks.0`."""
    side: Literal["input", "output"] = "output"
    """Whether its output is recorded, or its input."""
    any_rows: bool = False
    """A right solution may send only some of the rows through here, or more than are read afterwards."""
    attention: Attention | None = None
    """The value is joined heads, so that mistakes of attention can be told apart by their numbers."""


class ModuleClass(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `nnx.Module` that the statement names and that probes look into."""

    name: str
    """The name of the class, which the statement names."""
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

    wall_seconds: Seconds = 180.0
    """How long a run may take by the clock; waiting for a processor does not count."""
    cpu_seconds: Seconds = 40.0
    """How much processor time a run may take, apart from compiling."""
    compile_seconds: Seconds | None = None
    """How much processor time may go into compiling; as much as `cpu_seconds` where it is not given."""
    idle_seconds: Seconds = 10.0
    """How long a run may compute nothing."""
    memory_mb: Megabytes = 1024
    """How much memory a run may hold, in MB."""
    processes: Processes = 64
    """How many processes and threads a run may have at once."""
    output_kb: Kilobytes = 64
    """How much of what a run prints is kept, in KB."""

    @property
    def seconds_to_compile(self) -> float:
        """The processor time that may go into compiling."""
        return self.cpu_seconds if self.compile_seconds is None else self.compile_seconds

    processors: Processors = 1
    """How many a host must have; one that has fewer does not offer the problem."""


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One input. With `fresh = N`, N more like it are drawn anew for every submission."""

    name: HyphenedName
    """What verdicts call it."""
    visibility: Visibility
    """Whether Run takes it and its values are shown, or it is graded on Submit alone."""
    arguments: dict[str, Argument]
    """By the entry's parameters, what is passed: a number, or an array to make."""
    points: Points = 1.0
    """How much of the score it is, with its repeats and those drawn anew."""
    fresh: Repeats = 0
    """How many more like it are drawn anew for every submission."""

    @property
    def fresh_names(self) -> list[str]:
        """The names of those that are drawn anew."""
        return [f"{self.name}{FRESH}{number}" for number in range(1, self.fresh + 1)]


class WrongVariant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The outcome that refuses `variants/<id>.py`; `fails` names cases and probes that it must fail."""

    outcome: WrongOutcome
    """The outcome that refuses it; `accepted` and `passed` refuse nothing."""
    fails: tuple[str, ...]
    """The cases and probes that it must fail, by name; it must pass all others."""


class AlsoRight(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The outcome of `also_right/<id>.py`: `accepted`, or `creation_order` where it is marked so."""

    outcome: RightOutcome = Outcome.ACCEPTED
    """How it must end: `accepted`, or `creation_order` where only the order of its parameters differs."""


class Equivalent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The declaration that a mutant is no mistake: it answers right on whatever input there may be."""

    rests_on: str
    """The digest that `jaxercise mutate` prints; another reference, case or tolerance has another."""
    why: str
    """Why it is no mistake, in its author's words."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`problem.toml` as it stands."""

    id: str
    """A UUID, drawn once; the problem keeps it for ever, whatever else of it changes."""
    slug: HyphenedName
    """Its name in addresses and commands."""
    position: Position
    """Its place in the list; folders are called by it and the slug."""
    title: Title
    """Its name on pages."""
    track: Title
    """The group of the list that it belongs to."""
    summary: Summary
    """One sentence for the list."""
    entry: Entry
    """The function that a learner writes."""
    cases: tuple[Case, ...]
    """What it is graded on; at least one is a sample."""
    requires: tuple[str, ...] = ()
    """Slugs of problems to solve before."""
    module: ModuleClass | None = None
    """The `nnx.Module` that the statement names, where there is one."""
    probes: tuple[AnyProbe, ...] = ()
    """Checks beyond the answers."""
    tolerance: Tolerance = Tolerance()
    """How closely an answer must match."""
    limits: Limits = Limits()
    """What one run of a submission may use."""
    forbidden: tuple[str, ...] = ()
    """Dotted names a solution may not use, such as `nnx.MultiHeadAttention`."""
    packages: tuple[str, ...] = ()
    """What its code imports beyond JAX, Flax, NumPy and Optax, by the names that `import` takes."""
    variants: dict[str, WrongVariant] = {}
    """By the name of its file in `variants/`, how each wrong solution must end."""
    also_right: dict[str, AlsoRight] = {}
    """By the name of its file in `also_right/`, how a right solution ends that is not simply accepted."""
    equivalent: dict[str, Equivalent] = {}
    """By a mutant's id, that it is no mistake; see `jaxercise mutate`."""

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
