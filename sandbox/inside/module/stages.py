"""Records what goes into and comes out of named submodules of the observed module, for one call."""

import contextlib
import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import ModuleType, TracebackType
from typing import Any

import jax
import numpy as np
from flax import nnx

from sandbox.arrays import BadArray, pack_array
from sandbox.inside.module.named_class import Constructions, NamedClass, ReplacedCalls
from sandbox.interface import Arrays, Call, Stage

_NODE_LIMIT = 100_000
_STAGE_LIMIT = 64
_BYTES_LIMIT = 8 << 20
_ARRAYS_LIMIT = 8
_DEPTH_LIMIT = 4


class StageRecorder:
    """While entered, the first value at each of the call's stages is kept; `arrays` gives them afterwards.

    Of several arrays at one stage, as in a tuple, the second is kept as `name[1]`, and so on.

    Submodules are told apart by identity. A transformation such as `nnx.jit` makes a copy of the module, so
    identities are taken anew whenever an instance of the observed class is called. Compiled code passes no
    values through Python: `has_missed` says that some were out of sight, and a recorder that is made with
    `eager` switches compilation off, which takes several times as long. What stays out of sight all the
    same, as under `jax.vmap`, is left out. Without stages nothing is touched at all.
    """

    def __init__(self, call: Call, module: ModuleType, *, eager: bool = False) -> None:
        self._stages: Sequence[Stage] = call.stages[:_STAGE_LIMIT]
        self._named = NamedClass(module, call.module.class_name) if call.module and self._stages else None
        self._constructions: Constructions | None = None
        self._eager = jax.disable_jit() if eager else contextlib.nullcontext()
        self._paths: dict[int, str] = {}
        self._known: list[Any] = []  # As long as these live, nothing else has their identities.
        self._running: set[int] = set()
        self._calls = ReplacedCalls()
        self._reached: set[str] = set()
        self._values: dict[str, Any] = {}
        self._bytes = 0

    def __enter__(self) -> None:
        if self._named is None:
            return
        # Only here, where what the submitted code raises is its own.
        for owner in list(self._named.alive()):
            self._wrap(owner)
        self._eager.__enter__()
        # Nothing is recorded of a construction, so that it may be compiled.
        self._constructions = Constructions(self._named, self._learn, lambda: jax.disable_jit(False))
        self._constructions.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        if self._constructions is None:
            return
        self._constructions.__exit__(kind, error, tb)
        self._calls.restore()
        self._eager.__exit__(kind, error, tb)

    @property
    def has_missed(self) -> bool:
        """Whether the module has a stage of which no value was seen, or was not seen itself."""
        if self._named is None:
            return False
        there = set(self._paths.values())
        missed = any(stage.path in there and stage.name not in self._values for stage in self._stages)
        return missed or (not there and self._named.exists)

    @property
    def arrays(self) -> Arrays:
        """What was recorded, by the stages' names, in the order in which it was reached."""
        made: Arrays = {}
        for name, value in self._values.items():
            try:
                made[name] = pack_array(np.asarray(value))
            except (BadArray, TypeError, ValueError, RuntimeError):
                continue  # A deleted buffer, or an array of something else than numbers.
        return made

    def _learn(self, root: Any) -> None:
        self._wrap(type(root))
        wanted = {stage.path for stage in self._stages}
        for count, (path, node) in enumerate(nnx.iter_graph(root)):
            if count > _NODE_LIMIT:
                return
            name = ".".join(map(str, path))
            if name in wanted and isinstance(node, nnx.Module):
                self._paths[id(node)] = name
                self._known.append(node)
                self._wrap(type(node))

    def _wrap(self, owner: type) -> None:
        if owner in self._calls or not hasattr(owner, "__call__"):  # noqa: B004 - wrapped, not asked
            return
        original: Any = owner.__call__

        @functools.wraps(original)
        def recorded(instance: Any, *args: Any, **kwargs: Any) -> Any:
            return self._called(instance, functools.partial(original, instance), args, kwargs)

        self._calls.replace(owner, recorded)

    def _called(
        self, instance: Any, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        # A call to the same method of a superclass is a part of this one.
        if id(instance) in self._running:
            return original(*args, **kwargs)
        if id(instance) not in self._paths and self._named and self._named.is_meant(type(instance)):
            self._learn(instance)
        path = self._paths.get(id(instance))
        self._running.add(id(instance))
        try:
            if path is not None:
                self._keep(path, (args, kwargs), is_input=True)
            result = original(*args, **kwargs)
            if path is not None:
                self._keep(path, result, is_input=False)
            return result
        finally:
            self._running.discard(id(instance))

    def _keep(self, path: str, value: Any, *, is_input: bool) -> None:
        for stage in self._stages:
            if (stage.path, stage.is_input) != (path, is_input) or stage.name in self._reached:
                continue
            self._reached.add(stage.name)  # The first call decides, even where its value is out of sight.
            for place, array in enumerate(itertools.islice(_arrays_in(value), _ARRAYS_LIMIT)):
                if isinstance(array, jax.core.Tracer) or self._bytes + array.nbytes > _BYTES_LIMIT:
                    continue
                self._bytes += array.nbytes
                name = f"{stage.name}[{place}]" if place else stage.name
                self._values[name] = array.copy() if type(array) is np.ndarray else array


def _arrays_in(value: Any, depth: int = 0) -> Iterator[Any]:
    """Yield the arrays of what goes into or comes out of a module, also of tuples, lists and dictionaries."""
    if isinstance(value, jax.Array) or type(value) is np.ndarray:
        yield value
        return
    # By the built-in types' own methods, for a class of the text may have others.
    held: Iterable[Any] = ()
    if isinstance(value, tuple):
        held = tuple.__iter__(value)
    elif isinstance(value, list):
        held = list.__iter__(value)
    elif isinstance(value, dict):
        held = dict.values(value)
    if depth < _DEPTH_LIMIT:
        for one in held:
            yield from _arrays_in(one, depth + 1)
