"""Parts that are joined in another order or added by broadcasting; sizes that are taken for each other."""

import ast
from collections.abc import Iterator

from app.grading.mutate.change import Change
from app.grading.mutate.solution import Solution

_JOINS = frozenset({"concatenate", "concat", "stack", "hstack", "vstack"})
_PAIR = 2


def mutate(solution: Solution) -> Iterator[Change]:
    """Yield changes of each joining of arrays, each matrix product, and each shape that is unpacked."""
    for call in solution.all_of(ast.Call):
        name = solution.last_name(call.func)
        if name in _JOINS and call.args and isinstance(call.args[0], ast.List | ast.Tuple):
            yield from _of_join(solution, call, call.args[0])
        elif name in ("broadcast_to", "tile", "repeat") and call.args:
            yield solution.change(
                "not_expanded",
                call,
                solution.source_of(call.args[0]),
                "An array is left to broadcast by itself, where it is to be expanded.",
            )
    for node in solution.all_of(ast.BinOp):
        if isinstance(node.op, ast.MatMult):
            yield _product_turned(solution, node)
    for statement in solution.all_of(ast.Assign):
        yield from _of_unpacking(solution, statement)


def _of_join(solution: Solution, call: ast.Call, parts: ast.List | ast.Tuple) -> Iterator[Change]:
    if len(parts.elts) != _PAIR or any(isinstance(part, ast.Starred) for part in parts.elts):
        return
    first, second = parts.elts
    one, other = solution.source_of(first), solution.source_of(second)
    yield solution.changes(
        "joined_in_another_order",
        call,
        [solution.places.replace(first, other), solution.places.replace(second, one)],
        "Two parts are joined in the other order: what belongs in front stands behind.",
        becomes=f"[{other}, {one}]",
    )
    yield solution.change(
        "added_in_place_of_joined",
        call,
        f"{one} + {other}",
        "One part is added to the other by broadcasting, where they are to be joined.",
    )


def _product_turned(solution: Solution, node: ast.BinOp) -> Change:
    one, other = solution.source_of(node.left), solution.source_of(node.right)
    return solution.changes(
        "factors_exchanged",
        node,
        [solution.places.replace(node.left, f"({other})"), solution.places.replace(node.right, f"({one})")],
        "The factors of a matrix product stand the other way round.",
        becomes=f"({other}) @ ({one})",
    )


def _of_unpacking(solution: Solution, statement: ast.Assign) -> Iterator[Change]:
    [target, *_] = statement.targets
    if not (isinstance(target, ast.Tuple) and solution.last_name(statement.value) == "shape"):
        return
    for first, second in zip(target.elts, target.elts[1:], strict=False):
        if not (isinstance(first, ast.Name) and isinstance(second, ast.Name)):
            continue
        yield solution.changes(
            "sizes_exchanged",
            statement,
            [solution.places.replace(first, second.id), solution.places.replace(second, first.id)],
            "Two sizes of an array are taken for each other.",
            becomes=f"{second.id}, {first.id}",
        )
