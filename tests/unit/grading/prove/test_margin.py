"""Between rounding, the tolerance and the nearest mistake there must be room; and time."""

import math

from app.core.outcome import Outcome
from app.grading.prove.margin import double_figure, nearest_figure, noise_figure, time_figure
from app.grading.prove.reasons import Reason
from app.grading.prove.results import Figure, Role, SolutionResult


def _variant(name: str, outcome: Outcome = Outcome.WRONG_VALUE, **distances: float) -> SolutionResult:
    return SolutionResult(
        role=Role.VARIANT, id=name, expected=Outcome.WRONG_VALUE, outcome=outcome, distances=distances
    )


def _reasons(figure: Figure | None) -> list[Reason]:
    assert figure is not None
    return [fault.reason for fault in figure.faults]


def test_noise_may_take_a_twentieth_of_the_tolerance() -> None:
    assert _reasons(noise_figure({"a": 0.01, "b": 0.05})) == []
    figure = noise_figure({"a": 0.01, "b": 0.051})
    assert _reasons(figure) == [Reason.NOISE_TOO_NEAR]
    assert "0.051 of the tolerance in b" in figure.faults[0].message


def test_a_float64_run_may_take_all_of_it() -> None:
    assert _reasons(double_figure({"a": 1.0})) == []
    assert _reasons(double_figure({"a": 1.01})) == [Reason.DISAGREES_WITH_FLOAT64]
    assert _reasons(double_figure({"a": math.inf})) == [Reason.DISAGREES_WITH_FLOAT64]


def test_a_variant_needs_five_tolerances_where_it_shows_most() -> None:
    """It may lie nearer elsewhere: one case that catches it well is enough."""
    declared = {"far": ("a", "b"), "near": ("a", "b")}
    rows = [_variant("far", a=1.5, b=600.0), _variant("near", a=4.9, b=1.2)]
    figure = nearest_figure(rows, declared)
    assert figure is not None
    assert _reasons(figure) == [Reason.VARIANT_TOO_NEAR]
    assert "near lies 4.9" in figure.faults[0].message
    assert (figure.value, figure.by_name) == (4.9, {"far": 600.0, "near": 4.9})


def test_only_cases_count_that_the_variant_is_declared_to_fail() -> None:
    rows = [_variant("one", a=3.0, b=600.0)]
    assert _reasons(nearest_figure(rows, {"one": ("a",)})) == [Reason.VARIANT_TOO_NEAR]


def test_what_is_caught_by_more_than_numbers_is_far_enough() -> None:
    figure = nearest_figure([_variant("tree", parameters=math.inf)], {"tree": ("parameters",)})
    assert _reasons(figure) == []


def test_a_variant_that_passes_is_refused_for_that_alone() -> None:
    rows = [_variant("right", Outcome.ACCEPTED, a=0.0)]
    assert nearest_figure(rows, {"right": ("a",)}) is None


def test_without_variants_there_is_no_nearest() -> None:
    assert nearest_figure([], {}) is None


def test_the_limit_is_twice_the_slowest_right_solution() -> None:
    taken = {"reference": 3.0, "vmapped": 4.2}
    assert _reasons(time_figure(taken, 8.4)) == []
    figure = time_figure(taken, 8.3)
    assert _reasons(figure) == [Reason.TIME_LIMIT_TOO_SMALL]
    assert "vmapped takes 4.2 s" in figure.faults[0].message
    assert "needs cpu_seconds = 9.0, not 8.3" in figure.faults[0].message
