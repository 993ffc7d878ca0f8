"""Where only a gradient is wrong, or only it and first values, that is said."""

import numpy as np

from app.core.outcome import Outcome
from app.core.verdict import Diagnosis, DiagnosisKind, Mode
from app.grading.check.case_result import case_result
from app.grading.diagnose.cut_gradients import cut_gradients
from app.grading.plan.checks import checks_of
from app.grading.reference.outputs import ReferenceOutput
from app.grading.run.run_checks import CheckedRun
from sandbox.arrays import pack_array
from sandbox.interface import CallResult, Ending, RunResult
from tests.support.probed_problems import CHECKPOINT, GRADIENT, PARAMETERS, probed

_PROBLEM = probed(PARAMETERS + CHECKPOINT + GRADIENT.format("hidden"), module=True)
_CHECKS = checks_of(_PROBLEM, Mode.SUBMIT, fresh_seed=None)
_WANTED: dict[str, tuple[float, ...]] = {"scale": (1.0, 2.0), "shift": (0.5, -3.0)}


def _diagnosis(wrong: set[str], **given: tuple[float, ...]) -> Diagnosis | None:
    """What is said where checks of these kinds went wrong, and these gradients came."""

    def packed(gradients: dict[str, tuple[float, ...]]) -> ReferenceOutput:
        arrays = {name: pack_array(np.array(one, np.float32)) for name, one in gradients.items()}
        return ReferenceOutput(arrays=arrays)

    run = CheckedRun(
        checks=_CHECKS,
        expected=tuple(packed(_WANTED if check.kind == "gradient" else {}) for check in _CHECKS),
        case_results=tuple(
            case_result(check, Outcome.WRONG_VALUE if check.kind in wrong else Outcome.PASSED, "")
            for check in _CHECKS
        ),
        result=RunResult(
            ending=Ending.FINISHED,
            message="",
            loaded=None,
            calls=tuple(
                CallResult(index=index, wall_seconds=0.1, arrays=packed({**_WANTED, **given}).arrays)
                for index, _ in enumerate(_CHECKS)
            ),
            stdout="",
            stderr="",
            wall_seconds=1.0,
            cpu_seconds=1.0,
            peak_memory_bytes=1,
        ),
        error=None,
        message="",
    )
    return cut_gradients(_PROBLEM, run)


def test_parameters_that_no_gradient_reaches_are_named() -> None:
    found = _diagnosis({"gradient"}, shift=(0, 0))
    assert found is not None
    assert (found.kind, found.id) == (DiagnosisKind.PARAMETERS, "no_gradient")
    assert found.message.startswith("Every answer is right, but no gradient reaches `shift`: ")
    assert found.message.endswith("Training would leave it as it starts.")
    found = _diagnosis({"gradient"}, shift=(0, 0), scale=(0, 0))
    assert found is not None
    assert found.message.endswith("Training would leave them as they start.")


def test_a_gradient_of_which_some_is_cut_off_is_named() -> None:
    """A residual stream under `stop_gradient` leaves a way through each branch."""
    found = _diagnosis({"gradient"}, shift=(0.25, -2.0))
    assert found is not None
    assert found.id == "other_gradient"
    assert found.message.startswith("Every answer is right, but the gradient of `shift` is another")


def test_a_gradient_that_is_rounded_or_not_finite_is_not_said_to_be_cut_off() -> None:
    assert _diagnosis({"gradient"}, shift=(0.51, -3.0)) is None
    assert _diagnosis({"gradient"}, shift=(float("nan"), -3.0)) is None


def test_a_cut_beside_other_first_values_is_named_together_with_them() -> None:
    """Right with parameters handed in: two mistakes, neither of which hides the other."""
    found = _diagnosis({"gradient", "value"}, shift=(0, 0))
    assert found is not None
    assert found.message.startswith(
        "With parameters handed in every answer is right, but no gradient reaches"
    )
    assert "yours have other first values" in found.message


def test_where_answers_are_wrong_no_gradient_is_blamed() -> None:
    assert _diagnosis({"gradient", "value", "checkpoint"}, shift=(0, 0)) is None
    assert _diagnosis({"value"}) is None
