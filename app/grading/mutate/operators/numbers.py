"""Counts that are one off, and constants that are others."""

import ast
from collections.abc import Iterator

from app.grading.mutate.change import Change
from app.grading.mutate.solution import Solution, number

_RANGES = frozenset({"range", "arange"})
_TABLES = frozenset({"zeros", "ones"})
_LEAST = 1.5
"""Constants below it are signs, shares and small numbers that others operators know."""


def mutate(solution: Solution) -> Iterator[Change]:
    """Yield changes of counts in shapes and ranges, and of other literal numbers."""
    for node in solution.all_of(ast.BinOp):
        if isinstance(node.op, ast.Add | ast.Sub) and number(node.right) in (1, 2):
            sign = "more" if isinstance(node.op, ast.Add) else "fewer"
            yield solution.change(
                "one_off",
                node,
                solution.source_of(node.left),
                f"A count is off: {number(node.right)} {sign} is asked for.",
            )
    for call in solution.all_of(ast.Call):
        name = solution.last_name(call.func)
        if name in _RANGES and len(call.args) == 1:
            yield from _of_range(solution, call)
        elif name in _TABLES and call.args:
            yield from _of_table(solution, call)
    for constant in solution.all_of(ast.Constant):
        yield from _of_constant(solution, constant)


def _of_range(solution: Solution, call: ast.Call) -> Iterator[Change]:
    [end] = call.args
    text = solution.source_of(end)
    yield solution.changes(
        "range_one_short",
        call,
        [solution.places.replace(end, f"({text}) - 1")],
        "A range ends one too early.",
        becomes=f"{text} - 1",
    )
    if solution.last_name(call.func) == "arange":
        yield solution.changes(
            "counted_from_one",
            call,
            [solution.places.replace(end, f"1, ({text}) + 1")],
            "Places are counted from one; the first is 0.",
            becomes=f"1, {text} + 1",
        )


def _of_table(solution: Solution, call: ast.Call) -> Iterator[Change]:
    shape = call.args[0]
    rows = shape.elts[0] if isinstance(shape, ast.Tuple) and shape.elts else None
    if isinstance(rows, ast.Name | ast.BinOp):
        yield solution.changes(
            "table_one_row_more",
            call,
            [solution.places.replace(rows, f"({solution.source_of(rows)}) + 1")],
            "A table has one row too many.",
            becomes=f"{solution.source_of(rows)} + 1 rows",
        )


def _of_constant(solution: Solution, constant: ast.Constant) -> Iterator[Change]:
    value = number(constant)
    parent = solution.parent_of(constant)
    if (
        value is None
        or value < _LEAST
        or not isinstance(parent, ast.BinOp)
        or solution.is_about_sizes(constant)
    ):
        return
    if isinstance(parent.op, ast.Add | ast.Sub) and value in (1, 2):
        return
    other = repr(value * 10) if value > 10 else repr(value + 1)
    yield solution.change(
        "another_constant",
        constant,
        other,
        f"A constant is {other}, not the one that is asked for.",
        group=False,
    )
