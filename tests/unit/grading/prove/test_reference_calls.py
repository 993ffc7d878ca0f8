"""The reference under other conditions: with another seed, what is drawn is another, and nothing else."""

from app.grading.prove.reference_calls import reseeded_checks
from tests.support.provable_problem import problem_of, provable_files

_SECOND = """
[[cases]]
name = "two"
visibility = "hidden"
[cases.arguments]
seed = 7
x = { generator = "uniform", shape = [6], seed = 3 }
"""


def _with(case: str) -> dict[str, str]:
    files = provable_files()
    return {**files, "problem.toml": files["problem.toml"].replace("[[probes]]", f"{case}\n[[probes]]", 1)}


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
    checks = reseeded_checks(problem_of(_with(_SECOND)))
    assert checks["two"].call.arguments[0] == 7.0


def test_a_checkpoint_is_handed_other_parameters() -> None:
    module = reseeded_checks(problem_of(provable_files()))["handed-in"].call.module
    assert module is not None
    assert module.seed != 9


def test_a_case_without_anything_drawn_has_no_other_seed() -> None:
    fixed = _SECOND.replace('{ generator = "uniform", shape = [6], seed = 3 }', "3")
    assert "two" not in reseeded_checks(problem_of(_with(fixed)))
