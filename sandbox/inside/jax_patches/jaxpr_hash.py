"""A hash of what a traced program computes: equal hashes, equal compiled programs.

JAX keys a compiled program by its lowered form, and lowering is most of what a first call costs once
its programs are compiled. The traced form says as much and is there before. Whatever this module does
not know exactly gets no hash and is lowered as usual: a wrong hit would be a wrong result.
"""

import dataclasses
import enum
import hashlib
import sys
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
from jax._src import config, core, dtypes, literals
from jax._src.interpreters import mlir
from jax._src.named_sharding import UNSPECIFIED
from jax._src.random import prng

_NOT_LOWERED = {
    "custom_jvp_call": ("jvp_jaxpr_fun",),
    "custom_vjp_call": ("fwd_jaxpr_thunk", "bwd"),
}
"""Parameters that only differentiation looks at."""
_PLAIN = (type(None), bool, int, float, complex, str, bytes)
_TYPED = (literals.TypedInt, literals.TypedFloat, literals.TypedComplex)
_ARRAYS = (np.ndarray, literals.TypedNdArray)
_OF_JAX = ("jax.", "jaxlib.")

_lowering_rules: dict[core.Primitive, tuple[Any, Any]] = {}
"""The libraries' primitives, each with how it is lowered, once they are known."""
_key_types: dict[int, tuple[prng.PRNGImpl, str]] = {}
"""The libraries' kinds of random keys by identity, each with its name."""


class Unhashable(Exception):
    """A part of the program is of a kind that is not known here."""


def know_libraries() -> None:
    """Note primitives and kinds of keys, once the libraries are imported and before anything else makes one.

    A program with any other has no hash: a name says what is computed only where it is theirs.
    """
    known = {*mlir._lowerings, *mlir._platform_specific_lowerings["cpu"]}  # noqa: SLF001
    _lowering_rules.update({primitive: _rules_now(primitive) for primitive in known})
    _key_types.update({id(kind): (kind, name) for name, kind in prng.prngs.items()})


def _rules_now(primitive: core.Primitive) -> tuple[Any, Any]:
    for_cpu = mlir._platform_specific_lowerings["cpu"]  # noqa: SLF001
    return mlir._lowerings.get(primitive), for_cpu.get(primitive)  # noqa: SLF001


def _primitive_name(primitive: core.Primitive) -> str:
    """Return its name, which says what it computes.

    Raises:
        Unhashable: it is not of a library, or is lowered otherwise by now.
    """
    known, now = _lowering_rules.get(primitive), _rules_now(primitive)
    if known is None or known[0] is not now[0] or known[1] is not now[1]:
        raise Unhashable("a primitive of its own")
    return primitive.name


def hash_jaxpr(closed: core.ClosedJaxpr) -> str:
    """Hash the program's structure and the settings that lowering reads: SHA-256, in hexadecimal.

    Variables count by their place, not by their name.

    Raises:
        Unhashable: it holds something that cannot be hashed exactly.
    """
    if closed.consts or closed.effects:
        raise Unhashable("constants or effects")
    parts = [_settings(config.trace_context())]
    _add_jaxpr(parts, closed.jaxpr)
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


@lru_cache(maxsize=16)
def _settings(context: tuple[Any, ...]) -> str:
    """Write down all that JAX itself holds to change a traced program, as a part of a hash.

    Raises:
        Unhashable: one of them cannot be hashed exactly.
    """
    parts: list[str] = []
    for setting in context:
        if type(setting) is core.AxisEnv:
            if setting.axis_sizes or setting.spmd_axis_names or setting.explicit_mesh_axis_names:
                raise Unhashable("named axes")
        else:
            _add_value(parts, setting)
    return "\x1e".join(parts)


def _add_jaxpr(parts: list[str], jaxpr: core.Jaxpr) -> None:
    if jaxpr.effects:
        raise Unhashable("effects")
    context = core.current_jaxpr_eqn_context()
    places: dict[Any, str] = {}
    _bind(parts, places, (*jaxpr.constvars, *jaxpr.invars))
    for equation in jaxpr.eqns:
        if equation.ctx is not context:
            raise Unhashable("a context of its own")
        primitive = _primitive_name(equation.primitive)
        parts.append(f"={primitive}")
        _use(parts, places, equation.invars)
        skipped = _NOT_LOWERED.get(primitive, ())
        for name in sorted(equation.params):
            if name not in skipped:
                parts.append(name)
                _add_value(parts, equation.params[name])
        _bind(parts, places, equation.outvars)
    parts.append(">")
    _use(parts, places, jaxpr.outvars)


def _bind(parts: list[str], places: dict[Any, str], variables: Iterable[Any]) -> None:
    for variable in variables:
        places[variable] = f"${len(places)}"
        _add_aval(parts, variable.aval)


def _use(parts: list[str], places: dict[Any, str], atoms: Iterable[Any]) -> None:
    for atom in atoms:
        if isinstance(atom, core.Literal):
            _add_value(parts, atom.val)
            _add_aval(parts, atom.aval)
        else:
            parts.append(places[atom])


def _add_aval(parts: list[str], aval: Any) -> None:
    """Add what is known of an array before it is there.

    Raises:
        Unhashable: it is not plainly an array on the device.
    """
    if (
        type(aval) is not core.ShapedArray
        or not aval.sharding.mesh.empty
        or aval.memory_space is not core.MemorySpace.Device
        or aval.manual_axis_type != core.empty_mat
    ):
        raise Unhashable("a value that is not plainly an array on the device")
    parts.append(f"{_dtype_name(aval.dtype)}{aval.shape}{aval.weak_type}")


def _dtype_name(dtype: Any) -> str:
    if type(dtype) is prng.KeyTy:
        return f"keys of {_key_name(dtype._impl)}"  # noqa: SLF001
    if isinstance(dtype, dtypes.ExtendedDType) or dtype.hasobject:
        raise Unhashable("an array of something of its own")
    return str(dtype)


def _key_name(kind: prng.PRNGImpl) -> str:
    known = _key_types.get(id(kind))
    if known is None:
        raise Unhashable("random keys of its own")
    return known[1]


def _add_value(parts: list[str], value: Any) -> None:
    """Add a parameter, with its type.

    Raises:
        Unhashable: it is of a kind that is not known here.
    """
    kind = type(value)
    if kind in _PLAIN or kind in _TYPED:  # The repr of the latter says their dtype.
        parts.append(f"{kind.__name__}:{value!r}")
    elif kind in (tuple, list):
        parts.append("(")
        for item in value:
            _add_value(parts, item)
        parts.append(")")
    elif kind is core.Jaxpr:
        _add_jaxpr(parts, value)
    elif kind is core.ClosedJaxpr:
        if value.consts:
            raise Unhashable("constants")
        _add_jaxpr(parts, value.jaxpr)
    elif kind in _ARRAYS or issubclass(kind, np.generic):
        parts.append(f"{kind.__name__}:{_dtype_name(value.dtype)}{value.shape}{value.tobytes().hex()}")
    else:
        _add_object(parts, value)


def _add_object(parts: list[str], value: Any) -> None:
    kind = type(value)
    if value is UNSPECIFIED:
        parts.append("unspecified")
    elif isinstance(value, np.dtype | dtypes.ExtendedDType):
        parts.append(f"dtype:{_dtype_name(value)}")
    elif isinstance(value, type) and issubclass(value, np.generic):
        parts.append(f"dtype:{_dtype_name(np.dtype(value))}")
    elif kind is prng.PRNGImpl:
        parts.append(f"keys of {_key_name(value)}")
    elif kind is core.ShapedArray:
        _add_aval(parts, value)
    elif kind is dict:
        parts.append("{")
        for name in sorted(value):
            parts.append(repr(name))
            _add_value(parts, value[name])
        parts.append("}")
    elif not _is_of_jax(kind):
        raise Unhashable(f"a parameter of type {kind.__module__}.{kind.__qualname__}")
    elif isinstance(value, enum.Enum):
        parts.append(f"{kind.__qualname__}.{value.name}")
    elif getattr(value, "empty", None) is True and kind.__name__ in ("AbstractMesh", "Mesh"):
        parts.append("no mesh")
    else:
        _add_fields(parts, value)


def _is_of_jax(kind: type) -> bool:
    """Say whether a type is what it is called; anybody can make one that bears a name of JAX."""
    if not kind.__module__.startswith(_OF_JAX):
        return False
    found: Any = sys.modules.get(kind.__module__)
    for name in kind.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is kind


def _add_fields(parts: list[str], value: Any) -> None:
    """Add dimension numbers and the like: records of plain values."""
    if isinstance(value, tuple):
        fields = dict(zip(getattr(value, "_fields", ()), value, strict=True))
    elif dataclasses.is_dataclass(value):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    else:
        raise Unhashable(f"a parameter of type {type(value).__qualname__}")
    parts.append(type(value).__qualname__)
    for name, item in fields.items():
        parts.append(name)
        _add_value(parts, item)
