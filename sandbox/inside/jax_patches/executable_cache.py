"""Compiled programs on disk, found by what was traced, so that a hit is never lowered.

JAX's own persistent cache stays behind it: what cannot be hashed, or is not here, goes on to it.
A file is a SHA-256 and the serialised executable that it is of; one that does not fit is passed over.
"""

import contextlib
import functools
import hashlib
import io
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import numpy as np
from jax._src import compiler, core
from jax._src.interpreters import pxla
from jax._src.named_sharding import UNSPECIFIED
from jax._src.util import weakref_lru_cache
from jaxlib.mlir import ir, passmanager

from sandbox.inside.jax_patches.jaxpr_hash import Unhashable, hash_jaxpr

_DIGEST_BYTES = 32
# There is no public place between tracing and lowering.
_lower: Callable[..., Any] = pxla._cached_lowering_to_hlo  # noqa: SLF001
_compile: Callable[..., Any] = pxla._cached_compilation  # noqa: SLF001
_cache_clear: Callable[[], None] = pxla._cached_compilation.cache_clear  # noqa: SLF001


stored_program_p = core.Primitive("stored_program")
"""An operation that stands for a whole stored program; see `dispatch_cache.py`."""
stored_program_p.multiple_results = True


class StoredExecutable:
    """A program that was read before anything was traced."""

    def __init__(self, key: str, executable: bytes) -> None:
        self.key = key
        self._executable = executable

    def take(self) -> bytes:
        """Hand it over once; after that nothing, for it would only lie in memory."""
        taken, self._executable = self._executable, b""
        return taken


class StoredProgram:
    """Stands in the place of a lowered module; becomes one where somebody wants to look at it."""

    def __init__(self, executable: bytes, lower: Callable[[], Any]) -> None:
        self._executable = executable
        self._lower = lower

    def take(self) -> bytes:
        """Hand the serialised executable over once; after that nothing, for it would only lie in memory."""
        taken, self._executable = self._executable, b""
        return taken

    @functools.cached_property
    def module(self) -> Any:
        """The lowered module."""
        return self._lower()[0]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.module, name)


class ExecutableCache:
    """Which folder is read, and whether it is written; none until `use`."""

    def __init__(self) -> None:
        self._folder = ""
        self._writable = False
        self._options: dict[tuple[Any, ...], Any] = {}
        # The module is kept with its key, so that no other can be given the same id.
        self._to_write: dict[int, tuple[Any, str]] = {}

    def use(self, folder: str, *, writable: bool) -> None:
        """Look there from now on; an empty name for nowhere."""
        self._folder = folder
        self._writable = writable

    def lower(self, closed: Any, *arguments: Any, **options: Any) -> tuple[Any, ...]:
        """Stand in for JAX's lowering: return the stored program, or a module as ever."""
        whole = functools.partial(_lower, closed, *arguments, **options)
        if (found := _stood_for(closed)) is not None:
            executable = found.take() or self.read(found.key)
            if executable is None or not _is_plain(*arguments, **options):
                raise RuntimeError("a stored program is not what its record says")
            return StoredProgram(executable, whole), None, [], [], [], False, None
        if not self._folder or not _is_plain(*arguments, **options):
            return whole()  # type: ignore[no-any-return]
        try:
            key = hash_jaxpr(closed)
        except Unhashable:
            return whole()  # type: ignore[no-any-return]
        executable = self.read(key)
        if executable is not None:
            return StoredProgram(executable, whole), None, [], [], [], False, None
        lowered: tuple[Any, ...] = whole()
        if self._writable:
            self._to_write[id(lowered[0])] = (lowered[0], key)
        return lowered

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
            if not options and (serialised := computation.take()):
                chosen = self._compile_options(backend, devices, tuple(to_inputs), tuple(to_outputs))
                return backend.deserialize_executable(serialised, devices, chosen)
            # Its caller has let go of what was loaded before.
            computation = computation.module
        waiting = self._to_write.pop(id(computation), None)
        if waiting is None or options or callbacks:
            return _compile(computation, name, *rest)
        with _without_reading():
            executable = _compile(_without_locations(computation), name, *rest)
        self.write(waiting[1], backend.serialize_executable(executable))
        return executable

    def _compile_options(
        self, backend: Any, devices: Any, to_inputs: tuple[bool, ...], to_outputs: tuple[bool, ...]
    ) -> Any:
        """Make them once, as JAX does: making them takes longer than loading a small program."""
        key = (id(backend), to_inputs, to_outputs)
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

    @property
    def is_open(self) -> bool:
        """Whether there is a folder."""
        return bool(self._folder)

    @property
    def is_writable(self) -> bool:
        """Whether what is compiled is kept."""
        return self._writable

    def read(self, key: str) -> bytes | None:
        """Return what was written under this key; None where that is damaged."""
        try:
            with open(f"{self._folder}/{key}", "rb") as file:
                digest, executable = file.read(_DIGEST_BYTES), file.read()
        except OSError:
            return None
        return executable if hashlib.sha256(executable).digest() == digest else None

    def write(self, key: str, executable: bytes) -> None:
        """Write it whole or not at all, even with several writers: each is process 1 of its own namespace."""
        draft = f"{self._folder}/{key}.{os.urandom(8).hex()}"
        try:
            with open(draft, "wb") as file:
                file.write(hashlib.sha256(executable).digest() + executable)
            os.rename(draft, f"{self._folder}/{key}")
        except OSError:
            # What is not stored is compiled again; that must not become an exception of the code that runs.
            with contextlib.suppress(OSError):
                os.unlink(draft)


def install() -> ExecutableCache:
    """Put a cache between tracing and lowering, for the whole process.

    Raises:
        AttributeError: this JAX is built otherwise; a new version has to be looked at.
    """
    cache = ExecutableCache()
    memoised: Any = weakref_lru_cache
    pxla._cached_lowering_to_hlo = memoised(cache.lower)  # noqa: SLF001

    # Not memoised: JAX's own function below it is, and cannot tell a stand-in from a module.
    def compile_or_load(*arguments: Any) -> Any:
        return cache.compile(*arguments)

    replaced: Any = compile_or_load
    replaced.cache_clear = _cache_clear
    pxla._cached_compilation = replaced  # noqa: SLF001
    return cache


@contextlib.contextmanager
def _without_reading() -> Iterator[None]:
    """Pass JAX's own cache over: what was loaded from a file has no code left to write into another.

    Two programs of different names may be lowered to one text, as those that differ by a weak type.
    """
    original = compiler._cache_read  # noqa: SLF001
    compiler._cache_read = lambda *_: (None, None)  # noqa: SLF001
    try:
        yield
    finally:
        compiler._cache_read = original  # noqa: SLF001


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


def _stood_for(closed: Any) -> StoredExecutable | None:
    equations = closed.jaxpr.eqns
    if len(equations) != 1 or equations[0].primitive is not stored_program_p:
        return None
    found: StoredExecutable = equations[0].params["executable"]
    return found


def _is_one_device(sharding: Any) -> bool:
    return type(sharding) is jax.sharding.SingleDeviceSharding and sharding.memory_kind in (None, "device")
