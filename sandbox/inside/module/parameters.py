"""The arrays that an `nnx.Module` holds: by path, in words, and as numbers to hand in."""

import fnmatch
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from flax import nnx
from numpy.typing import NDArray

from sandbox.inside.submitted_text import plain_text
from sandbox.interface import Parameter, ParameterDraw

_PATH_LIMIT = 4_000
_ALSO_LIMIT = 64
_LEAVES = (nnx.Variable, jax.Array, np.ndarray)


def leaves(instance: nnx.Module) -> Iterator[tuple[str, Any]]:
    """Yield every variable and bare array by its path; what two paths share comes once."""
    for count, (path, node) in enumerate(nnx.iter_graph(instance)):
        if count > _PATH_LIMIT * 20:
            return
        if isinstance(node, _LEAVES) and not isinstance(node, nnx.RngState):
            yield ".".join(map(str, path)), node


def trainable(instance: nnx.Module) -> Iterator[tuple[str, nnx.Param[Any]]]:
    """Yield every `nnx.Param` by its path."""
    for path, node in leaves(instance):
        if isinstance(node, nnx.Param):
            yield path, node


def other_paths(instance: nnx.Module) -> dict[str, str]:
    """Return the paths at which an object stands again that `leaves` met before, each with its first one."""
    first: dict[int, str] = {}
    modules: list[tuple[str, Any]] = []
    for count, (path, node) in enumerate(nnx.iter_graph(instance)):
        if count > _PATH_LIMIT * 20:
            break
        if isinstance(node, nnx.Pytree | nnx.Variable):
            first[id(node)] = ".".join(map(str, path))
            if isinstance(node, nnx.Pytree):
                modules.append((first[id(node)], node))
    again: dict[str, str] = {}
    for place, module in modules:
        for name, value in vars(module).items():
            here = f"{place}.{name}" if place else name
            if first.get(id(value), here) != here:
                again[here] = first[id(value)]
    return again


def describe(found: Iterable[tuple[str, Any]], again: Mapping[str, str]) -> Iterator[Parameter]:
    """Describe these `leaves` for a report, with their `other_paths`."""
    for path, node in found:
        is_variable = isinstance(node, nnx.Variable)
        value: Any = node.get_value() if is_variable else node
        spread = _spread(value)
        yield Parameter(
            path=plain_text(path, 200),
            kind=("Param" if isinstance(node, nnx.Param) else plain_text(type(node).__name__, 80))
            if is_variable
            else "array",
            shape=tuple(int(side) for side in np.shape(value)),
            dtype=str(getattr(value, "dtype", type(value).__name__)),
            mean=spread[0],
            std=spread[1],
            also_at=tuple(_also_at(path, again))[:_ALSO_LIMIT],
        )


def _also_at(path: str, again: Mapping[str, str]) -> Iterator[str]:
    for other, first in again.items():
        if path == first or path.startswith(f"{first}."):
            yield plain_text(other + path[len(first) :], 200)


def draw(
    path: str, shape: tuple[int, ...], *, seed: int, std: float, draws: Sequence[ParameterDraw] = ()
) -> NDArray[np.float32]:
    """Draw the values that every solution gets at `path`: they depend on nothing else.

    The first of `draws` whose pattern matches `path` takes the place of mean 0 and `std`.
    """
    rng = np.random.default_rng([seed, zlib.crc32(path.encode())])
    own = next((one for one in draws if fnmatch.fnmatchcase(path, one.path)), None)
    mean, std = (0.0, std) if own is None else (own.mean, own.std)
    return rng.normal(mean, std, shape).astype(np.float32)


def put(variable: nnx.Variable[Any], value: Any) -> None:
    """Replace a value, also of a variable that was made inside another transformation.

    Flax refuses the latter, lest a traced value leaks; whoever does it here takes the value back in time.
    """
    if variable._can_update:  # noqa: SLF001 - there is no public way to ask
        variable.set_value(value)
    else:
        object.__setattr__(variable, "_raw_value", value)


def _spread(value: Any) -> tuple[float, float]:
    """Compute mean and standard deviation; NaN for values that a transformation is tracing."""
    if isinstance(value, jax.core.Tracer):
        return float("nan"), float("nan")
    plain = np.asarray(value, dtype=np.float64).ravel()
    if not plain.size:
        return 0.0, 0.0
    mean = plain.sum() / plain.size
    off = plain - mean
    return float(mean), float(np.sqrt(off.dot(off) / plain.size))
