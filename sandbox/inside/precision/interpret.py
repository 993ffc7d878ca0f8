"""A traced program, computed in another precision wherever it depends on its inputs.

What does not depend on them - parameters drawn from a seed, above all - is computed as it stands, so that
both precisions work with the very same parameters. Of everything else, float32 becomes the other
precision; dtypes that the program asks for besides (bfloat16, integers) stay.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax._src import core

from sandbox.inside.precision.dependence import INLINED, Dependence, Flags

_SINGLE = np.dtype(np.float32)
_OF_BITS = ("bitcast_convert_type",)
"""These look at the bits of a float32: they get one, and what they give is widened afterwards."""
_LIBRARY = frozenset(
    [
        *("cholesky", "eig", "eigh", "fft", "geqrf", "geqp3", "householder_product", "hessenberg"),
        *("lu", "qr", "schur", "svd", "triangular_solve", "tridiagonal", "tridiagonal_solve"),
    ]
)
"""LAPACK and the like have no narrow precisions: their results are rounded."""
_WITH_PROGRAM = ("scatter", "reduce", "select_and_scatter")
"""Primitives of these families hold a little program that combines two numbers."""


class Untranslatable(Exception):
    """The program holds something that is not known here in another precision."""


def in_precision(function: Callable[..., Any], arrays: Sequence[Any], precision: Any) -> Any:
    """Compute `function(*arrays)` in `precision`, a floating dtype.

    In float64 the answer's arrays are float64; in a narrower precision they get back the dtype that they
    have in the program. Where there are no arrays at all, the whole program is computed in `precision`.

    Raises:
        Untranslatable: the program holds a primitive that is not known here.
        jax.errors.JAXTypeError: the function cannot be traced.
    """
    closed, shape = jax.make_jaxpr(function, return_shape=True)(*arrays)
    wide = np.dtype(precision)
    is_double = wide == np.float64
    interpreter = _Interpreter(wide, Dependence(whole=not arrays))
    program, later, known = interpreter.run_independent(closed)

    def dependent(known: list[Any], arrays: Sequence[Any]) -> list[Any]:
        environment = dict(zip(later, known, strict=True))
        environment.update(zip(program.invars, arrays, strict=True))
        return interpreter.run_dependent(program, environment)

    with jax.enable_x64(is_double):
        outputs = jax.jit(dependent)(known, list(arrays))
        if not is_double:
            wanted: list[Any] = [_dtype(atom) for atom in program.outvars]
            outputs = [jax.lax.convert_element_type(*pair) for pair in zip(outputs, wanted, strict=True)]
        return jax.tree.unflatten(jax.tree.structure(shape), outputs)


class _Interpreter:
    def __init__(self, wide: np.dtype[Any], dependence: Dependence) -> None:
        self._wide = wide
        self._dependence = dependence
        self._flags: dict[Any, bool] = {}

    def run_independent(self, closed: Any) -> tuple[Any, list[Any], list[Any]]:
        """Compute, one by one as the program itself would, what no input reaches.

        Gives the program with the rest, and the variables that are known by now with their values.
        """
        program = closed.jaxpr
        environment = dict(zip(program.constvars, closed.consts, strict=True))
        flags = self._flags
        flags.update(dict.fromkeys(program.constvars, False))
        flags.update(dict.fromkeys(program.invars, True))
        rest = []
        for equation in program.eqns:
            given = [_flag(flags, atom) for atom in equation.invars]
            depends = self._dependence.of_equation(equation, given)
            flags.update(zip(equation.outvars, depends, strict=True))
            if any(given) or any(depends):
                rest.append(equation)
            else:
                values = [_read(environment, atom) for atom in equation.invars]
                environment.update(zip(equation.outvars, _bind(equation, values), strict=True))
        known = [variable for variable in environment if not isinstance(variable, core.DropVar)]
        return program.replace(eqns=rest), known, [environment[variable] for variable in known]

    def run_dependent(self, program: Any, environment: dict[Any, Any]) -> list[Any]:
        """Compute the rest of it, as it is traced anew."""
        flags = dict(self._flags)
        self._equations(program, environment, flags)
        return [self._hold(_read(environment, atom), atom, _flag(flags, atom)) for atom in program.outvars]

    def _call(
        self, program: Any, arguments: Sequence[Any], given: Sequence[bool], wanted: Sequence[bool] | None
    ) -> list[Any]:
        """Compute a program's outputs; those that `wanted` flags are in the other precision in any case."""
        constants = getattr(program, "consts", ())
        program = getattr(program, "jaxpr", program)
        environment = dict(zip(program.constvars, constants, strict=True))
        flags: dict[Any, bool] = dict.fromkeys(program.constvars, False)
        for variable, value, flag in zip(program.invars, arguments, given, strict=True):
            environment[variable] = self._hold(value, variable, flag)
            flags[variable] = flag
        self._equations(program, environment, flags)
        asked = wanted if wanted is not None else [_flag(flags, atom) for atom in program.outvars]
        return [
            self._hold(_read(environment, atom), atom, flag)
            for atom, flag in zip(program.outvars, asked, strict=True)
        ]

    def _equations(self, program: Any, environment: dict[Any, Any], flags: dict[Any, bool]) -> None:
        for equation in program.eqns:
            given = [_flag(flags, atom) for atom in equation.invars]
            depends = self._dependence.of_equation(equation, given)
            values = [_read(environment, atom) for atom in equation.invars]
            outputs = self._equation(equation, values, given, depends) if any(depends) else None
            environment.update(zip(equation.outvars, outputs or _bind(equation, values), strict=True))
            flags.update(zip(equation.outvars, depends, strict=True))

    def _equation(self, equation: Any, values: list[Any], given: Flags, depends: Flags) -> list[Any]:
        name = equation.primitive.name
        if name in INLINED:
            return self._call(equation.params[INLINED[name]], values, given, depends)
        if name == "scan":
            return self._scan(equation, values, given, depends)
        if name == "while":
            return self._while(equation, values, given)
        if name == "cond":
            branches = [
                lambda *operands, branch=branch: self._call(branch, operands, given[1:], depends)
                for branch in equation.params["branches"]
            ]
            outputs: list[Any] = jax.lax.switch(jnp.asarray(values[0], jnp.int32), branches, *values[1:])
            return outputs
        if name == "custom_linear_solve":
            return self._solve(equation, values, given, depends)
        if name in _OF_BITS or (name in _LIBRARY and self._wide.itemsize < _SINGLE.itemsize):
            held = [
                jax.lax.convert_element_type(value, atom.aval.dtype)
                for value, atom in zip(values, equation.invars, strict=True)
            ]
            return [self._hold(value, atom, True) for value, atom in _with(_bind(equation, held), equation)]
        held = [self._hold(value, atom, True) for value, atom in zip(values, equation.invars, strict=True)]
        params = {key: self._param(name, value) for key, value in equation.params.items()}
        return [
            self._hold(value, atom, True) for value, atom in _with(_bind(equation, held, params), equation)
        ]

    def _scan(self, equation: Any, values: list[Any], given: Flags, depends: Flags) -> list[Any]:
        params = equation.params
        first = params["num_consts"]
        second = first + params["num_carry"]
        carry_flags = depends[: params["num_carry"]]
        inside = [*given[:first], *carry_flags, *given[second:]]
        carry = [
            self._hold(value, atom, flag)
            for value, atom, flag in zip(
                values[first:second], equation.invars[first:second], carry_flags, strict=True
            )
        ]

        def body(carry: list[Any], slices: list[Any]) -> tuple[list[Any], list[Any]]:
            outputs = self._call(params["jaxpr"], [*values[:first], *carry, *slices], inside, depends)
            return outputs[: len(carry)], outputs[len(carry) :]

        last, stacked = jax.lax.scan(
            body, carry, values[second:], length=params["length"], reverse=params["reverse"]
        )
        return [*last, *stacked]

    def _while(self, equation: Any, values: list[Any], given: Flags) -> list[Any]:
        params = equation.params
        first = params["cond_nconsts"]
        second = first + params["body_nconsts"]
        carry_flags = self._dependence.carried_by_while(equation, given)
        carry = [
            self._hold(value, atom, flag)
            for value, atom, flag in zip(values[second:], equation.invars[second:], carry_flags, strict=True)
        ]

        def goes_on(carry: list[Any]) -> Any:
            flags = [*given[:first], *carry_flags]
            return self._call(params["cond_jaxpr"], [*values[:first], *carry], flags, None)[0]

        def body(carry: list[Any]) -> list[Any]:
            flags = [*given[first:second], *carry_flags]
            return self._call(params["body_jaxpr"], [*values[first:second], *carry], flags, carry_flags)

        outputs: list[Any] = jax.lax.while_loop(goes_on, body, carry)
        return outputs

    def _solve(self, equation: Any, values: list[Any], given: Flags, depends: Flags) -> list[Any]:
        lengths, programs = equation.params["const_lengths"], equation.params["jaxprs"]
        start = lengths.matvec + lengths.vecmat
        sides = sum(lengths)
        chosen = [*range(start, start + lengths.solve), *range(sides, len(values))]
        return self._call(
            programs.solve, [values[place] for place in chosen], [given[place] for place in chosen], depends
        )

    def _param(self, primitive: str, value: Any) -> Any:
        if isinstance(value, np.dtype | type) and value in (_SINGLE, np.float32):
            return self._wide
        if isinstance(value, core.Jaxpr | core.ClosedJaxpr):
            if not primitive.startswith(_WITH_PROGRAM):
                raise Untranslatable(f"`{primitive}` is not known in another precision")
            return self._rewritten(value)
        return value

    def _rewritten(self, program: Any) -> Any:
        """Rewrite a program without inputs of its own kind: all of it in the other precision."""
        variables = getattr(program, "jaxpr", program).invars
        flags = [True] * len(variables)
        shapes = [
            jax.ShapeDtypeStruct(
                variable.aval.shape, self._wide if variable.aval.dtype == _SINGLE else variable.aval.dtype
            )
            for variable in variables
        ]
        made = jax.make_jaxpr(lambda *arguments: self._call(program, arguments, flags, None))(*shapes)
        return made if isinstance(program, core.ClosedJaxpr) else made.jaxpr

    def _hold(self, value: Any, atom: Any, flag: bool) -> Any:
        """Convert to the other precision what depends on an input and is a float32 in the program."""
        if flag and atom.aval.dtype == _SINGLE:
            return jax.lax.convert_element_type(value, self._wide)
        return value


def _flag(flags: dict[Any, bool], atom: Any) -> bool:
    return False if isinstance(atom, core.Literal) else flags[atom]


def _read(environment: dict[Any, Any], atom: Any) -> Any:
    if isinstance(atom, core.Literal):
        return np.asarray(atom.val, _dtype(atom))
    return environment[atom]


def _dtype(atom: Any) -> Any:
    return atom.aval.dtype


def _bind(equation: Any, values: Sequence[Any], params: dict[str, Any] | None = None) -> list[Any]:
    primitive = equation.primitive
    outputs = primitive.bind(*values, **primitive.get_bind_params(params or equation.params))
    return list(outputs) if primitive.multiple_results else [outputs]


def _with(values: Sequence[Any], equation: Any) -> list[tuple[Any, Any]]:
    return list(zip(values, equation.outvars, strict=True))
