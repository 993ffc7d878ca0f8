"""Two calls with the same arguments against each other → a row."""

from app.core.outcome import Outcome
from app.core.verdict import CaseResult
from app.grading.check.case_result import case_result
from app.grading.plan.checks import Check
from sandbox.arrays import WireArray
from sandbox.interface import CallResult

_DIFFERS = (
    "called twice with the same arguments it gives two answers: it uses randomness or something kept "
    "between calls that the arguments do not fix"
)


def judge_determinism(check: Check, call: CallResult) -> CaseResult:
    """To the last bit: the same program on the same numbers rounds the same way."""
    arrays = call.arrays
    first, second = _of("first", arrays), _of("second", arrays)
    if first and first == second:
        return case_result(check, Outcome.PASSED, "", call.wall_seconds)
    return case_result(check, Outcome.WRONG_VALUE, _DIFFERS, call.wall_seconds)


def _of(turn: str, arrays: dict[str, WireArray]) -> dict[str, WireArray]:
    """By what stands behind the turn's name: `first` and `first.weights` become `` and `.weights`."""
    return {
        name.removeprefix(turn): array for name, array in arrays.items() if name.partition(".")[0] == turn
    }
