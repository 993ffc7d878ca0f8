"""Rows and blocks that are read elsewhere, more often, or not at all."""

import ast
from collections.abc import Iterator

from app.grading.mutate.change import Change
from app.grading.mutate.solution import Solution, number


def mutate(solution: Solution) -> Iterator[Change]:
    """Yield changes of each row or slice that is read, and of each loop over layers."""
    for node in solution.all_of(ast.Subscript):
        if not isinstance(node.ctx, ast.Load) or _is_of_a_shape(node) or solution.is_about_sizes(node):
            continue
        if _is_annotation(solution, node):
            continue
        index = _first_index(node)
        if isinstance(index, ast.Slice):
            yield from _of_slice(solution, node, index)
        elif number(index) is not None:
            yield from _of_row(solution, node, index)
    for loop in solution.all_of(ast.For):
        if solution.own_attribute(loop.iter):
            yield from _of_loop(solution, loop)


def _is_of_a_shape(node: ast.Subscript) -> bool:
    return isinstance(node.value, ast.Attribute) and node.value.attr == "shape"


def _is_annotation(solution: Solution, node: ast.Subscript) -> bool:
    """Say whether it stands in a type: `list[int]`."""
    below: ast.AST = node
    for at in solution.around(node):
        if isinstance(at, ast.AnnAssign | ast.arg) and below is at.annotation:
            return True
        if isinstance(at, ast.FunctionDef):
            return below is at.returns
        below = at
    return False


def _first_index(node: ast.Subscript) -> ast.expr:
    return node.slice.elts[0] if isinstance(node.slice, ast.Tuple) and node.slice.elts else node.slice


def _of_row(solution: Solution, node: ast.Subscript, index: ast.expr) -> Iterator[Change]:
    row = number(index)
    others = (1, -1) if row == 0 else (0,)
    for other in others:
        yield solution.changes(
            "another_row",
            node,
            [solution.places.replace(index, str(other))],
            f"Row {other} is read where row {row} is asked for; the first row is row 0.",
            becomes=f"row {other}",
        )
    if index is node.slice:
        yield solution.change(
            "mean_for_a_row",
            node,
            f"{solution.source_of(node.value)}.mean(axis=0)",
            "The mean of all rows is taken where one row is asked for.",
        )


def _of_slice(solution: Solution, node: ast.Subscript, index: ast.Slice) -> Iterator[Change]:
    whole = solution.source_of(index)
    if index.lower is not None and index.upper is None and number(index.lower) == 1:
        for other, sentence in (
            (":-1", "The last row is left out where the first is to be."),
            (":", "The first row is taken along where it is to be left out."),
        ):
            yield solution.changes(
                "another_slice", node, [solution.places.replace(index, other)], sentence, becomes=f"[{other}]"
            )
    step = number(index.step)
    if step is not None and step > 1:
        without = whole.rpartition(":")[0]
        start = str(int(number(index.lower) or 0))
        other = ("1" if start == "0" else "0") + f"::{int(step)}"
        yield solution.changes(
            "another_slice",
            node,
            [solution.places.replace(index, other)],
            f"Every {int(step)}th place is read from another start.",
            becomes=f"[{other}], not [{without}...]",
        )


def _of_loop(solution: Solution, loop: ast.For) -> Iterator[Change]:
    layers = solution.source_of(loop.iter)
    for operator, other, sentence in (
        ("last_layer_dropped", f"list({layers})[:-1]", "The last layer of a list is left out."),
        (
            "layers_reversed",
            f"reversed(list({layers}))",
            "The layers of a list are called from the last to the first.",
        ),
        (
            "one_layer_for_all",
            f"list({layers})[:1] * len({layers})",
            "The first layer of a list is called in the place of all others: each has parameters of its own.",
        ),
    ):
        yield solution.changes(
            operator, loop.iter, [solution.places.replace(loop.iter, other)], sentence, becomes=other
        )
