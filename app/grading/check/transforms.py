"""Answers under `jax.jit` and `jax.vmap` against the reference's."""

from collections.abc import Mapping

from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.verdict import CaseResult
from app.grading.check.case_result import case_result, no_arrays
from app.grading.check.value import judge_arrays
from app.grading.compare.arrays import compare_outputs
from app.grading.plan.checks import Check
from app.grading.reference.outputs import ReferenceOutput
from sandbox.arrays import WireArray
from sandbox.interface import CallResult

_SAID = {
    "jit": "under `jax.jit` the answer differs",
    "vmap": "under `jax.vmap`, over two inputs, the answer differs",
}
_OTHER_COUNT = "under `jax.jit` and `jax.vmap` it returns another number of arrays than is asked for"


def judge(problem: Problem, check: Check, call: CallResult, expected: ReferenceOutput) -> CaseResult:
    """Compare what came under `jit` before `vmap`: who fails both has one thing to mend."""
    if not call.arrays:
        return no_arrays(problem, check, call)
    given, wanted = call.arrays, expected.arrays
    if given.keys() != wanted.keys():
        return case_result(check, Outcome.WRONG_SHAPE, _OTHER_COUNT, call.wall_seconds)
    tolerance = problem.manifest.tolerance
    dtypes = {name: array.dtype for name, array in wanted.items()}
    for mode, remark in _SAID.items():
        ours, theirs = _of(mode, wanted), _of(mode, given)
        found = compare_outputs(theirs, ours, tolerance, dtypes=dtypes)
        if found.outcome is not Outcome.PASSED:
            return judge_arrays(check, call, theirs, ours, tolerance, dtypes=dtypes, remark=remark)
    return judge_arrays(check, call, given, wanted, tolerance, dtypes=dtypes)


def _of(mode: str, arrays: Mapping[str, WireArray]) -> dict[str, WireArray]:
    return {name: array for name, array in arrays.items() if name.partition(".")[0] == mode}
