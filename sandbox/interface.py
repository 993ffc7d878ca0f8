"""What a sandbox is asked and what it answers: values only, no mechanism.

A run loads one source text and makes calls into it, in order, in one process that is used once.
Whatever the code does is a `RunResult`; only a sandbox that cannot work raises.
"""

import enum
from collections.abc import Callable
from typing import Annotated, Protocol

import msgspec

from sandbox.arrays import Value, WireArray, without_values
from sandbox.limits import Limits

# Reports come from hostile processes, so whoever decodes one holds it to these; `inside/` cuts to them.
_Name = Annotated[str, msgspec.Meta(max_length=400)]
_Text = Annotated[str, msgspec.Meta(max_length=8000)]


class SandboxError(Exception):
    """The sandbox itself failed; never the fault of the code that it ran."""


class SandboxUnavailable(SandboxError):
    """This host lacks what the sandbox is built from."""


class Starved(SandboxError):
    """The machine was too busy: a run waited for a processor for too long, and nothing is known of it."""


class CallMode(enum.StrEnum):
    """How a call is made, as far as the sandbox itself asks; every module of `inside/call` is a mode, too."""

    PLAIN = "plain"
    """As a user would make it."""
    JIT = "jit"
    """The whole call as one program of `jax.jit`, array arguments traced."""
    UNOPTIMISED = "unoptimised"
    """The same with XLA's optimisations off."""
    DOUBLE = "double"
    """In float64 wherever it depends on the array arguments; parameters drawn from a seed stay."""
    BFLOAT16 = "bfloat16"
    """The same in bfloat16; the answer is widened again."""


FOR_PROOFS = frozenset((CallMode.JIT, CallMode.UNOPTIMISED, CallMode.DOUBLE, CallMode.BFLOAT16))
"""How the code that a problem is made of is called to prove the problem; never a learner's."""


class ParameterDraw(msgspec.Struct, frozen=True, kw_only=True):
    """How the parameters are drawn whose path matches `path`, in which `*` stands for anything."""

    path: _Name
    mean: float = 0.0
    std: float


class ModuleUse(msgspec.Struct, frozen=True, kw_only=True):
    """Look into the `nnx.Module` class of this name when the call constructs it.

    With `std`, every `nnx.Param` is replaced right after construction by
    `numpy.random.default_rng([seed, crc32(path)]).normal(0, std, shape)`, so that two solutions with the
    same parameter paths compute with the same numbers, whatever order they created them in. The first of
    `draws` that matches a path says its mean and standard deviation instead.
    """

    class_name: str
    seed: int = 0
    std: float | None = None
    draws: tuple[ParameterDraw, ...] = ()
    keys: dict[_Name, _Name] = {}
    """By path, in hex, the random key that a parameter is made of; for the call mode `first_keys`."""
    inputs: tuple[int, ...] = ()
    """Which of the call's arguments an instance is called with, by call modes that look beyond the entry."""


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """A place on the way through a module: the first input or the output of the submodule at `path`."""

    name: _Name
    path: _Name
    is_input: bool = False


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call of `function` by position: with floats, keys, or arrays that arrive as `jax.Array`."""

    function: str
    arguments: tuple[Value, ...]
    module: ModuleUse | None = None
    is_hidden: bool = False
    """What is printed from this call on is thrown away: it could tell of the call's arguments."""
    program: int = 0
    """Which text the function is of: 0 for `RunRequest.code`, n for the n-th of `more_code`."""
    mode: str = CallMode.PLAIN
    """How it is made: a `CallMode`, or the name of a module of `inside/call`."""
    stages: tuple[Stage, ...] = ()
    """What to record on the way through the module that `module` names."""
    unseen: tuple[int, ...] = ()
    """Which arguments are handed over only when the call was traced on their shapes.

    For the modes that trace, and then run what was traced without the code that it came from.
    """

    def without_values(self) -> "Call":
        """Return the call as it is traced."""
        arguments = tuple(
            without_values(value) if place in self.unseen else value
            for place, value in enumerate(self.arguments)
        )
        return msgspec.structs.replace(self, arguments=arguments)


class Structure(enum.StrEnum):
    """The container of an answer's arrays."""

    ARRAY = "array"
    TUPLE = "tuple"
    DICT = "dict"


class Outputs(msgspec.Struct, frozen=True, kw_only=True):
    """The arrays that a call should return: one, or several by name, in order or by key.

    `dtypes` is what nested lists of Python numbers become, one an output; arrays keep their own.
    """

    structure: Structure = Structure.ARRAY
    names: tuple[_Name, ...] = ("",)
    dtypes: tuple[_Name, ...] = ("float32",)


Arrays = Annotated[dict[_Name, WireArray], msgspec.Meta(max_length=10_000)]
"""The arrays of an answer by name, in order; a single one has the empty name.

Where a hostile process sends a name twice, the last one counts.
"""


_READ_WHEN_JAX_STARTS = ("XLA_FLAGS", "num_cpu_devices")
"""The words of a text by which it may say how JAX shall start."""


class RunRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One run of untrusted code."""

    code: str
    parameters: tuple[str, ...]
    """Parameter names of `calls`' function in order: its signature is checked before the first call."""
    calls: tuple[Call, ...]
    outputs: Outputs = Outputs()
    forbidden: tuple[str, ...] = ()
    """Dotted names that the code may not use."""
    more_code: tuple[str, ...] = ()
    """Further texts, each a module of its own in the same process; only for code that trusts each other."""

    cache_key: str = ""
    """Names the compilation cache's compartment, as lower-case hexadecimal; empty for none."""

    @property
    def may_start_jax_otherwise(self) -> bool:
        """Whether a text may set what JAX reads when it starts, as the number of devices, and never again."""
        texts = (self.code, *self.more_code)
        return any(name in text for text in texts for name in _READ_WHEN_JAX_STARTS)


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One array found in a module: where, what it is, and its spread at construction."""

    path: _Name
    kind: _Name
    """The type's name: `Param`, or another kind of variable, or `array` for a bare one."""
    shape: Annotated[tuple[int, ...], msgspec.Meta(max_length=64)]
    dtype: _Name
    mean: float
    std: float
    also_at: Annotated[tuple[_Name, ...], msgspec.Meta(max_length=64)] = ()
    """Further paths that lead to the same object."""


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One traceback entry in the submitted code; `line` is 1-based."""

    line: int
    function: _Name
    text: _Text


class Raised(msgspec.Struct, frozen=True, kw_only=True):
    """An exception that left the submitted code, outermost frame first."""

    type: _Name
    message: _Text
    frames: Annotated[tuple[Frame, ...], msgspec.Meta(max_length=20)]
    is_process_limit: bool = False
    """It is how the system says that no further process or thread may start."""
    nearest: _Name = ""
    """A name that is there and looks like the one that was not found."""


class Refusal(enum.StrEnum):
    """Why code was not called at all."""

    SYNTAX_ERROR = "syntax_error"
    FORBIDDEN_NAME = "forbidden_name"
    IMPORT_RAISED = "import_raised"
    MISSING_FUNCTION = "missing_function"
    BAD_SIGNATURE = "bad_signature"


class Loaded(msgspec.Struct, frozen=True, kw_only=True, tag="loaded"):
    """How loading went; `refusal` is None where the code can be called."""

    refusal: Refusal | None = None
    message: _Text = ""
    line: int | None = None
    raised: Raised | None = None
    notes: Annotated[tuple[_Text, ...], msgspec.Meta(max_length=16)] = ()
    """What was noticed in the text itself; never a reason to refuse it."""


class DrawnKey(msgspec.Struct, frozen=True, kw_only=True):
    """A random key that was drawn while a module was built: a hint, as all that a child says.

    Keys are their words in hex, or a hash of these where they are many.
    """

    key: _Name
    base: _Name
    """The key that the stream itself was made of."""
    source: int
    """Which stream gave it, counted as they were met."""
    path: _Name = ""
    """The parameter that was made of it; empty where it is not known, or none."""
    owner: _Name = ""
    """The layer of Flax that drew it, such as `Dropout`; empty where submitted code did."""
    line: int | None = None


class ForbiddenUse(msgspec.Struct, frozen=True, kw_only=True):
    """A forbidden name that was used, and the line of the submitted code that did."""

    name: _Name
    line: int | None = None

    @property
    def in_words(self) -> str:
        """Say why the code is refused."""
        return f"this exercise asks you to build {self.name} yourself, so it may not be used"


class Traced(msgspec.Struct, frozen=True, kw_only=True, tag="traced"):
    """A call was traced on shapes, or could not be, and waits for its values."""

    index: int


class CallResult(msgspec.Struct, frozen=True, kw_only=True, tag="call"):
    """The result of one call: arrays, or an exception, or an answer that is no array."""

    index: int
    wall_seconds: float
    arrays: Arrays = {}
    """What was returned; empty where it was not what is asked for."""
    raised: Raised | None = None
    not_an_array: _Text = ""
    """The returned object in words, where it was not what is asked for."""
    at_output: _Name = ""
    """Which of several outputs `not_an_array` is about; empty where it is about what should hold them."""
    parameters: Annotated[tuple[Parameter, ...], msgspec.Meta(max_length=100_000)] | None = None
    """What the module held, where `Call.module` asked; None where no such class was constructed."""
    built_instead: Annotated[tuple[_Name, ...], msgspec.Meta(max_length=8)] = ()
    """The names of the code's other modules that were constructed then, outermost first."""
    notes: Annotated[tuple[_Text, ...], msgspec.Meta(max_length=8)] = ()
    stages: Annotated[dict[_Name, WireArray], msgspec.Meta(max_length=1_000)] = {}
    """What was recorded of `Call.stages`, in the order in which it was reached."""
    forbidden: ForbiddenUse | None = None
    drawn_keys: Annotated[tuple[DrawnKey, ...], msgspec.Meta(max_length=10_000)] | None = None
    """In the call mode `first_keys`, what was drawn, in order; None where some of it was out of sight."""


class Finished(msgspec.Struct, frozen=True, kw_only=True, tag="finished"):
    """The last frame of a run that went to its end."""

    wall_seconds: float


class Prewarmed(msgspec.Struct, frozen=True, kw_only=True, tag="prewarmed"):
    """A child has been pre-warmed and waits."""


Report = Loaded | Traced | CallResult | Finished | Prewarmed


class Ending(enum.StrEnum):
    """How the process of a run ended."""

    FINISHED = "finished"
    TIME_LIMIT = "time_limit"
    MEMORY_LIMIT = "memory_limit"
    OUTPUT_LIMIT = "output_limit"
    PROCESS_LIMIT = "process_limit"
    CRASHED = "crashed"
    VIOLATION = "violation"


class RunResult(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a run gave. `calls` holds those that ended, in order; the rest never did."""

    ending: Ending
    message: str
    """One sentence that names the limit or the signal; empty where the run finished."""
    line: int | None = None
    """Where the code was when it hit a limit, 1-based: a hint, which the code itself may have made up."""
    loaded: Loaded | None
    calls: tuple[CallResult, ...]
    stdout: str
    stderr: str
    wall_seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    compile_seconds: float = 0.0
    """How much of `cpu_seconds` went into compiling; a hint, from the code itself."""
    starved_seconds: float = 0.0
    """Wall time in which it waited for a processor that others had."""


def ignore_report(_: Report) -> None:
    """Do nothing, for callers who only want the result."""


class Sandbox(Protocol):
    """Runs untrusted code, each time in a process that nothing else shares."""

    async def run(
        self, request: RunRequest, *, limits: Limits, on_report: Callable[[Report], None] = ignore_report
    ) -> RunResult:
        """Run untrusted code once; crashes and time-outs are results.

        `on_report` is given each step as it happens.

        Raises:
            Starved: the machine was too busy for it.
            SandboxError: the jail itself could not start or broke.
        """
        ...

    async def run_warm(
        self,
        key: str,
        request: RunRequest,
        *,
        limits: Limits,
        on_report: Callable[[Report], None] = ignore_report,
    ) -> RunResult | None:
        """Run in a child that has pre-warmed for `key` and waits; None where there is none.

        What it pre-warmed may have changed its process, so a failure in it proves nothing.

        Raises:
            SandboxError: the jail broke.
        """
        ...

    def prewarm(self, key: str, request: RunRequest, *, limits: Limits) -> None:
        """Have a child pre-warmed on `request` once nothing else runs, and wait for `run_warm`.

        The calls' arguments should be made up: `key` names whose code may have seen them.
        """
        ...

    def waits_for(self, key: str) -> bool:
        """Return whether `run_warm` would find a child for `key`."""
        ...

    @property
    def waiting_pids(self) -> list[int]:
        """The host's process ids of all children that have pre-warmed and wait."""
        ...

    def environment(self) -> dict[str, str]:
        """Return versions and settings that a result depends on."""
        ...
