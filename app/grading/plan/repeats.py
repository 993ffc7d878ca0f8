"""Calls A, B, A: the first input of each shape that a sample has comes again after another one of that shape.

A solution that keeps its answer by the inputs' shapes is wrong on the second; one that changes what it
keeps, counts its calls or writes into its arguments is wrong when the first comes again. The latter does
not depend on the shape, so the shapes of hidden cases do without a third call.
"""

from collections.abc import Iterable, Sequence

from app.core.generators import Arange, Argument, Key, Seed
from app.core.problem import Case, Problem
from app.core.verdict import Visibility

Shape = tuple[object, ...]


def cases_to_repeat(problem: Problem, cases: Sequence[Case]) -> tuple[Case, ...]:
    """Return the first of `cases` of each shape that another one has too, of those that a learner can run.

    Where there is none, the first of any shape that another one has too, or the very first.
    """
    compared = compared_cases(problem, cases)
    shared = [group for group in _by_shape(problem, compared).values() if len(group) > 1]
    of_samples = [group for group in shared if any(case.visibility is Visibility.SAMPLE for case in group)]
    return tuple(group[0] for group in of_samples or shared[:1]) or tuple(compared[:1])


def shapes_without_a_second_input(problem: Problem) -> tuple[str, ...]:
    """Return the cases whose shape no other input has, in any submission; they pass answers kept by shape.

    `fresh = 1` mends it, where something of the case is random.
    """
    groups = _by_shape(problem, compared_cases(problem, problem.manifest.cases))
    return tuple(group[0].name for group in groups.values() if sum(map(_inputs, group)) < 2)


def compared_cases(problem: Problem, cases: Iterable[Case]) -> list[Case]:
    """Return those whose answer is compared with the reference's, and not judged by a probe instead."""
    return [case for case in cases if case.name not in problem.manifest.replaced_cases]


def _by_shape(problem: Problem, cases: Iterable[Case]) -> dict[Shape, list[Case]]:
    seeds = {
        name
        for case in problem.manifest.cases
        for name, argument in case.arguments.items()
        if isinstance(argument, Seed | Key)
    }
    names = [name for name in problem.manifest.entry.parameters if name not in seeds]
    groups: dict[Shape, list[Case]] = {}
    for case in cases:
        groups.setdefault(tuple(_shape(case.arguments[name]) for name in names), []).append(case)
    return groups


def _shape(argument: Argument) -> object:
    """Return an array's shape and dtype; a plain number counts as it is, for shapes may follow from it."""
    if isinstance(argument, int | float):
        return float(argument)
    return "seed" if isinstance(argument, Seed | Key) else (argument.shape, argument.dtype)


def _inputs(case: Case) -> int:
    is_random = any(not isinstance(argument, int | float | Arange) for argument in case.arguments.values())
    return 1 + (case.fresh if is_random else 0)
