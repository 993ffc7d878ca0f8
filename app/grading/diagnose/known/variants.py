"""Known wrong variants: does a refused solution answer exactly as one of them?"""

import ast
from collections.abc import Sequence

from app.core.problem import Problem
from app.core.verdict import Diagnosis, DiagnosisKind
from app.grading.diagnose.known.alike import answers_alike, can_be_compared
from app.grading.reference.outputs import ReferenceOutputs
from app.grading.run.run_checks import CheckedRun


async def fitting_variants(problem: Problem, run: CheckedRun, answers: ReferenceOutputs) -> tuple[str, ...]:
    """Return the variants, by their ids, whose answers the run gives on every lasting check.

    Raises:
        ReferenceFailed: the variants could not be run.
        SandboxError: the jail broke.
    """
    if not can_be_compared(run):
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
    known = await answers.of_solutions(problem, [problem.variants[name] for name in names], checks)
    return tuple(
        name for name, given in zip(names, known, strict=True) if answers_alike(problem, run, indices, given)
    )


def variant_message(source: str) -> str:
    """Read a variant's docstring: what a learner who made this mistake is told."""
    text = ast.get_docstring(ast.parse(source)) or ""
    return " ".join(text.split())
