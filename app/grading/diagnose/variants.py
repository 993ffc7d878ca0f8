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


async def fitting_variants(problem: Problem, run: CheckedRun, answers: ReferenceOutputs) -> tuple[str, ...]:
    """Return the variants, by their ids, whose answers the run gives on every lasting check.

    Raises:
        ReferenceFailed: the variants could not be run.
        SandboxError: the jail broke.
    """
    if len(run.result.calls) < len(run.checks):
        return ()
    pairs = zip(run.checks, run.case_results, strict=True)
    if any(found.outcome not in _JUDGED or _is_beyond_comparing(check, found) for check, found in pairs):
        return ()
    lasting = [index for index, check in enumerate(run.checks) if not check.is_fresh]
    return await _fitting(problem, run, answers, sorted(problem.variants), lasting)


async def fitting_fresh_too(
    problem: Problem, run: CheckedRun, answers: ReferenceOutputs, names: Sequence[str]
) -> tuple[str, ...]:
    """Return those of `names` that answer as the run does on its fresh checks as well: one or two of them.

    Raises:
        ReferenceFailed: the variants could not be run.
        SandboxError: the jail broke.
    """
    fresh = [index for index, check in enumerate(run.checks) if check.is_fresh]
    return await _fitting(problem, run, answers, names, fresh)


def variant_diagnosis(problem: Problem, names: Sequence[str]) -> Diagnosis:
    """Name the variants, of which there is one at least."""
    reported = dict.fromkeys(variant_message(problem.variants[name]) for name in names)
    return Diagnosis(
        kind=DiagnosisKind.VARIANT, id=names[0], message=" Or: ".join(reported), others=tuple(names[1:])
    )


async def _fitting(
    problem: Problem, run: CheckedRun, answers: ReferenceOutputs, names: Sequence[str], indices: Sequence[int]
) -> tuple[str, ...]:
    if not names or not indices:
        return tuple(names)
    checks = [run.checks[index] for index in indices]
    calls = [run.result.calls[index] for index in indices]
    expected = [run.expected[index] for index in indices]
    known = await answers.of_solutions(problem, [problem.variants[name] for name in names], checks)
    return tuple(
        name
        for name, given in zip(names, known, strict=True)
        if all(_same(problem, *one) for one in zip(checks, calls, given, expected, strict=True))
    )


def _is_beyond_comparing(check: Check, found: CaseResult) -> bool:
    """Say whether answers differ from call to call: judged to the last bit, which no variant explains."""
    return check.about is About.ITSELF and found.outcome is not Outcome.PASSED


def variant_message(source: str) -> str:
    """Read a variant's docstring: what a learner who made this mistake is told."""
    text = ast.get_docstring(ast.parse(source)) or ""
    return " ".join(text.split())


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
