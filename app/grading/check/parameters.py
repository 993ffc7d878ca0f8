"""The parameters of the module that a call built, against the reference's."""

from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.verdict import CaseResult
from app.grading.check.case_result import case_result
from app.grading.compare.parameters import tree_differences
from app.grading.plan.checks import Check
from app.grading.reference.outputs import ReferenceOutput
from sandbox.interface import CallResult


def judge(problem: Problem, check: Check, call: CallResult, expected: ReferenceOutput) -> CaseResult:
    """Ask of each parameter for the path, kind, shape, dtype and start of the reference's."""
    assert call.parameters is not None  # Else the call has ended without an answer.
    assert expected.parameters is not None  # validate refuses a reference that never builds its module.
    words = problem.manifest.module.words if problem.manifest.module else {}
    message = tree_differences(call.parameters, expected.parameters, words)
    if message and check.call.is_hidden:
        message = "the module's parameters differ"
    return case_result(
        check, Outcome.WRONG_PARAMETERS if message else Outcome.PASSED, message, call.wall_seconds
    )
