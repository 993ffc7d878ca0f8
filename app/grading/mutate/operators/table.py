"""Every operator: one line here, and a file of that name beside it."""

from collections.abc import Callable, Iterator

from app.grading.mutate.change import Change
from app.grading.mutate.operators import (
    activations,
    arguments,
    axes,
    dtypes,
    joins,
    layers,
    layout,
    norms,
    numbers,
    order,
    parameters,
    reductions,
    rows,
    scales,
    sums,
)
from app.grading.mutate.solution import Solution

OPERATORS: tuple[Callable[[Solution], Iterator[Change]], ...] = (
    sums.mutate,
    norms.mutate,
    axes.mutate,
    scales.mutate,
    layout.mutate,
    numbers.mutate,
    rows.mutate,
    activations.mutate,
    layers.mutate,
    parameters.mutate,
    order.mutate,
    reductions.mutate,
    dtypes.mutate,
    joins.mutate,
    arguments.mutate,
)
"""In the order in which a problem's mutants are listed where two stand at one line."""
