"""Scores that are divided by nothing, or by the root of another width."""

import ast
from collections.abc import Iterator

from app.grading.mutate.change import Change
from app.grading.mutate.solution import Solution, number, same

_ROOTS = frozenset({"sqrt", "rsqrt"})


def mutate(solution: Solution) -> Iterator[Change]:
    """Yield changes of each quotient, product and root of arrays."""
    for node in solution.all_of(ast.BinOp):
        if isinstance(node.op, ast.Div | ast.Mult) and not solution.is_about_sizes(node):
            yield from _of_product(solution, node)
    for call in solution.all_of(ast.Call):
        if solution.last_name(call.func) in _ROOTS and call.args:
            yield from _of_root(solution, call)


def _of_product(solution: Solution, node: ast.BinOp) -> Iterator[Change]:
    verb = "divided by" if isinstance(node.op, ast.Div) else "multiplied with"
    what = (
        "Scores are not scaled"
        if _has_root(solution, node.right)
        else f"A value is not {verb} what is asked for"
    )
    yield solution.change("scale_dropped", node, solution.source_of(node.left), f"{what}.")
    if isinstance(node.op, ast.Mult) and number(node.left) is None:
        yield solution.change(
            "scale_dropped",
            node,
            solution.source_of(node.right),
            "A value is not multiplied with what is asked for.",
        )


def _has_root(solution: Solution, node: ast.expr) -> bool:
    return any(
        (isinstance(one, ast.Call) and solution.last_name(one.func) in _ROOTS)
        or (isinstance(one, ast.BinOp) and isinstance(one.op, ast.Pow))
        for one in ast.walk(node)
    )


def _of_root(solution: Solution, call: ast.Call) -> Iterator[Change]:
    under = call.args[0]
    yield solution.change(
        "root_dropped",
        call,
        f"1 / ({solution.source_of(under)})"
        if solution.last_name(call.func) == "rsqrt"
        else solution.source_of(under),
        "A value is divided by a width or a variance itself, not by its square root.",
    )
    if isinstance(under, ast.BinOp) and isinstance(under.op, ast.Add):
        left, right = solution.source_of(under.left), solution.source_of(under.right)
        root = solution.source_of(call.func)
        if solution.last_name(call.func) == "sqrt":
            yield solution.change(
                "epsilon_outside_root",
                call,
                f"{root}({left}) + {right}",
                "The small number is added behind the square root; it belongs under it.",
            )
        return
    for other in _other_widths(solution, call, under):
        yield solution.changes(
            "scale_of_another_width",
            call,
            [solution.places.replace(under, other)],
            "Scores are scaled by the root of another width than the one that is asked for.",
            becomes=f"{solution.source_of(call.func)}({other})",
        )


def _other_widths(solution: Solution, call: ast.Call, under: ast.expr) -> Iterator[str]:
    """Yield the widths that stand about: the last axis of what the function is handed."""
    function = solution.function_of(call)
    if function is None:
        return
    names = [arg.arg for arg in function.args.args if arg.arg not in ("self", "cls")]
    is_method = solution.class_of(function) is not None
    for name in names if is_method else names[:3]:
        text = f"{name}.shape[-1]"
        if not same(under, ast.parse(text, mode="eval").body):
            yield text
            return
