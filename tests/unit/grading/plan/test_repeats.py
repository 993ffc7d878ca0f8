"""Which cases are called a second time, and which shapes have no second input."""

import pytest

from app.core.problem import Problem
from app.core.verdict import Mode
from app.grading.plan.checks import checks_of, redrawn_checks
from app.grading.plan.repeats import shapes_without_a_second_input
from tests.support.probed_problems import DETERMINISM, case, counted, probed

_TWO = case("short", seed=1) + case("other", seed=2) + case("long", seed=3, shape=(4, 3), visibility="hidden")


def _repeated(problem: Problem, mode: Mode = Mode.SUBMIT, fresh_seed: int | None = None) -> list[str]:
    checks = checks_of(problem, mode, fresh_seed=fresh_seed)
    return [check.repeats for check in checks if check.repeats]


def test_the_first_of_each_shape_that_two_have_comes_again() -> None:
    """Other seeds are the same shape: a cache that forgets the seed is what must be caught."""
    assert _repeated(probed("", module=False, cases=_TWO)) == ["short"]


def test_a_fresh_case_is_a_second_input() -> None:
    problem = probed("", module=False, cases=case("short", seed=1, fresh=1))
    assert _repeated(problem) == _repeated(problem, fresh_seed=5) == ["short"]
    two = case("short", seed=1, fresh=1) + case("tall", seed=2, shape=(4, 3), fresh=1)
    assert _repeated(probed("", module=False, cases=two), fresh_seed=5) == ["short", "tall"]


def test_a_shape_of_hidden_cases_alone_comes_again_where_no_sample_does() -> None:
    """What is kept does not depend on the shape, and each call makes a learner wait."""
    long = case("long", seed=2, shape=(4, 3), visibility="hidden", fresh=1)
    for cases, again in (
        (case("short", seed=1, fresh=1) + long, "short"),
        (case("short", seed=1) + long, "long"),
        (long + case("seen", seed=3, shape=(4, 3)), "long"),
    ):
        assert _repeated(probed("", module=False, cases=cases), fresh_seed=5) == [again]


def test_without_a_second_input_the_very_first_comes_again() -> None:
    problem = probed("", module=False, cases=case("short", seed=1) + case("long", seed=2, shape=(4, 3)))
    assert _repeated(problem) == ["short"]
    assert _repeated(problem, Mode.RUN) == ["short"]


def test_it_comes_quietly_after_all_cases_and_before_probes_that_hand_parameters_in() -> None:
    problem = probed(DETERMINISM, module=False, cases=_TWO)
    checks = checks_of(problem, Mode.SUBMIT, fresh_seed=None)
    assert [check.name for check in checks] == ["short", "other", "long", "short-again", "determinism"]
    again = next(check for check in checks if check.repeats)
    assert again.call.is_hidden
    assert again.points == 0


def test_practice_repeats_nothing() -> None:
    """It is about compiled programs, and the second call of a shape has none of its own."""
    checks = redrawn_checks(probed("", module=False, cases=_TWO), seed=1)
    assert [check.name for check in checks] == ["short", "other", "long"]


def test_a_case_whose_labels_are_counted_is_called_once() -> None:
    """It may train a model."""
    checks = checks_of(counted("sample"), Mode.SUBMIT, fresh_seed=None)
    assert [check.name for check in checks] == ["other", "accuracy", "other-again"]


@pytest.mark.parametrize(
    ("cases", "alone"),
    [
        (case("short", seed=1), ("short",)),
        (case("short", seed=1, fresh=1), ()),
        (_TWO, ("long",)),
        (
            case("short", seed=1, fresh=1).replace(
                'generator = "seed", seed = 1', 'generator = "arange", shape = [1]'
            ).replace('generator = "normal", shape = [2, 3], seed = 10', 'generator = "arange", shape = [2]'),
            ("short",),
        ),
    ],
)  # fmt: skip
def test_shapes_without_a_second_input_are_found(cases: str, alone: tuple[str, ...]) -> None:
    """A fresh case with nothing random in it is the same input again."""
    assert shapes_without_a_second_input(probed("", module=False, cases=cases)) == alone
