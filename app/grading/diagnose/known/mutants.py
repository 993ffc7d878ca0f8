"""Mutants of the reference: does a refused solution that no variant fits answer exactly as one of them?"""

import asyncio
from collections.abc import Mapping, Sequence

from app.core.problem import Problem
from app.core.verdict import Diagnosis, DiagnosisKind
from app.grading.diagnose.known.alike import answers_alike, can_be_compared
from app.grading.mutate.mutants import Mutant, mutants_of
from app.grading.reference.mutant_outputs import Answers, MutantOutputs
from app.grading.reference.outputs import ReferenceOutputs
from app.grading.run.run_checks import CheckedRun

_MOST_NAMED = 2
"""Where more sentences fit, the numbers do not say which; then none is told."""


async def fitting_mutants(
    problem: Problem, run: CheckedRun, answers: ReferenceOutputs, outputs: MutantOutputs
) -> tuple[Mutant, ...]:
    """Return the mutants whose answers the run gives on every check, of those whose answers are there.

    The fresh checks are asked of those alone that fit all others.

    Raises:
        ReferenceFailed: a mutant that fits did not run to its end on the fresh checks.
        SandboxError: the jail broke.
    """
    if not can_be_compared(run):
        return ()
    known = await outputs.known(problem)
    if not known:
        return ()
    names = [check.name for check in outputs.checks(problem)]
    fitting = await asyncio.to_thread(_fitting, problem, run, names, known)
    if not fitting:
        return ()
    mutants = [mutant for mutant in await asyncio.to_thread(mutants_of, problem) if mutant.id in fitting]
    fresh = [index for index, check in enumerate(run.checks) if check.is_fresh]
    if not fresh:
        return tuple(mutants)
    checks = [run.checks[index] for index in fresh]
    made = await answers.of_solutions(problem, [mutant.code for mutant in mutants], checks)
    return tuple(
        mutant
        for mutant, given in zip(mutants, made, strict=True)
        if answers_alike(problem, run, fresh, given)
    )


def _fitting(
    problem: Problem, run: CheckedRun, names: Sequence[str], known: Mapping[str, Answers]
) -> frozenset[str]:
    places = {name: place for place, name in enumerate(names)}
    lasting = [index for index, check in enumerate(run.checks) if not check.is_fresh]
    asked = [places[run.checks[index].name] for index in lasting]
    return frozenset(
        name
        for name, given in known.items()
        if answers_alike(problem, run, lasting, [given[place] for place in asked])
    )


def mutant_diagnosis(mutants: Sequence[Mutant]) -> Diagnosis | None:
    """Name the mistake that fits; None where nothing does, or too much."""
    sentences = dict.fromkeys(mutant.sentence for mutant in mutants)
    operators = tuple(dict.fromkeys(mutant.operator for mutant in mutants))
    if not 0 < len(sentences) <= _MOST_NAMED:
        return None
    return Diagnosis(
        kind=DiagnosisKind.MUTANT, id=operators[0], message=" Or: ".join(sentences), others=operators[1:]
    )
