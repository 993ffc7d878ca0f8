"""Looks into the submitted module class as it is constructed, and hands parameters in."""

import functools
import zlib
from collections.abc import Iterator
from types import ModuleType, TracebackType
from typing import Any

import jax
import numpy as np
from flax import nnx

from sandbox.inside.plain_text import plain_text
from sandbox.interface import ModuleUse, Parameter

_PATH_LIMIT = 4_000
# Bound here, because submitted code may put something else in its place.
_to_jax = jax.device_put


class Observer:
    """While entered, every instance of the named class is seen right after its `__init__`.

    `parameters` is what the first instance held; None while there was none.
    """

    def __init__(self, use: ModuleUse | None, module: ModuleType) -> None:
        self._use = use
        self._class: Any = module.__dict__.get(use.class_name) if use else None
        if not (isinstance(self._class, type) and issubclass(self._class, nnx.Module)):
            self._class = None
        self.parameters: tuple[Parameter, ...] | None = None

    def __enter__(self) -> None:
        if self._class is None:
            return
        original = self._class.__init__

        @functools.wraps(original)
        def observed(instance: Any, *args: Any, **kwargs: Any) -> None:
            original(instance, *args, **kwargs)
            if type(instance) is self._class:  # A subclass is seen once it is complete.
                self._seen(instance)

        self._original = original
        self._class.__init__ = observed

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        if self._class is not None:
            self._class.__init__ = self._original

    def _seen(self, instance: nnx.Module) -> None:
        assert self._use is not None
        if self.parameters is None:
            self.parameters = tuple(sorted(_describe(instance), key=lambda parameter: parameter.path))
        if self._use.std is not None:
            _hand_in(instance, self._use.seed, self._use.std)


def _leaves(instance: nnx.Module) -> Iterator[tuple[str, Any]]:
    for count, (path, node) in enumerate(nnx.iter_graph(instance)):
        if count > _PATH_LIMIT * 20:
            return
        if isinstance(node, nnx.Variable | jax.Array | np.ndarray) and not isinstance(node, nnx.RngState):
            yield ".".join(map(str, path)), node


def _describe(instance: nnx.Module) -> Iterator[Parameter]:
    for path, node in _leaves(instance):
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
        )


def _spread(value: Any) -> tuple[float, float]:
    """Mean and standard deviation; NaN for values that a transformation is tracing."""
    if isinstance(value, jax.core.Tracer):
        return float("nan"), float("nan")
    plain = np.asarray(value, dtype=np.float64)
    return (float(plain.mean()), float(plain.std())) if plain.size else (0.0, 0.0)


def _hand_in(instance: nnx.Module, seed: int, std: float) -> None:
    for path, node in _leaves(instance):
        if isinstance(node, nnx.Param):
            rng = np.random.default_rng([seed, zlib.crc32(path.encode())])
            drawn = rng.normal(0.0, std, np.shape(node.get_value())).astype(np.float32)
            node.set_value(_to_jax(drawn))
