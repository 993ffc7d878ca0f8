"""Layers that are created with another initialiser, without a bias, or with other settings."""

import ast
from collections.abc import Iterator

from app.grading.mutate.change import Change
from app.grading.mutate.solution import Solution, argument

_DENSE = frozenset({"Linear", "Conv", "LinearGeneral", "Einsum"})
_PADDINGS = {"VALID": "SAME", "SAME": "VALID"}


def mutate(solution: Solution) -> Iterator[Change]:
    """Yield changes of each dense or convolutional layer that is created."""
    for call in solution.all_of(ast.Call):
        if solution.last_name(call.func) in _DENSE and argument(call, "rngs") is not None:
            yield from _of_layer(solution, call)


def _of_layer(solution: Solution, call: ast.Call) -> Iterator[Change]:
    bias = argument(call, "use_bias")
    if bias is None:
        yield solution.change(
            "bias_dropped",
            call,
            solution.with_keyword(call, "use_bias=False"),
            "A layer is created without a bias.",
            group=False,
        )
    elif isinstance(bias, ast.Constant):
        yield solution.changes(
            "bias_added" if bias.value is False else "bias_dropped",
            call,
            [solution.places.replace(bias, repr(not bias.value))],
            "A layer has a bias that is not asked for."
            if bias.value is False
            else "A layer is created without a bias.",
            becomes=f"use_bias={not bias.value}",
        )
    if argument(call, "kernel_init") is None:
        initialiser = f"{solution.alias_of('flax.nnx', 'nnx')}.initializers.xavier_uniform()"
        yield solution.change(
            "another_initialiser",
            call,
            solution.with_keyword(call, f"kernel_init={initialiser}"),
            "A layer's kernel starts from another initialiser than Flax's default.",
            group=False,
        )
    padding = argument(call, "padding")
    if isinstance(padding, ast.Constant) and padding.value in _PADDINGS:
        other = _PADDINGS[str(padding.value)]
        yield solution.changes(
            "another_padding",
            call,
            [solution.places.replace(padding, repr(other))],
            f"A convolution pads as `{other}` does.",
            becomes=f"padding={other!r}",
        )
