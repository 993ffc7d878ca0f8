"""Numbers of another type: half precision on the way, a cast that is left out."""

import ast
from collections.abc import Iterator

from app.grading.mutate.change import Change
from app.grading.mutate.solution import Solution

_CASTS = frozenset({"int", "float", "bool", "round"})
_FLOAT = "float32"
_OTHERS = ("bfloat16",)


def mutate(solution: Solution) -> Iterator[Change]:
    """Yield changes of each dtype that is named, and of each cast of a number."""
    for node in solution.all_of(ast.Attribute):
        if node.attr == _FLOAT and not _is_annotation(solution, node):
            for other in _OTHERS:
                text = f"{solution.alias_of('jax.numpy', 'jnp')}.{other}"
                yield solution.change(
                    "half_precision", node, text, f"Numbers go through {other}, which keeps three digits."
                )
    for call in solution.all_of(ast.Call):
        is_cast = isinstance(call.func, ast.Name) and call.func.id in _CASTS and len(call.args) == 1
        if is_cast:
            yield solution.change(
                "cast_dropped",
                call,
                solution.source_of(call.args[0]),
                "A number that arrives as a float is used without a cast.",
            )
        elif solution.last_name(call.func) == "astype" and isinstance(call.func, ast.Attribute):
            yield solution.change(
                "cast_dropped",
                call,
                solution.source_of(call.func.value),
                "An array is used without the cast that is asked for.",
            )


def _is_annotation(solution: Solution, node: ast.AST) -> bool:
    return any(isinstance(at, ast.arg | ast.AnnAssign) for at in solution.around(node))
