"""What is told of all failing answers together, and that hidden ones cannot move its numbers."""

from collections.abc import Callable

import numpy as np
import pytest

from app.core.outcome import Outcome
from app.core.verdict import Mode
from app.grading.check.case_result import case_result
from app.grading.diagnose.creation_order import is_creation_order
from app.grading.diagnose.failures import shape_of_answers
from app.grading.diagnose.numbers import unexplained_output
from app.grading.diagnose.significance import Array
from app.grading.plan.checks import Check, checks_of
from app.grading.reference.outputs import ReferenceOutput
from app.grading.run.run_checks import CheckedRun
from sandbox.arrays import pack_array
from sandbox.interface import CallResult, Ending, RunResult
from tests.support.toy_problem import toy_problem

_TOY = toy_problem()
_CHECKS = checks_of(_TOY, Mode.SUBMIT, fresh_seed=None)


def _run(answer: Callable[[Check, Array], Array], outcomes: dict[str, Outcome]) -> CheckedRun:
    right = [np.random.default_rng(index).normal(0.0, 2.0, 6) for index in range(len(_CHECKS))]
    calls = tuple(
        CallResult(index=index, wall_seconds=0.1, arrays={"": pack_array(answer(check, right[index]))})
        for index, check in enumerate(_CHECKS)
    )
    return CheckedRun(
        checks=_CHECKS,
        expected=tuple(ReferenceOutput(arrays={"": pack_array(one)}) for one in right),
        case_results=tuple(
            case_result(check, outcomes.get(check.kind, Outcome.PASSED), "") for check in _CHECKS
        ),
        result=RunResult(
            ending=Ending.FINISHED,
            message="",
            loaded=None,
            calls=calls,
            stdout="",
            stderr="",
            wall_seconds=1.0,
            cpu_seconds=1.0,
            peak_memory_bytes=1,
        ),
        error=None,
        message="",
    )


_WRONG = dict.fromkeys(("value", "checkpoint"), Outcome.WRONG_VALUE)


def _times(shown: float, hidden: float) -> Callable[[Check, Array], Array]:
    return lambda check, right: right * (hidden if check.call.is_hidden else shown)


def test_a_factor_is_read_off_what_is_shown() -> None:
    """Within the tolerance a hidden answer could carry something out in the last digits."""
    found = shape_of_answers(_TOY, _run(_times(2.5, 2.5 * (1 + 9e-5)), _WRONG))
    assert found is not None
    assert found.message == "Your answer is 2.5 times the right one, in every entry."


def test_a_factor_of_hidden_answers_alone_is_not_told() -> None:
    """Though a sample row fails, as one of another dtype does, its numbers are right."""
    found = shape_of_answers(_TOY, _run(_times(1.0, 1.234), _WRONG))
    assert found is not None
    assert found.message == "Your answer is a constant factor away from the right one, in every entry."


def test_a_repeated_call_that_fails_is_no_creation_order() -> None:
    assert is_creation_order(_run(_times(1, 1), {"value": Outcome.WRONG_VALUE}))
    assert not is_creation_order(_run(_times(1, 1), {"again": Outcome.WRONG_VALUE}))


def _layout(numbers: Array) -> str:
    found = unexplained_output(_run(lambda check, right: numbers, _WRONG))
    assert found is not None
    return found.layout


def test_unexplained_integers_are_alike_only_where_they_are_equal() -> None:
    """What is stored of them are floats, among which a tolerance would take 50,001 for 50,000."""
    one, other = np.array([50_000, 7]), np.array([50_001, 7])
    assert _layout(one) == _layout(one.astype(np.int32)) != _layout(other)
    assert _layout(one.astype(float)) == _layout(other.astype(float)) != _layout(one)


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_integers_that_no_double_holds_are_not_looked_into(dtype: str) -> None:
    """Two of them would look alike."""
    large = np.full(6, 2**53 + 1, dtype)
    assert shape_of_answers(_TOY, _run(lambda check, right: large, _WRONG)) is None
