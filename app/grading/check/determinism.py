"""Two calls with the same arguments, against each other."""

from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.verdict import CaseResult
from app.grading.check.case_result import case_result, no_arrays
from app.grading.plan.checks import Check
from app.grading.reference.outputs import ReferenceOutput
from sandbox.arrays import WireArray
from sandbox.interface import CallResult

_DIFFERS = (
    "called twice with the same arguments it gives two answers: it uses randomness or something kept "
    "between calls that the arguments do not fix"
)


def judge(problem: Problem, check: Check, call: CallResult, expected: ReferenceOutput) -> CaseResult:
    """Compare to the last bit: the same program on the same numbers rounds the same way."""
    if not call.arrays:
        return no_arrays(problem, check, call)
    first, second = _of("first", call.arrays), _of("second", call.arrays)
    if first and first == second:
        return case_result(check, Outcome.PASSED, "", call.wall_seconds)
    return case_result(check, Outcome.WRONG_VALUE, _DIFFERS, call.wall_seconds)


def _of(turn: str, arrays: dict[str, WireArray]) -> dict[str, WireArray]:
    """Return a turn's arrays by what stands behind its name: `first.weights` becomes `.weights`."""
    return {
        name.removeprefix(turn): array for name, array in arrays.items() if name.partition(".")[0] == turn
    }
