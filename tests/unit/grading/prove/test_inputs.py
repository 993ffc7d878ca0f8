"""Cases are looked at before anything runs: a second input a shape, and inputs of another seed."""

from app.grading.plan.repeats import shapes_without_a_second_input
from app.grading.prove.inputs import reseeded_checks, second_input_figure
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


def test_another_seed_changes_the_seed_alone_where_there_is_one() -> None:
    """The input stays, so that only what the seed draws differs."""
    checks = {
        check.name: check.call.arguments for check in reseeded_checks(problem_of(provable_files())).values()
    }
    [was] = problem_of(provable_files()).manifest.cases
    assert set(checks) >= {"one", "handed-in"}
    assert checks["one"][0] != was.arguments["seed"]
    assert checks["one"][1] == checks["handed-in"][1]


def test_without_a_seed_argument_the_input_is_another() -> None:
    checks = reseeded_checks(problem_of(_with(_SECOND, fresh=True)))
    assert checks["two"].call.arguments[0] == 7.0


def test_a_checkpoint_is_handed_other_parameters() -> None:
    module = reseeded_checks(problem_of(provable_files()))["handed-in"].call.module
    assert module is not None
    assert module.seed != 9


def test_a_case_without_anything_drawn_has_no_other_seed() -> None:
    fixed = _SECOND.replace('{ generator = "uniform", shape = [6], seed = 3 }', "3")
    assert "two" not in reseeded_checks(problem_of(_with(fixed, fresh=True)))
