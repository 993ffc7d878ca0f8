"""A norm that is left out, is another kind of norm, or has another epsilon."""

import ast
from collections.abc import Iterator

from app.grading.mutate.change import Change
from app.grading.mutate.solution import Solution, argument, number

_EPSILON, _OTHER_EPSILON = "1e-5", "1e-6"
"""What PyTorch's layers and many papers' code have; Flax's default."""
_OTHERS = {"LayerNorm": "RMSNorm", "RMSNorm": "LayerNorm"}


def mutate(solution: Solution) -> Iterator[Change]:
    """Yield changes of each call and each creation of a norm layer."""
    for call in solution.all_of(ast.Call):
        if solution.is_norm(call) and len(call.args) == 1:
            name = solution.own_attribute(call.func)
            yield solution.change(
                "norm_dropped", call, solution.source_of(call.args[0]), f"`{name}` is not applied."
            )
        if solution.last_name(call.func) in _OTHERS:
            yield from _of_creation(solution, call)


def _of_creation(solution: Solution, call: ast.Call) -> Iterator[Change]:
    text = solution.source_of(call)
    epsilon = argument(call, "epsilon")
    value = _OTHER_EPSILON if number(epsilon) == float(_EPSILON) else _EPSILON
    if epsilon is None:
        changed = solution.with_keyword(call, f"epsilon={value}")
    else:
        changed = text.replace(solution.source_of(epsilon), value, 1)
    yield solution.change(
        "another_epsilon",
        call,
        changed,
        f"A norm has {value} for its epsilon, not the value that is asked for.",
        group=False,
    )
    other = _OTHERS[solution.last_name(call.func)]
    name = solution.source_of(call.func)
    yield solution.change(
        "another_norm",
        call,
        text.replace(name, f"{name.rpartition('.')[0]}.{other}".lstrip("."), 1),
        f"A norm is `nnx.{other}`, which is not the norm that is asked for.",
        group=False,
    )
