"""Parameters that are created, and so drawn, in another order; and projections in each other's place."""

import ast
from collections.abc import Iterator

from app.grading.mutate.change import Change
from app.grading.mutate.solution import Solution

_ORDER = (
    "Layers are created in another order than the statement's, so that each draws the random numbers of "
    "another."
)


def mutate(solution: Solution) -> Iterator[Change]:
    """Yield a change for each pair of neighbouring statements that may stand the other way round."""
    for function in solution.all_in_classes():
        for first, second in zip(function.body, function.body[1:], strict=False):
            if _draws(first) and _draws(second):
                yield _swapped(solution, first, second, "creation_order", _ORDER)
            elif pair := _alike(solution, first, second):
                yield from _exchanged(solution, *pair)


def _draws(statement: ast.stmt) -> bool:
    """Say whether a statement creates something with random numbers."""
    return isinstance(statement, ast.Assign) and any(
        isinstance(node, ast.Name) and node.id == "rngs" for node in ast.walk(statement.value)
    )


def _swapped(solution: Solution, first: ast.stmt, second: ast.stmt, operator: str, sentence: str) -> Change:
    places = solution.places
    one, other = solution.source_of(first), solution.source_of(second)
    return solution.changes(
        operator,
        first,
        [places.replace(first, other), places.replace(second, one)],
        sentence,
        becomes=f"{other}; {one}",
    )


def _alike(
    solution: Solution, first: ast.stmt, second: ast.stmt
) -> tuple[ast.Attribute, ast.Attribute] | None:
    """Return the attributes by which two assignments differ, where nothing else does."""
    if not (isinstance(first, ast.Assign) and isinstance(second, ast.Assign)):
        return None
    one = [node for node in ast.walk(first.value) if solution.layers.get(solution.own_attribute(node))]
    other = [node for node in ast.walk(second.value) if solution.layers.get(solution.own_attribute(node))]
    if len(one) != 1 or len(other) != 1:
        return None
    [of_first], [of_second] = one, other
    if not (isinstance(of_first, ast.Attribute) and isinstance(of_second, ast.Attribute)):
        return None
    written = ast.dump(first.value).replace(repr(of_first.attr), repr(of_second.attr))
    is_same_layer = solution.layers[of_first.attr] == solution.layers[of_second.attr]
    return (of_first, of_second) if is_same_layer and written == ast.dump(second.value) else None


def _exchanged(solution: Solution, first: ast.Attribute, second: ast.Attribute) -> Iterator[Change]:
    places = solution.places
    yield solution.changes(
        "layers_exchanged",
        first,
        [places.replace(first, f"self.{second.attr}"), places.replace(second, f"self.{first.attr}")],
        f"`{first.attr}` and `{second.attr}` are used in each other's place.",
        becomes=f"self.{second.attr}",
    )
    yield solution.changes(
        "one_layer_for_two",
        second,
        [places.replace(second, f"self.{first.attr}")],
        f"`{first.attr}` is used in the place of `{second.attr}`, which is never called.",
        becomes=f"self.{first.attr}",
    )
