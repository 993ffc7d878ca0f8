"""An argument of the entry function that is ignored: what a learner writes who has one sample before them."""

import ast
from collections.abc import Iterator

from app.grading.mutate.change import Change
from app.grading.mutate.solution import Solution

_NUMBERS = (int, float)


def mutate(solution: Solution) -> Iterator[Change]:
    """Yield a change for each of the entry's arguments: a number as in the first sample, an array of ones."""
    entry = solution.entry
    if entry is None:
        return
    body = entry.body
    is_documented = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    first = body[1] if is_documented and len(body) > 1 else body[0]
    for arg in (*entry.args.posonlyargs, *entry.args.args, *entry.args.kwonlyargs):
        value = solution.samples.get(arg.arg)
        if isinstance(value, bool):
            continue
        if isinstance(value, _NUMBERS):
            text, what = repr(float(value)), "is not read: the value of the first sample is used"
        elif value is not None:
            text, what = f"0 * {arg.arg} + 1", "is not read: only its shape is"
        else:
            continue
        indent = " " * first.col_offset
        yield solution.changes(
            "argument_ignored",
            first,
            [solution.places.insert_before(first, f"{arg.arg} = {text}\n{indent}")],
            f"The argument `{arg.arg}` {what}.",
            becomes=f"{arg.arg} = {text}",
        )
