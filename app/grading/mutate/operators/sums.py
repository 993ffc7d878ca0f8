"""Terms of a sum that are left out: a residual, a branch, a table of positions, an epsilon."""

import ast
from collections.abc import Iterator

from app.grading.mutate.change import Change
from app.grading.mutate.solution import Solution, calls_in, number, same

_COUNTS = (1, 2)
"""These are one off, where they are missing: see `numbers.py`."""


def mutate(solution: Solution) -> Iterator[Change]:
    """Yield a change for each term of each sum of arrays that can be left out."""
    for node in solution.all_of(ast.BinOp):
        if not isinstance(node.op, ast.Add | ast.Sub) or solution.is_about_sizes(node):
            continue
        if number(node.left) in _COUNTS or number(node.right) in _COUNTS:
            continue
        skip, branch = _residual(node)
        if skip is not None and branch is not None and isinstance(node.op, ast.Add):
            yield from _of_residual(solution, node, skip, branch)
        else:
            yield from _of_terms(solution, node)


def _residual(node: ast.BinOp) -> tuple[ast.expr | None, ast.expr | None]:
    """Return what a residual connection carries past, and what it is added to."""
    for skip, branch in ((node.left, node.right), (node.right, node.left)):
        reads = any(same(skip, arg) for call in calls_in(branch) for arg in call.args)
        if isinstance(skip, ast.Name | ast.Attribute) and reads:
            return skip, branch
    return None, None


def _of_residual(solution: Solution, node: ast.BinOp, skip: ast.expr, branch: ast.expr) -> Iterator[Change]:
    branch_text, skip_text = solution.source_of(branch), solution.source_of(skip)
    inner = _norm_of(solution, branch, skip)
    yield solution.change(
        "residual_dropped",
        node,
        branch_text,
        "A residual connection is missing: what a branch gives is added to the branch's own input.",
    )
    yield solution.change(
        "branch_dropped",
        node,
        skip_text,
        "One branch is left out: its input goes on as if the branch gave zeros.",
    )
    if inner is not None:
        yield solution.changes(
            "residual_of_normed",
            node,
            [solution.places.replace(skip, solution.source_of(inner))],
            "A residual connection carries the normalised input; it is the input itself, before the norm, "
            "that is added.",
            becomes=f"{solution.source_of(inner)} + {branch_text}",
        )
        moved = branch_text.replace(solution.source_of(inner), skip_text, 1)
        norm = solution.source_of(inner.func)
        yield solution.change(
            "post_norm",
            node,
            f"{norm}({skip_text} + {moved})",
            "The norm stands behind the sum (post-norm); it belongs in front of the branch (pre-norm), and "
            "the sum is not normalised.",
        )


def _norm_of(solution: Solution, branch: ast.expr, skip: ast.expr) -> ast.Call | None:
    """Return the norm in front of a branch."""
    for call in calls_in(branch):
        if solution.is_norm(call) and len(call.args) == 1 and same(call.args[0], skip):
            return call
    return None


def _of_terms(solution: Solution, node: ast.BinOp) -> Iterator[Change]:
    for kept, dropped in ((node.left, node.right), (node.right, node.left)):
        if (isinstance(node.op, ast.Sub) and kept is node.right) or number(kept) is not None:
            continue
        own = _own_parameter(solution, dropped)
        what = f"`{own}` is never added" if own else "One term of a sum is left out"
        yield solution.change("term_dropped", node, solution.source_of(kept), f"{what}.")


def _own_parameter(solution: Solution, node: ast.expr) -> str:
    """Return `name` for `self.name[...]` and `self.name.value`."""
    if isinstance(node, ast.Subscript):
        return solution.own_attribute(node.value)
    if isinstance(node, ast.Attribute) and node.attr == "value":
        return solution.own_attribute(node.value)
    return solution.own_attribute(node)
