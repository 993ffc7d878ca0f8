"""What is said of parameters that another initialiser draws from the right keys."""

import pytest

from app.grading.diagnose.creation_order import other_initialiser
from sandbox.interface import DrawnKey, Parameter


def _drawn(**spreads: float) -> tuple[list[DrawnKey], list[Parameter]]:
    keys = [DrawnKey(path=path, key="ab", base="cd", owner="Linear", source=0) for path in spreads]
    return keys, [
        Parameter(path=path, kind="Param", shape=(8, 8), dtype="float32", mean=0.01, std=std)
        for path, std in spreads.items()
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"fc1": 0.37, "fc2": 0.9},
            "Of `fc2` the spread is 0.9 and the mean 0.01; the task's initialiser gives 0.35 and 0.01.",
        ),
        (
            {"fc1": 0.37, "fc2": 0.36},
            (
                "Of `fc1` the spread is 0.37 and the mean 0.01; the task's initialiser gives 0.35 and 0.01. "
                "That is much the same, so it is the distribution that differs, as a uniform one does from a "
                "normal one."
            ),
        ),
    ],
)
def test_figures_that_hardly_differ_are_called_that(given: dict[str, float], said: str) -> None:
    """The uniform and the normal initialisers of one name have one spread; equal figures explain nothing."""
    keys, parameters = _drawn(**given)
    message = other_initialiser(keys, parameters, _drawn(fc1=0.35, fc2=0.35)[1])
    assert message == (
        "`fc1` and `fc2` start from the task's random keys, and yet with other values: another initialiser "
        f"draws them. {said}"
    )


def test_many_parameters_are_counted() -> None:
    names = ("a", "b", "c", "d")
    keys, parameters = _drawn(**dict.fromkeys(names, 0.9))
    message = other_initialiser(keys, parameters, _drawn(**dict.fromkeys(names, 0.35))[1])
    assert message.startswith("`a`, `b`, `c` and 1 more start")
    assert other_initialiser(keys, parameters, parameters) == ""


def test_a_single_parameter_is_told_as_one() -> None:
    keys, parameters = _drawn(fc1=0.36)
    message = other_initialiser(keys, parameters, _drawn(fc1=0.35)[1])
    assert message.startswith("`fc1` starts from the task's random key, and yet with other values")
    assert "That is much the same, so it is the distribution that differs" in message
