"""Does a refused solution answer as a known wrong one does? What variants and mutants are held to alike."""

from collections.abc import Sequence

from app.core.outcome import Outcome
from app.core.probes.probe import About
from app.core.problem import Problem
from app.core.verdict import CaseResult
from app.grading.compare.arrays import outputs_match
from app.grading.compare.parameters import same_tree
from app.grading.compare.tolerance import tolerance_of
from app.grading.plan.checks import Check
from app.grading.reference.outputs import ReferenceOutput
from app.grading.run.run_checks import CheckedRun
from sandbox.interface import CallResult

_JUDGED = (
    Outcome.PASSED,
    Outcome.WRONG_VALUE,
    Outcome.WRONG_PARAMETERS,
    Outcome.WRONG_SHAPE,
    Outcome.NOT_FINITE,
)


def can_be_compared(run: CheckedRun) -> bool:
    """Say whether every check of a run has an answer that another solution's can be held against."""
    if len(run.result.calls) < len(run.checks):
        return False
    pairs = zip(run.checks, run.case_results, strict=True)
    return all(found.outcome in _JUDGED and not _is_beyond_comparing(check, found) for check, found in pairs)


def answers_alike(
    problem: Problem, run: CheckedRun, indices: Sequence[int], known: Sequence[ReferenceOutput]
) -> bool:
    """Say whether a run's answers to the checks at `indices` are those of `known`, within the tolerance."""
    return all(
        _same(problem, run.checks[index], run.result.calls[index], answer, run.expected[index])
        for index, answer in zip(indices, known, strict=True)
    )


def _is_beyond_comparing(check: Check, found: CaseResult) -> bool:
    """Say whether answers differ from call to call: judged to the last bit, which no variant explains."""
    return check.about is About.ITSELF and found.outcome is not Outcome.PASSED


def _same(
    problem: Problem, check: Check, call: CallResult, answer: ReferenceOutput, expected: ReferenceOutput
) -> bool:
    if answer.failure:
        return False
    if check.about is About.PARAMETERS:
        if call.parameters is None or answer.parameters is None:
            return call.parameters is answer.parameters
        return same_tree(call.parameters, answer.parameters, expected.parameters or ())
    given, known = call.arrays, answer.arrays
    return bool(given) and outputs_match(given, known, tolerance_of(problem, check, known))
