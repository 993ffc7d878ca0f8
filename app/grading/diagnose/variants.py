"""Known wrong variants: does a refused solution answer exactly as one of them?"""

import ast
from collections.abc import Sequence

from app.core.outcome import Outcome
from app.core.probes.probe import About
from app.core.problem import Problem
from app.core.verdict import CaseResult, Diagnosis, DiagnosisKind
from app.grading.compare.arrays import outputs_match
from app.grading.compare.parameters import same_tree
from app.grading.compare.tolerance import tolerance_of
from app.grading.plan.checks import Check
from app.grading.reference.outputs import ReferenceOutput, ReferenceOutputs
from app.grading.run.run_checks import CheckedRun
from sandbox.interface import CallResult

_JUDGED = (
    Outcome.PASSED,
    Outcome.WRONG_VALUE,
    Outcome.WRONG_PARAMETERS,
    Outcome.WRONG_SHAPE,
    Outcome.NOT_FINITE,
)


async def match_variant(problem: Problem, run: CheckedRun, answers: ReferenceOutputs) -> Diagnosis | None:
    """Name the variants whose answers the run gives on every check; None where there is none.

    Those that fit on all lasting checks are asked about the fresh ones too, which is one or two of them.

    Raises:
        ReferenceFailed: the variants could not be run.
        SandboxError: the jail broke.
    """
    if len(run.result.calls) < len(run.checks) or not problem.variants:
        return None
    pairs = zip(run.checks, run.case_results, strict=True)
    if any(found.outcome not in _JUDGED or _is_beyond_comparing(check, found) for check, found in pairs):
        return None
    lasting = [index for index, check in enumerate(run.checks) if not check.is_fresh]
    fresh = [index for index, check in enumerate(run.checks) if check.is_fresh]
    fitting = await _fitting(problem, run, answers, sorted(problem.variants), lasting)
    if fitting and fresh:
        fitting = await _fitting(problem, run, answers, fitting, fresh)
    if not fitting:
        return None
    reported = dict.fromkeys(variant_message(problem.variants[name]) for name in fitting)
    return Diagnosis(
        kind=DiagnosisKind.VARIANT, id=fitting[0], message=" Or: ".join(reported), others=tuple(fitting[1:])
    )


async def _fitting(
    problem: Problem, run: CheckedRun, answers: ReferenceOutputs, names: Sequence[str], indices: Sequence[int]
) -> list[str]:
    checks = [run.checks[index] for index in indices]
    calls = [run.result.calls[index] for index in indices]
    known = await answers.of_solutions(problem, [problem.variants[name] for name in names], checks)
    return [name for name, given in zip(names, known, strict=True) if _fits(problem, checks, calls, given)]


def _is_beyond_comparing(check: Check, found: CaseResult) -> bool:
    """Say whether answers differ from call to call: judged to the last bit, which no variant explains."""
    return check.about is About.ITSELF and found.outcome is not Outcome.PASSED


def variant_message(source: str) -> str:
    """Read a variant's docstring: what a learner who made this mistake is told."""
    text = ast.get_docstring(ast.parse(source)) or ""
    return " ".join(text.split())


def _fits(
    problem: Problem,
    checks: Sequence[Check],
    calls: Sequence[CallResult],
    answers: Sequence[ReferenceOutput],
) -> bool:
    return all(_same(problem, *triple) for triple in zip(checks, calls, answers, strict=True))


def _same(problem: Problem, check: Check, call: CallResult, answer: ReferenceOutput) -> bool:
    if answer.failure:
        return False
    if check.about is About.PARAMETERS:
        if call.parameters is None or answer.parameters is None:
            return call.parameters is answer.parameters
        return same_tree(call.parameters, answer.parameters)
    given, known = call.arrays, answer.arrays
    return bool(given) and outputs_match(given, known, tolerance_of(problem, check, known))
