"""From what a jail reports of a probe to a row."""

import msgspec
import numpy as np
import pytest

from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.verdict import CaseResult, Mode
from app.grading.check.judge import judge
from app.grading.plan.checks import Check, checks_of
from app.grading.reference.outputs import ReferenceOutput
from sandbox.arrays import WireArray, pack_array
from sandbox.interface import Arrays, CallResult, Raised
from tests.support.probed_problems import DETERMINISM, GRADIENT, TRANSFORMS, counted, probed

_FORGED = WireArray(dtype="float32", shape=(2,), data=b"12345")


def _array(*numbers: float) -> WireArray:
    return pack_array(np.array(numbers, np.float32))


def _parts(**arrays: WireArray) -> Arrays:
    return {name.replace("__", "."): array for name, array in arrays.items()}


def _judge(probe: str, given: Arrays, wanted: Arrays | None = None, *, module: bool = True) -> CaseResult:
    problem = probed(probe, module=module)
    [check] = [check for check in checks_of(problem, Mode.SUBMIT, fresh_seed=None) if check.probe is not None]
    call = CallResult(index=0, wall_seconds=0.1, arrays=given, parameters=())
    return judge(problem, check, call, ReferenceOutput(arrays=wanted or {}))


_WANTED = _parts(scale=_array(100.0, 50.0), shift=_array(1e-4, 2.0), bias=_array(1e-5, -1e-5))


@pytest.mark.parametrize(
    ("given", "outcome", "said"),
    [
        (_WANTED, Outcome.PASSED, ""),
        (_parts(scale=_array(100, 50), shift=_array(2e-4, 2.0), bias=_array(0, 0)), Outcome.PASSED, ""),
        (
            _parts(scale=_array(100, 50), shift=_array(0, 0), bias=_array(0, 0)),
            Outcome.WRONG_VALUE,
            "no gradient reaches `shift`: it is not used",
        ),
        (
            _parts(scale=_array(0, 0), shift=_array(0, 0), bias=_array(0, 0)),
            Outcome.WRONG_VALUE,
            "no gradient reaches `scale` and others: they are not used",
        ),
        (
            _parts(scale=_array(100.1, 50), shift=_array(1e-4, 2.1), bias=_array(0, 0)),
            Outcome.WRONG_VALUE,
            "the gradient of `scale` and others is another",
        ),
        (
            _parts(scale=_array(100, 50), bias=_array(0, 0)),
            Outcome.WRONG_PARAMETERS,
            "there is no gradient of `shift`",
        ),
        (
            _parts(scale=_array(100, float("nan")), shift=_array(1e-4, 2.0), bias=_array(0, 0)),
            Outcome.NOT_FINITE,
            "`scale`",
        ),
        (
            _parts(scale=_array(100), shift=_array(1e-4, 2.0), bias=_array(0, 0)),
            Outcome.WRONG_PARAMETERS,
            "`scale`: another shape is asked for, of the parameter",
        ),
        (
            _parts(scale=_FORGED, shift=_array(1e-4, 2.0), bias=_array(0, 0)),
            Outcome.SANDBOX_VIOLATION,
            "forged",
        ),
        (_WANTED | _parts(extra=_array(1)), Outcome.PASSED, ""),
        ({}, Outcome.WRONG_PARAMETERS, "there is no gradient of `scale` and others"),
    ],
)
def test_gradients_are_judged_one_by_one(given: Arrays, outcome: Outcome, said: str) -> None:
    """Closeness is measured by the largest gradient: what is a millionth of it may be rounding alone."""
    case_result = _judge(GRADIENT.format("hidden"), given, _WANTED)
    assert case_result.outcome is outcome, case_result.message
    assert said in case_result.message
    assert case_result.max_abs_error is None
    assert case_result.size is None


def test_gradients_by_arguments_are_told_by_the_parameters_names() -> None:
    wanted, given = (
        _parts(**{"1": _array(1, 2)}),
        _parts(**{"1": _array(0, 0), "7": _array(0), "x": _array(0)}),
    )
    case_result = _judge(GRADIENT.format("hidden"), given, wanted, module=False)
    assert "no gradient reaches `x`" in case_result.message


def test_jit_is_told_before_vmap() -> None:
    wanted = _parts(jit=_array(1, 2), vmap=_array(1, 2, 3))
    case_result = _judge(TRANSFORMS.format("hidden"), _parts(jit=_array(1, 9), vmap=_array(1, 2, 9)), wanted)
    assert (case_result.outcome, case_result.message) == (
        Outcome.WRONG_VALUE,
        "under `jax.jit` the answer differs",
    )
    case_result = _judge(TRANSFORMS.format("hidden"), _parts(jit=_array(1, 2), vmap=_array(1, 2, 9)), wanted)
    assert case_result.message == "under `jax.vmap`, over two inputs, the answer differs"
    assert _judge(TRANSFORMS.format("hidden"), wanted, wanted).outcome is Outcome.PASSED
    case_result = _judge(TRANSFORMS.format("hidden"), _parts(jit=_array(1, 2)), wanted)
    assert "another number of arrays" in case_result.message


_NEARLY_TWO = float(np.nextafter(2, 3, dtype=np.float32))
_SEVERAL = _parts(first__a=_array(1), first__b=_array(2), second__b=_array(2), second__a=_array(1))


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        (_parts(first=_array(1, 2), second=_array(1, 2)), Outcome.PASSED),
        (_parts(first=_array(1, 2), second=_array(1, _NEARLY_TWO)), Outcome.WRONG_VALUE),
        (_SEVERAL, Outcome.PASSED),
        (_parts(first__a=_array(1), second__b=_array(1)), Outcome.WRONG_VALUE),
        (_parts(other=_array(1)), Outcome.WRONG_VALUE),
    ],
)
def test_two_calls_agree_to_the_last_bit(given: Arrays, outcome: Outcome) -> None:
    assert _judge(DETERMINISM, given).outcome is outcome


def _again(first: CallResult | None, second: CallResult) -> CaseResult:
    problem = probed("", module=False)
    check = next(i for i in checks_of(problem, Mode.SUBMIT, fresh_seed=None) if i.repeats)
    return judge(problem, check, second, ReferenceOutput(arrays={"": _array(1, 2)}), first)


def _call(*numbers: float) -> CallResult:
    return CallResult(index=0, wall_seconds=0.1, arrays={"": _array(*numbers)})


def test_only_who_was_right_at_first_can_be_wrong_again() -> None:
    """Whoever is wrong both times has another mistake, which is told where it was first seen."""
    assert _again(_call(1, 2), _call(1, 2)).outcome is Outcome.PASSED
    case_result = _again(_call(1, 2), _call(1, 3))
    assert case_result.outcome is Outcome.WRONG_VALUE
    assert "kept between calls" in case_result.message
    assert case_result.max_abs_error is None
    assert _again(_call(1, 3), _call(1, 4)).outcome is Outcome.PASSED
    assert _again(None, _call(1, 4)).outcome is Outcome.PASSED
    nothing = CallResult(index=0, wall_seconds=0.1, not_an_array="None")
    assert _again(_call(1, 2), nothing).outcome is Outcome.WRONG_VALUE
    raised = CallResult(index=0, wall_seconds=0.1, raised=Raised(type="KeyError", message="7", frames=()))
    case_result = _again(_call(1, 2), raised)
    assert (case_result.outcome, "7" in case_result.message) == (Outcome.ERROR, False)


def _counted(problem: Problem, answer: WireArray) -> CaseResult:
    check: Check = next(i for i in checks_of(problem, Mode.SUBMIT, fresh_seed=None) if i.kind == "accuracy")
    call = CallResult(index=0, wall_seconds=0.1, arrays={"": answer})
    return judge(problem, check, call, ReferenceOutput(arrays={"": _array(0)}))


@pytest.mark.parametrize(
    ("right", "points"), [(0, 0.0), (5, 0.0), (6, 1.0), (7, 2.0), (8, 3.0), (9, 4.0), (10, 4.0)]
)
def test_points_grow_evenly_between_the_two_thresholds(right: int, points: float) -> None:
    labels = np.where(np.arange(10) < right, np.arange(10), 99).astype(np.int64)
    case_result = _counted(counted("hidden"), pack_array(labels))
    assert case_result.points_reached == pytest.approx(points)
    assert (case_result.outcome is Outcome.PASSED) is (right >= 9)
    assert f"{10 * right} % of the labels are right" in case_result.message
    assert f"{right} of 10" not in case_result.message


@pytest.mark.parametrize(
    "answer",
    [
        pack_array(np.arange(9)),
        pack_array(np.eye(9, 10)),
        pack_array(np.zeros((10, 1))),
        pack_array(np.array(3.0)),
        pack_array(np.zeros((10, 0), np.float32)),
    ],
)
def test_what_are_no_labels_is_refused_without_its_shape_where_that_is_hidden(answer: WireArray) -> None:
    case_result = _counted(counted("hidden"), answer)
    assert case_result.outcome is Outcome.WRONG_SHAPE
    assert "yours" not in case_result.message
    assert case_result.points_reached is None


def test_forged_labels_are_a_violation() -> None:
    forged = msgspec.structs.replace(pack_array(np.arange(10)), data=b"12")
    assert _counted(counted("sample"), forged).outcome is Outcome.SANDBOX_VIOLATION
