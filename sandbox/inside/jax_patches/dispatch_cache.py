"""Calls of compiled library functions whose program is on disk are not even traced.

Beside each program that `executable_cache.py` keeps, a record under the call's key says which program it
is, which arguments it takes and what comes out. With it, JAX is handed a traced program of one operation
that stands for the stored one. Only calls outside of any transformation are answered so, and only where
record and program are there: everything else is traced as ever.
"""

import ast
import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jax
import msgspec
from jax._src import core, linear_util, pjit
from jax._src.interpreters import pxla
from jax._src.named_sharding import UNSPECIFIED

from sandbox.inside.jax_patches.dispatch_key import KeyedCall, LibraryFunctions
from sandbox.inside.jax_patches.executable_cache import ExecutableCache, StoredExecutable, stored_program_p
from sandbox.inside.jax_patches.jaxpr_hash import Unhashable, hash_jaxpr

# There is no public place before tracing.
_infer_params: Callable[..., Any] = pjit._infer_params  # noqa: SLF001
_trace: Callable[..., Any] = pjit.jit_trace
_DEBUG_INFO = linear_util.DebugInfo("jit", "a stored program", None, None)


class Out(msgspec.Struct, frozen=True, array_like=True):
    """The type of one array that comes out."""

    shape: tuple[int, ...]
    dtype: str
    is_weak: bool

    @property
    def aval(self) -> core.ShapedArray:
        """As JAX writes it."""
        return core.ShapedArray(self.shape, jax.numpy.dtype(self.dtype), weak_type=self.is_weak)


class Record(msgspec.Struct, frozen=True, array_like=True):
    """What a call with this key is."""

    program: str
    taken: tuple[int, ...]
    """Which of the arguments the program takes."""
    outs: tuple[Out, ...]
    tree: str
    """How what comes out is put together: a tuple or list of zeros, or a zero."""


class DispatchCache:
    """Stands before tracing."""

    def __init__(self, programs: ExecutableCache, functions: LibraryFunctions) -> None:
        self._programs = programs
        self._functions = functions
        self._decode = msgspec.msgpack.Decoder(Record).decode
        self._encode = msgspec.msgpack.Encoder().encode
        self._made: dict[str, Any] = {}
        self._is_asked_for_traces = False

    def infer_params(
        self, function: Any, info: Any, arguments: tuple[Any, ...], keywords: Mapping[str, Any]
    ) -> Any:
        """Stand in for JAX's function that traces a call: its parameters, and the arrays handed over."""
        trace = functools.partial(_infer_params, function, info, arguments, keywords)
        if not self._programs.is_open or self._is_asked_for_traces or not core.trace_state_clean():
            return trace()
        try:
            call = self._functions.key_call(function, info, arguments, keywords)
        except Exception:  # Whatever is wrong with a call, JAX says it best.
            return trace()
        if (made := self._made.get(call.key) or self._find(call, function, info)) is not None:
            return made, list(call.arrays)
        traced = trace()
        if self._programs.is_writable:
            self._record(call, traced[0])
        return traced

    @contextlib.contextmanager
    def tracing(self) -> Iterator[None]:
        """Have every call traced while entered."""
        before, self._is_asked_for_traces = self._is_asked_for_traces, True
        try:
            yield
        finally:
            self._is_asked_for_traces = before

    def _find(self, call: KeyedCall, function: Any, info: Any) -> Any:
        encoded = self._programs.read(call.key)
        if encoded is None:
            return None
        record = self._decode(encoded)
        executable = self._programs.read(record.program)
        if executable is None:
            return None
        jaxpr = _stand_in_for(StoredExecutable(record.program, executable), record, call.avals)
        self._made[call.key] = made = _parameters(jaxpr, record, call.avals, function, info)
        return made

    def _record(self, call: KeyedCall, parameters: Any) -> None:
        """Write a record; none where the program is not of the kind that can be stood for."""
        with contextlib.suppress(Unhashable, TypeError, ValueError, SyntaxError):
            if (record := _record_of(parameters)) is not None:
                self._programs.write(call.key, self._encode(record))


def _record_of(parameters: Any) -> Record | None:
    """Make a record; raise one of several errors, or return None, where it cannot say all of the call."""
    traced, tree = parameters.params["jaxpr"], str(parameters.out_tree)
    lowered, _, taken = pxla._dce_jaxpr(traced, False, parameters.params["donated_invars"])  # noqa: SLF001
    record = Record(
        program=hash_jaxpr(lowered),
        taken=tuple(sorted(taken)),
        outs=tuple(Out(aval.shape, str(aval.dtype), bool(aval.weak_type)) for aval in traced.out_avals),
        tree=tree.removeprefix("PyTreeDef(").removesuffix(")").replace("*", "0"),
    )
    computed = {variable for equation in traced.jaxpr.eqns for variable in equation.outvars}
    is_whole = (
        not parameters.consts
        and computed.issuperset(traced.jaxpr.outvars)
        and [out.aval for out in record.outs] == traced.out_avals
        and _tree(record.tree) == parameters.out_tree
    )
    return record if is_whole else None


def install(programs: ExecutableCache) -> DispatchCache:
    """Put a cache before tracing, for the whole process; to be made when all libraries are imported.

    Raises:
        AttributeError: this JAX is built otherwise; a new version has to be looked at.
    """
    cache = DispatchCache(programs, LibraryFunctions())
    inner: Any = pjit
    inner._infer_params = cache.infer_params  # noqa: SLF001

    @functools.wraps(_trace)
    def trace(*arguments: Any, **keywords: Any) -> Any:
        with cache.tracing():
            return _trace(*arguments, **keywords)

    inner.jit_trace = trace
    jax.jit(lambda: None)  # Each new one gives the class of them all the functions that stand here now.
    return cache


def _stand_in_for(executable: StoredExecutable, record: Record, avals: tuple[Any, ...]) -> core.ClosedJaxpr:
    """Trace one operation that takes what the program takes and gives what it gives."""
    parameters = [core.Var(aval) for aval in avals]
    given = [core.Var(out.aval) for out in record.outs]
    operation = core.new_jaxpr_eqn(
        [parameters[index] for index in record.taken],
        given,
        stored_program_p,
        {"executable": executable},
        core.no_effects,
    )
    return core.ClosedJaxpr(core.Jaxpr((), parameters, given, [operation], debug_info=_DEBUG_INFO), ())


def _parameters(
    jaxpr: core.ClosedJaxpr, record: Record, avals: tuple[Any, ...], function: Any, info: Any
) -> Any:
    count, outs = len(avals), len(record.outs)
    inner: Any = pjit
    return inner.PjitParams(
        consts=[],
        params={
            "jaxpr": jaxpr,
            "in_shardings": (UNSPECIFIED,) * count,
            "out_shardings": (UNSPECIFIED,) * outs,
            "in_layouts": (None,) * count,
            "out_layouts": (None,) * outs,
            "donated_invars": (False,) * count,
            "ctx_mesh": inner.get_ctx_mesh(False),
            "name": inner.fun_name(function),
            "keep_unused": False,
            "inline": info.inline,
            "compiler_options_kvs": (),
        },
        in_avals=avals,
        in_tree=None,
        out_tree=_tree(record.tree),
        arg_names=None,
    )


@functools.lru_cache(maxsize=64)
def _tree(zeros: str) -> Any:
    return jax.tree.structure(ast.literal_eval(zeros))
