"""Between rounding, the tolerance and the nearest mistake there must be a margin; time; a second input."""

import math

from app.core.outcome import Outcome
from app.core.problem import Limits
from app.grading.plan.repeats import shapes_without_a_second_input
from app.grading.prove.margin import (
    TimeTaken,
    determinism_figure,
    double_figure,
    nearest_figure,
    noise_figure,
    second_input_figure,
    time_figure,
)
from app.grading.prove.reasons import Reason
from app.grading.prove.results import Figure, Role, SolutionResult
from tests.support.provable_problem import BROKEN, problem_of, provable_files
from tests.support.toy_problem import toy_problem

_SECOND = """
[[cases]]
name = "two"
visibility = "hidden"
[cases.arguments]
seed = 7
x = { generator = "uniform", shape = [6], seed = 3 }
"""


def _with(case: str, *, fresh: bool) -> dict[str, str]:
    files = provable_files()
    text = files["problem.toml"] if fresh else files["problem.toml"].replace("fresh = 1\n", "")
    return {**files, "problem.toml": text.replace("[[probes]]", f"{case}\n[[probes]]", 1)}


def _variant(name: str, outcome: Outcome = Outcome.WRONG_VALUE, **distances: float) -> SolutionResult:
    return SolutionResult(
        role=Role.VARIANT, id=name, expected=Outcome.WRONG_VALUE, outcome=outcome, distances=distances
    )


def _reasons(figure: Figure | None) -> list[Reason]:
    assert figure is not None
    return [fault.reason for fault in figure.faults]


def test_noise_may_take_a_tenth_of_the_tolerance() -> None:
    """A problem that was made with a twentieth is not refused where another processor makes more."""
    assert _reasons(noise_figure({"a": 0.01, "b": 0.1})) == []
    figure = noise_figure({"a": 0.01, "b": 0.101})
    assert _reasons(figure) == [Reason.NOISE_TOO_NEAR]
    assert "0.1 of the tolerance in b" in figure.faults[0].message


def test_a_float64_run_may_take_all_of_it() -> None:
    assert _reasons(double_figure({"a": 1.0})) == []
    assert _reasons(double_figure({"a": 1.01})) == [Reason.DISAGREES_WITH_FLOAT64]
    assert _reasons(double_figure({"a": math.inf})) == [Reason.DISAGREES_WITH_FLOAT64]


def test_a_variant_needs_five_tolerances_where_it_shows_most() -> None:
    """It may lie nearer elsewhere: one case that catches it well is enough."""
    declared = {"far": ("a", "b"), "near": ("a", "b")}
    results = [_variant("far", a=1.5, b=600.0), _variant("near", a=4.9, b=1.2)]
    figure = nearest_figure(results, declared)
    assert figure is not None
    assert _reasons(figure) == [Reason.VARIANT_TOO_NEAR]
    assert "near lies 4.9" in figure.faults[0].message
    assert (figure.value, figure.by_name) == (4.9, {"far": 600.0, "near": 4.9})


def test_only_cases_count_that_the_variant_is_declared_to_fail() -> None:
    results = [_variant("one", a=3.0, b=600.0)]
    assert _reasons(nearest_figure(results, {"one": ("a",)})) == [Reason.VARIANT_TOO_NEAR]


def test_what_is_caught_by_more_than_numbers_is_far_enough() -> None:
    figure = nearest_figure([_variant("tree", parameters=math.inf)], {"tree": ("parameters",)})
    assert _reasons(figure) == []


def test_a_variant_that_passes_is_refused_for_that_alone() -> None:
    results = [_variant("right", Outcome.ACCEPTED, a=0.0)]
    assert nearest_figure(results, {"right": ("a",)}) is None


def test_without_variants_there_is_no_nearest() -> None:
    assert nearest_figure([], {}) is None


def _taken(**taken: tuple[float, float]) -> dict[str, TimeTaken]:
    return {name: TimeTaken(computing=both[0], compiling=both[1]) for name, both in taken.items()}


def test_the_limit_is_twice_the_slowest_right_solution() -> None:
    taken = _taken(reference=(3.0, 2.0), vmapped=(4.2, 1.0))
    assert _reasons(time_figure(taken, Limits(cpu_seconds=8.4))) == []
    figure = time_figure(taken, Limits(cpu_seconds=8.3))
    assert _reasons(figure) == [Reason.TIME_LIMIT_TOO_SMALL]
    assert "vmapped takes 4.2 s" in figure.faults[0].message
    assert "needs cpu_seconds = 9.0, not 8.3" in figure.faults[0].message


def test_compiling_has_a_limit_of_its_own() -> None:
    limits = Limits(cpu_seconds=10, compile_seconds=20)
    assert _reasons(time_figure(_taken(jitted=(5.0, 10.0)), limits)) == []
    figure = time_figure(_taken(reference=(5.0, 1.0), jitted=(1.0, 10.1)), limits)
    assert [fault.message for fault in figure.faults] == [
        (
            "jitted takes 10.1 s of compiling with nothing compiled before; "
            "twice that needs compile_seconds = 21.0, not 20"
        )
    ]


def test_where_nothing_else_is_said_compiling_may_take_as_much_as_computing() -> None:
    taken = _taken(reference=(0.1, 0.5))
    assert _reasons(time_figure(taken, Limits(cpu_seconds=1.0))) == []
    figure = time_figure(taken, Limits(cpu_seconds=0.6))
    assert "takes 0.5 s of compiling" in figure.faults[0].message
    assert "needs cpu_seconds = 1.0, not 0.6" in figure.faults[0].message


def test_what_is_compiled_beyond_it_counts_as_computing() -> None:
    """As it would in a run."""
    figure = time_figure(_taken(jitted=(4.0, 22.0)), Limits(cpu_seconds=10, compile_seconds=20))
    assert figure.value == 6.0
    assert len(figure.faults) == 2


def test_a_fresh_case_is_a_second_input() -> None:
    assert shapes_without_a_second_input(problem_of(provable_files())) == ()
    assert shapes_without_a_second_input(toy_problem()) == ()


def test_an_input_alone_of_its_shape_is_named() -> None:
    problem = BROKEN["there is one input only"].problem
    assert shapes_without_a_second_input(problem) == ("one",)
    assert "shapes of one, " in second_input_figure(problem).faults[0].message


def test_another_case_of_the_shapes_is_a_second_input() -> None:
    """Whether its seed is drawn or written down: a seed decides no shape."""
    assert shapes_without_a_second_input(problem_of(_with(_SECOND, fresh=False))) == ()


def test_another_shape_is_no_second_input() -> None:
    other = _SECOND.replace("[6]", "[2, 3]")
    assert shapes_without_a_second_input(problem_of(_with(other, fresh=True))) == ("two",)


def test_a_reference_that_repeats_itself_differs_in_nothing() -> None:
    assert _reasons(determinism_figure([])) == []
    figure = determinism_figure(["one", "two"])
    assert _reasons(figure) == [Reason.NOT_DETERMINISTIC]
    assert "different bits for one, two" in figure.faults[0].message
