"""Parameters that are none, start elsewhere, are never read or never trained."""

import ast
from collections.abc import Iterator

from app.grading.mutate.change import Change
from app.grading.mutate.solution import Solution, argument, number

_CONSTANTS = {"zeros": "ones", "ones": "zeros"}
_SPREAD = frozenset({"truncated_normal", "normal"})
_OTHER_SPREAD = {"truncated_normal": "normal", "normal": "truncated_normal"}


def mutate(solution: Solution) -> Iterator[Change]:
    """Yield changes of each `nnx.Param` that is created, and of each place where one is read."""
    for call in solution.all_of(ast.Call):
        if solution.last_name(call.func) == "Param" and call.args:
            yield from _of_creation(solution, call)
    for node in solution.all_of(ast.expr):
        name = _read_parameter(solution, node)
        if name:
            yield from _of_reading(solution, node, name)


def _read_parameter(solution: Solution, node: ast.expr) -> str:
    """Return `name` for `self.name[...]` and `self.name.value` of a parameter."""
    if (isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load)) or (
        isinstance(node, ast.Attribute) and node.attr == "value" and isinstance(node.ctx, ast.Load)
    ):
        name = solution.own_attribute(node.value)
    else:
        return ""
    return name if solution.layers.get(name) == "Param" else ""


def _of_reading(solution: Solution, node: ast.expr, name: str) -> Iterator[Change]:
    text = solution.source_of(node)
    jax = solution.alias_of("jax", "jax")
    yield solution.change(
        "gradient_stopped",
        node,
        f"{jax}.lax.stop_gradient({text})",
        f"`{name}` is read through `stop_gradient`, so that it is never trained.",
    )
    yield solution.change(
        "parameter_ignored",
        node,
        f"0 * {text}",
        f"`{name}` is created, and what it holds is never read.",
    )


def _of_creation(solution: Solution, call: ast.Call) -> Iterator[Change]:
    name = _attribute_for(solution, call)
    called = f"`{name}`" if name else "A parameter"
    value = call.args[0]
    yield solution.change(
        "plain_array",
        call,
        solution.source_of(value),
        f"{called} is a plain array: only an `nnx.Param` is trained.",
    )
    if isinstance(value, ast.Call):
        yield from _of_start(solution, value, called)


def _of_start(solution: Solution, value: ast.Call, called: str) -> Iterator[Change]:
    function = solution.last_name(value.func)
    if function in _CONSTANTS and isinstance(value.func, ast.Attribute):
        other = _CONSTANTS[function]
        edit = solution.places.replace(
            value.func, f"{solution.source_of(value.func).rpartition('.')[0]}.{other}"
        )
        yield solution.changes(
            "another_start", value, [edit], f"{called} starts as {other}.", becomes=f"{other}(...)"
        )
    maker = value.func
    if isinstance(maker, ast.Call) and solution.last_name(maker.func) in _SPREAD:
        yield from _of_spread(solution, maker, called)


def _of_spread(solution: Solution, maker: ast.Call, called: str) -> Iterator[Change]:
    function = solution.last_name(maker.func)
    other = _OTHER_SPREAD[function]
    head = solution.source_of(maker.func).rpartition(".")[0]
    yield solution.changes(
        "another_initialiser",
        maker,
        [solution.places.replace(maker.func, f"{head}.{other}" if head else other)],
        f"{called} starts from `{other}`, where `{function}` is asked for.",
        becomes=f"{other}(...)",
    )
    spread = argument(maker, "stddev", 0)
    if spread is not None and (size := number(spread)):
        yield solution.changes(
            "another_spread",
            maker,
            [solution.places.replace(spread, repr(size * 5))],
            f"{called} starts with another spread than the one that is asked for.",
            becomes=f"{size * 5}",
        )


def _attribute_for(solution: Solution, call: ast.Call) -> str:
    """Return the attribute that a created parameter is assigned to."""
    statement = next((one for one in solution.around(call) if isinstance(one, ast.stmt)), None)
    if isinstance(statement, ast.Assign) and statement.value is call:
        return next(filter(None, map(solution.own_attribute, statement.targets)), "")
    return ""
