"""Compiled programs on disk, found by what was traced, so that a hit is never lowered.

JAX's own persistent cache stays behind it: what cannot be hashed, or is not here, goes on to it. A program
is stored only where it is all that lowering and compiling gave: no callback, nothing to keep alive, no
warning, no call of native code but such as the fork server has made ready. Whoever asks for a lowering gets
JAX's own, and what is compiled of it is compiled anew.
"""

import functools
import io
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import jax
import numpy as np
from jax._src import compilation_cache, compiler, pjit, stages
from jax._src.interpreters import pxla
from jax._src.lax import linalg
from jax._src.named_sharding import UNSPECIFIED
from jax._src.util import weakref_lru_cache
from jaxlib import lapack
from jaxlib.mlir import ir, passmanager

from sandbox.inside.jax_patches import jaxpr_hash
from sandbox.inside.jax_patches.plain_settings import PlainSettings
from sandbox.inside.jax_patches.program_files import ProgramFiles

# There is no public place between tracing and lowering.
_lower: Callable[..., Any] = pxla._cached_lowering_to_hlo  # noqa: SLF001
_compile: Callable[..., Any] = pxla._cached_compilation  # noqa: SLF001
_resolve: Callable[..., Any] = pjit._resolve_and_lower  # noqa: SLF001
_cache_key: Callable[..., Any] = compiler._get_cache_key  # noqa: SLF001
_MADE_READY = {name for name, *_ in lapack.registrations()["cpu"]} | {"mhlo.topk"}
"""Native code that stored programs may call: LAPACK's, and what the compiler replaces by its own."""


class StoredProgram:
    """Stands in the place of a lowered module; becomes one where somebody wants to look at it."""

    def __init__(self, executable: bytes, lower: Callable[[], Any]) -> None:
        self._executable = executable
        self._lower = lower
        self._loaded: tuple[tuple[Any, ...], Any] | None = None

    def load(self, key: tuple[Any, ...], deserialise: Callable[[bytes], Any]) -> Any:
        """Return the loaded program; JAX may ask again, and is given the same one.

        Raises:
            LookupError: it was loaded for another device or with other options.
        """
        if self._loaded is None:
            # The bytes are let go of: after that they would only lie in memory.
            self._loaded = key, deserialise(self._executable)
            self._executable = b""
        if self._loaded[0] != key:
            raise LookupError("loaded otherwise")
        return self._loaded[1]

    @functools.cached_property
    def module(self) -> Any:
        """The lowered module."""
        return self._lower()[0]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.module, name)


class ExecutableCache:
    """Stands before JAX's lowering and compilation."""

    def __init__(self, files: ProgramFiles) -> None:
        self._files = files
        self._settings = PlainSettings()
        # A child listens for itself to how long compiling takes.
        files.before_first_use = self._settings.hold
        self._options: dict[tuple[Any, ...], Any] = {}
        # A module is kept with its key, so that no other can be given the same id.
        self._to_write: dict[int, tuple[Any, str]] = {}
        self._asked_for: dict[int, Any] = {}
        self._here = threading.local()
        self._called: WeakSet[Any] = WeakSet()
        self._copies: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()

    def lower(self, closed: Any, *arguments: Any, **options: Any) -> tuple[Any, ...]:
        """Stand in for JAX's lowering: return the stored program, or a module as ever."""
        whole = functools.partial(_lower, closed, *arguments, **options)
        name = self._name(closed, arguments, options)
        if name is None:
            return whole()  # type: ignore[no-any-return]
        executable = self._files.read(name)
        if executable is not None:
            return StoredProgram(executable, whole), None, [], [], [], False, None
        if not self._files.is_writable:
            return whole()  # type: ignore[no-any-return]
        with _warnings_repeated() as warned:
            lowered: tuple[Any, ...] = whole()
        if not warned and _is_all(*lowered):
            self._to_write[id(lowered[0])] = (lowered[0], name)
        return lowered

    def lower_or_look(self, memoised: Callable[..., Any], *arguments: Any, **options: Any) -> tuple[Any, ...]:
        """Return what a call needs, `memoised` being `lower`, or what a lowering is asked for."""
        if not self._is_asked:
            return memoised(*arguments, **options)  # type: ignore[no-any-return]
        lowered: tuple[Any, ...] = _lower(*arguments, **options)
        self._asked_for[id(lowered[0])] = lowered[0]
        return lowered

    def traced_for(self, traced: Any) -> Any:
        """Return the traced program that JAX goes on with, by which it remembers what it made of it.

        Where a lowering is asked for, that is a copy, unless no call can have been served from a file.
        """
        if not self._is_asked:
            if self._files.is_open and not self._settings.is_watched:
                self._called.add(traced)
            return traced
        if traced not in self._called and self._settings.is_watched:
            return traced
        if traced not in self._copies:
            self._copies[traced] = traced.replace()
        return self._copies[traced]

    @property
    def _is_asked(self) -> bool:
        return getattr(self._here, "is_asked", False)

    @contextmanager
    def asked_for_lowering(self) -> Iterator[None]:
        """Have everything in this thread lowered by JAX itself while entered."""
        before, self._here.is_asked = self._is_asked, True
        try:
            yield
        finally:
            self._here.is_asked = before

    def compile(
        self,
        computation: Any,
        name: str,
        tuple_args: bool,
        to_inputs: Sequence[bool],
        to_outputs: Sequence[bool],
        callbacks: tuple[Any, ...],
        backend: Any,
        devices: Any,
        options: tuple[Any, ...],
        profiler: Any,
    ) -> Any:
        """Stand in for JAX's compilation: load a stored program, compile anything else."""
        rest = (tuple_args, to_inputs, to_outputs, callbacks, backend, devices, options, profiler)
        if isinstance(computation, StoredProgram):
            try:
                if not options:
                    return self._load(computation, backend, devices, tuple(to_inputs), tuple(to_outputs))
            except Exception:  # noqa: S110 - whatever is wrong with a stored program, it can be compiled anew
                pass
            computation = computation.module
        waiting = self._to_write.pop(id(computation), None)
        if waiting is None or options or callbacks:
            return _compile(computation, name, *rest)
        with self._without_reading():
            executable = _compile(_without_locations(computation), name, *rest)
        with suppress(Exception):  # What cannot be stored is compiled again.
            self._files.write(waiting[1], backend.serialize_executable(executable))
        return executable

    def key_of_jax_s_own(self, options: Any, *, computation: Any, **more: Any) -> Any:
        """Stand in for the key of JAX's own cache: None, for no cache, where its use would be seen.

        What was compiled for somebody else bears that one's lines of source, and finding it is told.
        """
        if id(computation) in self._asked_for or self._settings.is_watched:
            return None
        return _cache_key(options, computation=computation, **more)

    def read_jax_s_own(
        self, name: str, key: str, options: Any, backend: Any, devices: Any
    ) -> tuple[Any, int | None]:
        """Stand in for the reading of JAX's own cache: a damaged file is passed over without a word."""
        if getattr(self._here, "is_writing", False):
            return None, None
        try:
            return compilation_cache.get_executable_and_time(key, options, backend, devices)
        except Exception:
            return None, None

    def _name(self, closed: Any, arguments: Sequence[Any], options: Any) -> str | None:
        """Return the name of a program that may be stored; None for any other."""
        try:
            if self._files.is_open and self._settings.are_in_force and _is_plain(*arguments, **options):
                return jaxpr_hash.hash_jaxpr(closed)
        except Exception:
            # Mostly `Unhashable`; and whatever is wrong with a program, JAX says it best.
            return None
        return None

    def _load(
        self,
        stored: StoredProgram,
        backend: Any,
        devices: Any,
        to_inputs: tuple[bool, ...],
        to_outputs: tuple[bool, ...],
    ) -> Any:
        chosen = self._compile_options(backend, devices, to_inputs, to_outputs)
        return stored.load(
            (id(backend), devices, to_inputs, to_outputs),
            lambda executable: backend.deserialize_executable(executable, devices, chosen),
        )

    def _compile_options(
        self, backend: Any, devices: Any, to_inputs: tuple[bool, ...], to_outputs: tuple[bool, ...]
    ) -> Any:
        """Make them once, as JAX does: making them takes longer than loading a small program."""
        key = (id(backend), devices, to_inputs, to_outputs)
        if key not in self._options:
            made = compiler.get_compile_options(
                num_replicas=1,
                num_partitions=1,
                device_assignment=np.array([[devices[0]]], dtype=object),
                backend=backend,
            )
            build = made.executable_build_options
            build.allow_spmd_sharding_propagation_to_parameters = list(to_inputs)
            build.allow_spmd_sharding_propagation_to_output = list(to_outputs)
            self._options[key] = made
        return self._options[key]

    @contextmanager
    def _without_reading(self) -> Iterator[None]:
        """Pass JAX's own cache over: what was loaded from a file has no code left to write into another.

        Two programs of different names may be lowered to one text, as those that differ by a weak type.
        """
        self._here.is_writing = True
        try:
            yield
        finally:
            self._here.is_writing = False


def apply(files: ProgramFiles) -> None:
    """Put a cache between tracing and lowering, for the whole process.

    Raises:
        AttributeError, KeyError: this JAX is built otherwise.
    """
    # Lowering does that where it meets linear algebra; a program that is loaded is not lowered.
    linalg.initialize_lapack()
    jaxpr_hash.know_libraries()
    cache = ExecutableCache(files)
    memoised: Any = weakref_lru_cache(cache.lower)
    lower: Any = functools.partial(cache.lower_or_look, memoised)
    lower.cache_clear = memoised.cache_clear

    # Not memoised: JAX's own function below it is, and cannot tell a stand-in from a module.
    def compile_or_load(*arguments: Any) -> Any:
        return cache.compile(*arguments)

    replaced: Any = compile_or_load
    replaced.cache_clear = _compile.cache_clear  # type: ignore[attr-defined]

    def resolve_and_lower(arguments: Any, jaxpr: Any, *others: Any, **options: Any) -> Any:
        return _resolve(arguments, cache.traced_for(jaxpr), *others, **options)

    lower_when_asked = stages.Traced.lower

    @functools.wraps(lower_when_asked)
    def lower_anew(*arguments: Any, **options: Any) -> Any:
        with cache.asked_for_lowering():
            return lower_when_asked(*arguments, **options)

    for owner, name, replacement in (
        (pxla, "_cached_lowering_to_hlo", lower),
        (pxla, "_cached_compilation", replaced),
        (compiler, "_get_cache_key", cache.key_of_jax_s_own),
        (compiler, "_cache_read", cache.read_jax_s_own),
        (pjit, "_resolve_and_lower", resolve_and_lower),
        (stages.Traced, "lower", lower_anew),
    ):
        getattr(owner, name)
        setattr(owner, name, replacement)


@contextmanager
def _warnings_repeated() -> Iterator[list[warnings.WarningMessage]]:
    """Note every warning, and give it again at the end."""
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always")
        yield noted
    for found in noted:
        warnings.warn_explicit(found.message, found.category, found.filename, found.lineno)


def _is_all(
    module: Any,
    kept: Sequence[Any],
    callbacks: Sequence[Any],
    unordered: Sequence[Any],
    ordered: Sequence[Any],
    has_tuple_arguments: bool,
    shapes: Any,
) -> bool:
    """Say whether the module is all that lowering gave, and calls no native code but what is ready."""
    try:
        return (
            not (kept or callbacks or unordered or ordered or has_tuple_arguments)
            and not (shapes.uses_dim_vars or shapes.has_platform_index_argument)
            and _targets(module) <= _MADE_READY
        )
    except Exception:
        return False


def _targets(module: Any) -> set[str]:
    """Return the names of all native code that a module calls."""
    found = set()

    def look(operation: Any) -> Any:
        if operation.name == "stablehlo.custom_call":
            found.add(ir.StringAttr(operation.attributes["call_target_name"]).value)
        return ir.WalkResult.ADVANCE

    with module.context:
        module.operation.walk(look)
    return found


def _without_locations(module: Any) -> Any:
    """Make a copy that does not say which line each operation came from: a fifth less to load."""
    with module.context:
        copy = module.operation.clone()
        passmanager.PassManager.parse("builtin.module(strip-debuginfo)").run(copy)
        text = io.BytesIO()
        copy.write_bytecode(text)
        return ir.Module.parse(text.getvalue())


def _is_plain(
    module_name: str,
    backend: Any,
    constants: int,
    in_avals: Any,
    in_shardings: Any,
    out_shardings: Any,
    in_layouts: Sequence[Any],
    out_layouts: Sequence[Any],
    device_count: int,
    device_assignment: Any,
    donated: Sequence[bool],
    has_default_memory: bool,
    aliases: Sequence[Any] | None,
    *others: Any,
    **options: Any,
) -> bool:
    """Say whether nothing but the traced program itself decides what is computed, and how."""
    shardings = (*in_shardings.shardings, *out_shardings.shardings)
    return (
        constants == 0
        and device_count == 1
        and device_assignment is None
        and has_default_memory
        and not any(donated)
        and all(alias is None for alias in aliases or ())
        and all(layout is None for layout in (*in_layouts, *out_layouts))
        and all(sharding is UNSPECIFIED or _is_one_device(sharding) for sharding in shardings)
    )


def _is_one_device(sharding: Any) -> bool:
    return type(sharding) is jax.sharding.SingleDeviceSharding and sharding.memory_kind in (None, "device")
