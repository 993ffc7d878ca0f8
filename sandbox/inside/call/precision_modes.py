"""Calls made under other conditions, to see how much of an answer is rounding; for trusted code only."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from sandbox.inside.call.learner_call import LearnerCall
from sandbox.inside.precision.interpret import in_precision
from sandbox.inside.report.answers import Answer, convert
from sandbox.interface import CallMode

_UNOPTIMISED = {"xla_backend_optimization_level": 0, "xla_cpu_use_fusion_emitters": False}


def under_conditions(mode: CallMode, call: LearnerCall) -> Answer:
    """Make the call in this mode."""
    return convert(make(mode, lambda *arguments: call.run(arguments), call.arguments()), call.outputs)


def make(mode: CallMode, function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
    """Return what `function(*arguments)` gives in this mode.

    Array arguments are traced; numbers are not, nor are keys, which no precision changes.

    Raises:
        Exception: whatever the function raises, and what tracing it does.
    """
    places = [
        place
        for place, argument in enumerate(arguments)
        if isinstance(argument, jax.Array) and not jnp.issubdtype(argument.dtype, jax.dtypes.prng_key)
    ]
    arrays = [arguments[place] for place in places]

    def of_arrays(*arrays: Any) -> Any:
        whole = list(arguments)
        for place, array in zip(places, arrays, strict=True):
            whole[place] = array
        return function(*whole)

    match mode:
        case CallMode.JIT:
            return jax.jit(of_arrays)(*arrays)
        case CallMode.UNOPTIMISED:
            return jax.jit(of_arrays, compiler_options=_UNOPTIMISED)(*arrays)
        case CallMode.DOUBLE:
            return in_precision(of_arrays, arrays, jnp.float64)
        case CallMode.BFLOAT16:
            return in_precision(of_arrays, arrays, jnp.bfloat16)
        case _:
            raise ValueError(f"{mode} is not made here")
