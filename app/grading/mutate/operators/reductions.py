"""A mean for a sum, a maximum for a mean, an unbiased variance for a biased one."""

import ast
from collections.abc import Iterator

from app.grading.mutate.change import Change
from app.grading.mutate.solution import Solution, argument, number

_OTHERS = {"mean": ("sum", "max"), "sum": ("mean",), "max": ("mean",), "min": ("max",), "prod": ("sum",)}
_SPREADS = frozenset({"var", "std"})


def mutate(solution: Solution) -> Iterator[Change]:
    """Yield changes of each reduction that is called."""
    for call in solution.all_of(ast.Call):
        name = solution.last_name(call.func)
        if not isinstance(call.func, ast.Attribute) or solution.is_about_sizes(call):
            continue
        for other in _OTHERS.get(name, ()):
            function = f"{solution.source_of(call.func.value)}.{other}"
            yield solution.changes(
                "another_reduction",
                call,
                [solution.places.replace(call.func, function)],
                f"The {_WORDS[other]} is taken, where the {_WORDS[name]} is asked for.",
                becomes=f"{other}(...)",
            )
        if name in _SPREADS:
            yield from _of_spread(solution, call, name)


_WORDS = {"mean": "mean", "sum": "sum", "max": "maximum", "min": "minimum", "prod": "product"}


def _of_spread(solution: Solution, call: ast.Call, name: str) -> Iterator[Change]:
    freedom = argument(call, "ddof")
    if freedom is None or number(freedom) == 0:
        text = (
            solution.with_keyword(call, "ddof=1")
            if freedom is None
            else solution.source_of(call).replace(solution.source_of(freedom), "1")
        )
        yield solution.change(
            "unbiased_variance",
            call,
            text,
            "The variance is divided by one less than the count (unbiased); it is divided by the count.",
            group=False,
        )
    elif number(freedom) == 1:
        yield solution.changes(
            "biased_variance",
            call,
            [solution.places.replace(freedom, "0")],
            "The variance is divided by the count (biased); it is divided by one less.",
            becomes="ddof=0",
        )
    other = {"var": "std", "std": "var"}[name]
    if isinstance(call.func, ast.Attribute):
        yield solution.changes(
            "another_spread",
            call,
            [solution.places.replace(call.func, f"{solution.source_of(call.func.value)}.{other}")],
            "The standard deviation is taken for the variance."
            if other == "std"
            else "The variance is taken for the standard deviation.",
            becomes=f"{other}(...)",
        )
