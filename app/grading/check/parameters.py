"""A look at the module that a call built → a row."""

from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.verdict import CaseResult
from app.grading.check.case_result import case_result
from app.grading.compare.parameter_tree import tree_differences
from app.grading.plan.checks import Check
from app.grading.reference.outputs import ReferenceOutput
from sandbox.interface import CallResult


def judge_parameters(
    problem: Problem, check: Check, call: CallResult, expected: ReferenceOutput
) -> CaseResult:
    """Each parameter has the path, kind, shape, dtype and start that is asked for, or the row says so."""
    assert expected.parameters is not None  # validate refuses a reference that never builds its module.
    if call.parameters is None:
        return case_result(check, Outcome.WRONG_PARAMETERS, never_built(problem), call.wall_seconds)
    words = problem.manifest.module.words if problem.manifest.module else {}
    message = tree_differences(call.parameters, expected.parameters, words)
    if message and check.call.is_hidden:
        message = "the module's parameters differ"
    return case_result(
        check, Outcome.WRONG_PARAMETERS if message else Outcome.PASSED, message, call.wall_seconds
    )


def never_built(problem: Problem) -> str:
    """The message where the class that the task names was not constructed."""
    assert problem.manifest.module is not None
    function, name = problem.manifest.entry.function, problem.manifest.module.name
    return f"{function} never builds an `nnx.Module` named {name}, which the task asks for"
