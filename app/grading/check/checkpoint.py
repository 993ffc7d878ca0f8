"""The answer with parameters handed in, against the reference's."""

from app.core.problem import Problem
from app.core.verdict import CaseResult
from app.grading.check.value import judge_value
from app.grading.plan.checks import Check
from app.grading.reference.outputs import ReferenceOutput
from sandbox.interface import CallResult

_ONLY_WITH_PARAMETERS = "with random parameters handed in, the numbers differ"


def judge(problem: Problem, check: Check, call: CallResult, expected: ReferenceOutput) -> CaseResult:
    """Compare the answer as a case's, and say what is special about it."""
    return judge_value(problem, check, call, expected, remark=_ONLY_WITH_PARAMETERS)
