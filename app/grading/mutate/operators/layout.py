"""Axes in another order: transposes left out or added, reshapes that read another way."""

import ast
import itertools
from collections.abc import Iterator

from app.grading.mutate.change import Change
from app.grading.mutate.solution import Solution

_TRANSPOSES = frozenset({"swapaxes", "transpose", "moveaxis", "matrix_transpose", "permute_dims"})
_TURNED = frozenset({"T", "mT"})
_PAIR = 2
_MERGED = "Axes are merged or split in another order than the one that is asked for."


def mutate(solution: Solution) -> Iterator[Change]:
    """Yield changes of each transpose, reshape, and pattern of `einsum` or `rearrange`."""
    for call in solution.all_of(ast.Call):
        name = solution.last_name(call.func)
        if name in _TRANSPOSES:
            yield from _of_transpose(solution, call)
        elif name in ("reshape", "ravel", "flatten"):
            yield from _of_reshape(solution, call, name)
        elif name == "einsum":
            yield from _of_einsum(solution, call)
        elif name == "rearrange":
            yield from _of_rearrange(solution, call)
    for node in solution.all_of(ast.Attribute):
        if node.attr in _TURNED:
            yield solution.change(
                "transpose_dropped", node, solution.source_of(node.value), "A transpose is left out."
            )


def _array_of(solution: Solution, call: ast.Call) -> ast.expr | None:
    """Return what is turned or reshaped, of `x.reshape(...)` and of `jnp.reshape(x, ...)`."""
    if solution.dotted(call.func).startswith(("jax.", "numpy.", "jnp.", "np.")):
        return call.args[0] if call.args else None
    return call.func.value if isinstance(call.func, ast.Attribute) else None


def _of_transpose(solution: Solution, call: ast.Call) -> Iterator[Change]:
    array = _array_of(solution, call)
    if array is not None:
        yield solution.change(
            "transpose_dropped", call, solution.source_of(array), "A transpose is left out."
        )
    tuples = [arg for arg in call.args if isinstance(arg, ast.Tuple)]
    axes = tuples[0].elts if tuples else [arg for arg in call.args if arg is not array]
    if solution.last_name(call.func) == "transpose" and len(axes) > _PAIR:
        first, second = axes[-_PAIR], axes[-1]
        yield solution.changes(
            "axes_swapped",
            call,
            [
                solution.places.replace(first, solution.source_of(second)),
                solution.places.replace(second, solution.source_of(first)),
            ],
            "A transpose puts two axes the other way round.",
            becomes=f"{solution.source_of(second)}, {solution.source_of(first)}",
        )


def _of_reshape(solution: Solution, call: ast.Call, name: str) -> Iterator[Change]:
    if solution.is_about_sizes(call):
        return
    yield solution.change(
        "reshape_by_column",
        call,
        solution.with_keyword(call, 'order="F"'),
        "An array is flattened or split column by column; it is read row by row.",
        group=False,
    )
    array = _array_of(solution, call)
    sizes = _sizes(call, array)
    if name == "reshape" and array is not None and len(sizes) > _PAIR:
        for first, second in itertools.pairwise(sizes):
            yield solution.changes(
                "reshape_axes_swapped",
                call,
                [
                    solution.places.replace(first, solution.source_of(second)),
                    solution.places.replace(second, solution.source_of(first)),
                ],
                _MERGED,
                becomes=f"{solution.source_of(second)}, {solution.source_of(first)}",
            )


def _sizes(call: ast.Call, array: ast.expr | None) -> list[ast.expr]:
    """Return the sizes that a reshape asks for, where they are written one by one."""
    asked = [arg for arg in call.args if arg is not array]
    return list(asked[0].elts) if len(asked) == 1 and isinstance(asked[0], ast.Tuple) else asked


def _of_einsum(solution: Solution, call: ast.Call) -> Iterator[Change]:
    pattern = call.args[0] if call.args else None
    if not (isinstance(pattern, ast.Constant) and isinstance(pattern.value, str)):
        return
    before, arrow, after = pattern.value.partition("->")
    letters = after.strip()
    if arrow and len(letters) >= _PAIR and "." not in letters:
        turned = f"{before}->{letters[:-_PAIR]}{letters[-1]}{letters[-_PAIR]}"
        yield solution.changes(
            "einsum_axes_swapped",
            call,
            [solution.places.replace(pattern, repr(turned))],
            "The last two axes of a product come out the other way round.",
            becomes=repr(turned),
        )


def _of_rearrange(solution: Solution, call: ast.Call) -> Iterator[Change]:
    pattern = next((a for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)), None)
    if pattern is None:
        return
    before, arrow, after = str(pattern.value).partition("->")
    for opening in [index for index, letter in enumerate(after) if letter == "("]:
        closing = after.find(")", opening)
        names = after[opening + 1 : closing].split()
        if arrow and len(names) >= _PAIR:
            turned = " ".join([names[1], names[0], *names[_PAIR:]])
            text = repr(f"{before}->{after[: opening + 1]}{turned}{after[closing:]}")
            yield solution.changes(
                "merged_in_another_order",
                call,
                [solution.places.replace(pattern, text)],
                _MERGED,
                becomes=text,
            )
