"""A softmax or a reduction that runs over another axis."""

import ast
from collections.abc import Iterator

from app.grading.mutate.change import Change
from app.grading.mutate.solution import Solution, argument, number

_SOFTMAX = frozenset({"softmax", "log_softmax"})
_REDUCTIONS = frozenset(
    {"mean", "sum", "max", "min", "var", "std", "prod", "argmax", "argmin", "cumsum", "sort"}
)
_LAST = -1


def mutate(solution: Solution) -> Iterator[Change]:
    """Yield a change for each other axis that a softmax or a reduction may be confused with."""
    for call in solution.all_of(ast.Call):
        name = solution.last_name(call.func)
        if name in _SOFTMAX:
            yield from _of_softmax(solution, call)
        elif name in _REDUCTIONS:
            yield from _of_reduction(solution, call, name)


def _of_softmax(solution: Solution, call: ast.Call) -> Iterator[Change]:
    place = argument(call, "axis", 1)
    axis = _LAST if place is None else number(place)
    for other in (-2, 0) if axis == _LAST else ():
        if place is None:
            text = solution.with_keyword(call, f"axis={other}")
            yield solution.change("softmax_axis", call, text, _softmax_sentence(other), group=False)
        else:
            edit = solution.places.replace(place, str(other))
            yield solution.changes(
                "softmax_axis", call, [edit], _softmax_sentence(other), becomes=f"axis={other}"
            )
    if call.args:
        yield solution.change(
            "softmax_dropped",
            call,
            solution.source_of(call.args[0]),
            "The softmax is left out: the scores themselves are used as weights.",
        )


def _softmax_sentence(axis: int) -> str:
    if axis == -2:
        return (
            "The softmax runs over the queries, so each column sums to one; it runs over the keys, the last "
            "axis, so that each row does."
        )
    return "The softmax runs over the first axis; it runs over the last one, the keys."


def _of_reduction(solution: Solution, call: ast.Call, name: str) -> Iterator[Change]:
    is_method = isinstance(call.func, ast.Attribute) and not solution.dotted(call.func).startswith(
        ("jax", "numpy", "jnp.", "np.")
    )
    place = argument(call, "axis", 0 if is_method else 1)
    axis = number(place)
    if place is None or axis is None:
        return
    other = 0 if axis in (_LAST, 1) else _LAST
    yield solution.changes(
        "reduction_axis",
        call,
        [solution.places.replace(place, str(other))],
        f"`{name}` is taken over another axis than the one that is asked for.",
        becomes=f"{name} over axis {other}",
    )
