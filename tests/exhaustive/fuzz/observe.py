"""What can be seen of a program's run: bits, types, exceptions, warnings, printed and logged lines.

Runs in a process that has JAX; what it returns is made of lists and texts, to be compared as they are.
"""

import contextlib
import hashlib
import io
import logging
import traceback
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jax.experimental import sparse

from tests.exhaustive.steady import steady

Seen = list[Any]

_FILE = "program"
_FIRST_NUMBERS = 4


def run_program(steps: Sequence[str], seed: int, shapes: dict[str, tuple[int, ...]]) -> list[Seen]:
    """Run the steps in order, in one namespace; return what was seen of each."""
    libraries = {"jax": jax, "jnp": jnp, "np": np, "nnx": nnx, "optax": optax, "sparse": sparse}
    namespace: dict[str, Any] = {**libraries, **_inputs(seed, shapes)}
    return [_run_step(number, step, namespace) for number, step in enumerate(steps)]


def _inputs(seed: int, shapes: dict[str, tuple[int, ...]]) -> dict[str, Any]:
    numbers = np.random.default_rng(seed)
    return {
        name: jnp.asarray(numbers.normal(size=shape).astype(np.float32)) for name, shape in shapes.items()
    }


def _run_step(number: int, step: str, namespace: dict[str, Any]) -> Seen:
    namespace["out"] = None
    raised: Seen | None = None
    file = f"{_FILE} {number}"
    with _listening() as noted:
        try:
            exec(compile(step, file, "exec"), namespace)  # noqa: S102 - made by us
            result = describe(namespace["out"])
        except BaseException as error:
            result, raised = None, _describe_error(error)
        with contextlib.suppress(BaseException):  # What a callback raised has been seen, or is not told.
            jax.effects_barrier()
    # A later step that takes the result of one that failed takes what there is in its place.
    namespace[f"out{number}"] = namespace["any1"] if raised else namespace["out"]
    return [result, raised, *noted]


@contextlib.contextmanager
def _listening() -> Iterator[list[Seen]]:
    """Yield a list that has, at the end, what was warned of, printed to either stream, and logged."""
    noted: list[Seen] = []
    out, err, log = io.StringIO(), io.StringIO(), _Log()
    logging.getLogger("jax").addHandler(log)
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                yield noted
    finally:
        logging.getLogger("jax").removeHandler(log)
    noted.append([[w.category.__name__, steady(str(w.message)), *_place(w)] for w in warned])
    noted.append([steady(out.getvalue()), steady(err.getvalue())])
    noted.append(log.lines)


class _Log(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: Seen = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append([record.name, record.levelname, steady(record.getMessage())])


def _place(warned: warnings.WarningMessage) -> tuple[str, int]:
    """Say where a warning points to: a line of the program, or some file."""
    return Path(warned.filename).name, warned.lineno


def _describe_error(error: BaseException) -> Seen:
    frames = traceback.extract_tb(error.__traceback__)
    own = [[frame.filename, frame.lineno, frame.name] for frame in frames if frame.filename.startswith(_FILE)]
    notes = [steady(note) for note in getattr(error, "__notes__", [])]
    return [type(error).__module__, type(error).__qualname__, steady(str(error)), notes, own]


def describe(value: Any) -> Any:
    """Return all that tells a value from another one: types, shapes, bits, where it lies."""
    match value:
        case jax.core.Tracer():
            return ["tracer", type(value).__name__, steady(str(value.aval))]
        case jax.Array():
            return _describe_array(value)
        case np.ndarray() | np.generic():
            return ["numpy", type(value).__name__, *_bits(value)]
        case nnx.Variable():
            return [type(value).__qualname__, sorted(value.get_metadata()), describe(value.get_value())]
        case nnx.Module():
            held = [[str(path), describe(leaf)] for path, leaf in nnx.to_flat_state(nnx.state(value))]
            return [type(value).__qualname__, steady(repr(nnx.graphdef(value))), held]
        case dict():
            return ["dict", [[repr(key), describe(item)] for key, item in value.items()]]
        case list() | tuple():
            return [type(value).__qualname__, *map(describe, value)]
    leaves, structure = jax.tree.flatten(value)
    if leaves and leaves[0] is not value:
        return [type(value).__qualname__, steady(str(structure)), *map(describe, leaves)]
    return [type(value).__qualname__, steady(repr(value))]


def _describe_array(array: jax.Array) -> Seen:
    if jnp.issubdtype(array.dtype, jax.dtypes.prng_key):
        return ["key", str(array.dtype), describe(jax.random.key_data(array))]
    if array.is_deleted():
        return ["deleted", str(array.dtype), array.shape]
    sharding = array.sharding
    placed = [array.committed, type(sharding).__name__, str(sharding.memory_kind)]
    return [type(array).__name__, array.weak_type, placed, *_bits(np.asarray(array))]


def _bits(array: "np.ndarray[Any, Any] | np.generic") -> Seen:
    whole = np.asarray(array)
    digest = hashlib.sha256(whole.tobytes()).hexdigest()[:16] if whole.dtype != object else "objects"
    return [str(whole.dtype), list(whole.shape), digest, steady(str(whole.reshape(-1)[:_FIRST_NUMBERS]))]
