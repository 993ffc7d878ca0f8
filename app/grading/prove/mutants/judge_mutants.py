"""Every mutant in a jail of its own: which case kills it, and what is left."""

from collections.abc import AsyncIterator, Sequence
from functools import partial

import msgspec

from app.core.outcome import Outcome, worst
from app.core.problem import FRESH, Problem
from app.core.verdict import CaseResult, Mode
from app.errors import ReferenceFailed
from app.grading.grader import Grader
from app.grading.mutate.equivalence import declared_reason
from app.grading.mutate.mutants import Mutant
from app.grading.plan.checks import REPEATED, checks_of
from app.grading.prove.mutants.explained import explanation_of
from app.grading.prove.mutants.results import Explanation, Fate, MutantResult
from app.grading.prove.mutants.survivors import sort_survivor
from app.grading.prove.solutions import FRESH_SEED
from app.grading.prove.turns import take_turns
from app.grading.run.run_checks import CheckedRun, run_checks

_KILLS = frozenset(
    {
        Outcome.CREATION_ORDER,
        Outcome.WRONG_VALUE,
        Outcome.WRONG_PARAMETERS,
        Outcome.NOT_FINITE,
        Outcome.WRONG_DTYPE,
        Outcome.WRONG_SHAPE,
        Outcome.WRONG_STRUCTURE,
        Outcome.ERROR,
    }
)
"""What a case says of an answer. All else is an end that the machine or the limits may have to do with."""


async def judge_mutants(
    problem: Problem, mutants: Sequence[Mutant], grader: Grader, *, at_once: int = 1, explain: bool = False
) -> AsyncIterator[MutantResult]:
    """Run the reference and then each mutant on all cases and probes; yield results in order.

    With `explain`, each that is killed is diagnosed as a learner's submission is.

    Raises:
        ReferenceFailed: the reference is not accepted, so that nothing could be said of any mutant.
        SandboxError: the jail broke.
    """
    run = await _run(problem, problem.reference, grader)
    if worst(result.outcome for result in run.case_results) is not Outcome.ACCEPTED:
        failed = ", ".join(result.name for result in run.case_results if result.outcome is not Outcome.PASSED)
        raise ReferenceFailed(f"the reference of {problem.slug} is refused by its own cases: {failed}")
    async with take_turns(at_once) as turns:
        judged = [
            turns.start(partial(_judge, problem, mutant, grader, explain=explain)) for mutant in mutants
        ]
        for task in judged:
            yield await task


async def _judge(problem: Problem, mutant: Mutant, grader: Grader, *, explain: bool) -> MutantResult:
    run = await _run(problem, mutant.code, grader)
    fate, killed_by, reason = _fate(run)
    if fate is Fate.SURVIVED:
        # What luck or an interrupted run has let pass does not pass twice.
        run = await _run(problem, mutant.code, grader)
        fate, killed_by, reason = _fate(run)
    result = MutantResult(
        mutant=mutant,
        fate=fate,
        outcome=worst(result.outcome for result in run.case_results),
        killed_by=killed_by,
        reason=reason,
    )
    if fate is Fate.SURVIVED:
        return await _sorted(problem, result, grader)
    return await _explained(problem, result, grader) if explain and fate is Fate.KILLED else result


async def _explained(problem: Problem, result: MutantResult, grader: Grader) -> MutantResult:
    verdict = await grader.grade(problem, result.mutant.code, Mode.SUBMIT, fresh_seed=FRESH_SEED)
    found = explanation_of(problem, result.mutant, verdict.diagnosis)
    said = f"{verdict.diagnosis.kind.value} {verdict.diagnosis.id}" if verdict.diagnosis else ""
    if verdict.diagnosis is None and verdict.error is not None and verdict.error.explanation:
        # An exception is its own explanation, where what it means is told beside it.
        found, said = Explanation.RIGHT, f"exception {verdict.error.type}"
    return msgspec.structs.replace(result, outcome=verdict.outcome, explanation=found, explained_as=said)


async def _sorted(problem: Problem, result: MutantResult, grader: Grader) -> MutantResult:
    found = await sort_survivor(problem, result.mutant, grader.answers)
    return msgspec.structs.replace(
        result,
        likeness=found.likeness,
        distance=found.distance,
        telling=found.telling,
        drawn=found.drawn,
        declared=declared_reason(problem, result.mutant),
    )


async def _run(problem: Problem, code: str, grader: Grader) -> CheckedRun:
    checks = checks_of(problem, Mode.SUBMIT, fresh_seed=FRESH_SEED)
    return await run_checks(grader.sandbox, problem, code, checks, grader.answers)


def _fate(run: CheckedRun) -> tuple[Fate, tuple[str, ...], str]:
    """Return how a run ended, which cases have killed, and why there is no verdict."""
    loaded = run.result.loaded
    if loaded is None or loaded.refusal is not None:
        return Fate.NO_VERDICT, (), run.message or "it does not load"
    killed_by = tuple(dict.fromkeys(_declared(row) for row in run.case_results if row.outcome in _KILLS))
    if killed_by:
        return Fate.KILLED, killed_by, ""
    outcome = worst(row.outcome for row in run.case_results)
    if outcome is Outcome.ACCEPTED:
        return Fate.SURVIVED, (), ""
    return Fate.NO_VERDICT, (), run.message or outcome.value


def _declared(row: CaseResult) -> str:
    """Return the name in `problem.toml` of a case that was repeated or drawn anew."""
    return row.name.removesuffix(REPEATED).partition(FRESH)[0]
