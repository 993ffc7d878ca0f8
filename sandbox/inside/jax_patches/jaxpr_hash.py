"""A hash of what a traced program computes: equal hashes, equal compiled programs.

JAX keys a compiled program by its lowered form, and lowering is most of what a first call costs once
its programs are compiled. The traced form says as much and is there before. Whatever this module does
not know exactly gets no hash and is lowered as usual: a wrong hit would be a wrong result.
"""

import dataclasses
import enum
import hashlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from jax._src import config, core, literals
from jax._src.interpreters import mlir
from jax._src.named_sharding import UNSPECIFIED
from jax._src.random.prng import PRNGImpl

_NOT_LOWERED = {
    "custom_jvp_call": ("jvp_jaxpr_fun",),
    "custom_vjp_call": ("fwd_jaxpr_thunk", "bwd"),
}
"""Parameters that only differentiation looks at."""
_PLAIN = (type(None), bool, int, float, complex, str, bytes)
_TYPED = (literals.TypedInt, literals.TypedFloat, literals.TypedComplex)
_OF_JAX = ("jax.", "jaxlib.")

_primitives: set[Any] = set()
"""Those of the libraries, once they are known."""


class Unhashable(Exception):
    """A part of the program is of a kind that is not known here."""


def know_primitives() -> None:
    """Note the libraries' primitives, once they are imported, before anything else may make one.

    A program with any other has no hash: a primitive's name says what it computes only where it is theirs.
    """
    _primitives.update(mlir._lowerings)  # noqa: SLF001
    for lowerings in mlir._platform_specific_lowerings.values():  # noqa: SLF001
        _primitives.update(lowerings)


def primitive_name(primitive: core.Primitive) -> str:
    """Return its name, which says what it computes.

    Raises:
        Unhashable: it is not of a library.
    """
    if primitive not in _primitives:
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
    parts = [settings(config.trace_context())]
    _add_jaxpr(parts, closed.jaxpr)
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


@lru_cache(maxsize=16)
def settings(context: tuple[Any, ...]) -> str:
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
            add_value(parts, setting)
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
        primitive = primitive_name(equation.primitive)
        parts.append(f"={primitive}")
        _use(parts, places, equation.invars)
        skipped = _NOT_LOWERED.get(primitive, ())
        for name in sorted(equation.params):
            if name not in skipped:
                parts.append(name)
                add_value(parts, equation.params[name])
        _bind(parts, places, equation.outvars)
    parts.append(">")
    _use(parts, places, jaxpr.outvars)


def _bind(parts: list[str], places: dict[Any, str], variables: Iterable[Any]) -> None:
    for variable in variables:
        places[variable] = f"${len(places)}"
        add_aval(parts, variable.aval)


def _use(parts: list[str], places: dict[Any, str], atoms: Iterable[Any]) -> None:
    for atom in atoms:
        if isinstance(atom, core.Literal):
            add_value(parts, atom.val)
            add_aval(parts, atom.aval)
        else:
            parts.append(places[atom])


def add_aval(parts: list[str], aval: Any) -> None:
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
    parts.append(f"{aval.dtype}{aval.shape}{aval.weak_type}")


def add_value(parts: list[str], value: Any) -> None:
    """Add a parameter or a static argument, with its type.

    Raises:
        Unhashable: it is of a kind that is not known here.
    """
    kind = type(value)
    if kind in _PLAIN or kind in _TYPED:  # The repr of the latter says their dtype.
        parts.append(f"{kind.__name__}:{value!r}")
    elif kind in (tuple, list):
        parts.append("(")
        for item in value:
            add_value(parts, item)
        parts.append(")")
    elif kind is core.Jaxpr:
        _add_jaxpr(parts, value)
    elif kind is core.ClosedJaxpr:
        if value.consts:
            raise Unhashable("constants")
        _add_jaxpr(parts, value.jaxpr)
    elif isinstance(value, np.ndarray | np.generic):
        parts.append(f"{value.dtype}{value.shape}{value.tobytes().hex()}")
    else:
        _add_object(parts, value)


def _add_object(parts: list[str], value: Any) -> None:
    kind = type(value)
    if value is UNSPECIFIED:
        parts.append("unspecified")
    elif isinstance(value, enum.Enum):
        parts.append(f"{kind.__qualname__}.{value.name}")
    elif isinstance(value, np.dtype):
        parts.append(f"dtype:{value}")
    elif isinstance(value, type) and issubclass(value, np.generic):
        parts.append(f"dtype:{np.dtype(value)}")
    elif kind is PRNGImpl:
        parts.append(f"prng:{value.name}")
    elif kind is core.ShapedArray:
        add_aval(parts, value)
    elif isinstance(value, Mapping):
        parts.append("{")
        for name in sorted(value):
            parts.append(str(name))
            add_value(parts, value[name])
    elif getattr(value, "empty", None) is True and kind.__name__ in ("AbstractMesh", "Mesh"):
        parts.append("no mesh")
    elif kind.__module__.startswith(_OF_JAX):
        _add_fields(parts, value)
    else:
        raise Unhashable(f"a parameter of type {kind.__module__}.{kind.__qualname__}")


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
        add_value(parts, item)
