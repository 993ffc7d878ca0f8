"""Why a refused solution is wrong, where that can be told; abstains rather than guesses."""

import asyncio
from collections.abc import Mapping

import msgspec

from app.core.outcome import Outcome, worst
from app.core.probes.probe import About
from app.core.problem import Problem
from app.core.tolerance import Tolerance
from app.core.verdict import Diagnosis, DiagnosisKind, Explained, Mode
from app.grading.check.case_result import NEVER_RUN
from app.grading.diagnose.budget import Budget
from app.grading.diagnose.creation_order import (
    FirstValues,
    as_creation_order,
    checks_of_first_values,
    is_creation_order,
    look_at_first_values,
)
from app.grading.diagnose.cut_gradients import cut_gradients
from app.grading.diagnose.divergence import Divergence
from app.grading.diagnose.error_pattern import error_shapes
from app.grading.diagnose.failures import shape_of_answers
from app.grading.diagnose.known.mutants import fitting_mutants, mutant_diagnosis
from app.grading.diagnose.known.variants import fitting_fresh_too, fitting_variants, variant_diagnosis
from app.grading.diagnose.stages import Followed, RunOnce, checks_to_prepare, follow
from app.grading.phrases import shape_words
from app.grading.plan.checks import checkpoint_checks, checks_of
from app.grading.reference.mutant_outputs import MutantOutputs
from app.grading.reference.outputs import ReferenceOutputs
from app.grading.run.run_checks import CheckedRun, run_checks
from sandbox.interface import Sandbox

DIAGNOSABLE = (Outcome.WRONG_VALUE, Outcome.WRONG_PARAMETERS, Outcome.WRONG_SHAPE, Outcome.NOT_FINITE)
"""What a submission has to end with for its answers to be looked into."""


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What came of looking into a run, whose wrong values may have another name now."""

    run: CheckedRun
    diagnosis: Diagnosis | None = None
    explained: Explained | None = None


class Diagnoser:
    """Says of refused solutions why they are wrong, and whether only their creation order is another."""

    def __init__(
        self,
        sandbox: Sandbox,
        outputs: ReferenceOutputs,
        *,
        seconds: float,
        prepares: bool,
        mutants: MutantOutputs | None = None,
    ) -> None:
        """Keep `seconds`, what a look may take of a processor, 0 for not at all.

        With `prepares`, what a diagnosis compares with is computed before that. `mutants` are compared where
        no variant fits, as far as their answers are there; None for never.
        """
        self._mutants = mutants
        self._sandbox = sandbox
        self._outputs = outputs
        self._seconds = seconds
        self._prepares = prepares

    async def diagnose(
        self, problem: Problem, code: str, run: CheckedRun, *, seconds: float | None = None
    ) -> Look:
        """Look into a run, and name wrong values anew where only the creation order differs.

        `seconds` in place of those that were kept. What decides the outcome takes none of them: it must not
        depend on how fast a machine is.

        Raises:
            ReferenceFailed: a reference or variant of the problem gave no usable answer.
            SandboxError: the jail broke.
        """
        outcome = worst(result.outcome for result in run.case_results)
        if outcome not in DIAGNOSABLE:
            return Look(run=run)
        seconds = self._seconds if seconds is None else seconds
        if self._prepares and seconds:
            await self.prepare(problem)
        look = (problem, code, run, self._outputs)
        first_values = None
        if outcome is Outcome.WRONG_VALUE and is_creation_order(
            await self._with_checkpoints(problem, code, run)
        ):
            first_values = await look_at_first_values(*look, self._sandbox.run)
            if first_values is not None and first_values.is_order:
                run = msgspec.structs.replace(run, case_results=as_creation_order(run.case_results))
                return Look(run=run, diagnosis=first_values.diagnosis, explained=Explained.COMPLETE)
        if not seconds:
            return Look(run=run)
        budget = Budget(seconds)
        diagnosis = await diagnose(*look, self._sandbox.run, budget, first_values, self._mutants)
        is_open = diagnosis is None and budget.was_cut_short
        return Look(
            run=run, diagnosis=diagnosis, explained=Explained.CUT_SHORT if is_open else Explained.COMPLETE
        )

    async def prepare(self, problem: Problem, *, niceness: int = 0) -> None:
        """Compute what a diagnosis compares with: the variants' outputs, and the reference's on the way.

        Raises:
            ReferenceFailed: one of them did not run to its end.
            SandboxError: the jail broke.
        """
        await prepare_outputs(self._outputs, problem, problem.variants, niceness=niceness)
        await self._outputs.of_solutions(
            problem,
            [problem.reference],
            [*checks_to_prepare(problem), *checks_of_first_values(problem)],
            niceness=niceness,
        )

    async def _with_checkpoints(self, problem: Problem, code: str, run: CheckedRun) -> CheckedRun:
        """Return the run together with the checkpoint probes that it left out, as "Run" does."""
        if any(check.has_own_answer and check.hands_in_parameters for check in run.checks):
            return run
        checks = checkpoint_checks(problem)
        if not checks:
            return run
        more = await run_checks(self._sandbox, problem, code, checks, self._outputs)
        return msgspec.structs.replace(
            more, checks=run.checks + more.checks, case_results=run.case_results + more.case_results
        )


async def prepare_outputs(
    outputs: ReferenceOutputs, problem: Problem, solutions: Mapping[str, str], *, niceness: int
) -> None:
    """Compute what these solutions, by their ids, give for every lasting check.

    Raises:
        ReferenceFailed: one of them did not run to its end.
        SandboxError: the jail broke.
    """
    codes = [code for _, code in sorted(solutions.items())]
    if codes:
        checks = checks_of(problem, Mode.SUBMIT, fresh_seed=None)
        await outputs.of_solutions(problem, codes, checks, niceness=niceness)


async def diagnose(
    problem: Problem,
    code: str,
    run: CheckedRun,
    answers: ReferenceOutputs,
    run_once: RunOnce,
    budget: Budget,
    first_values: FirstValues | None = None,
    mutants: MutantOutputs | None = None,
) -> Diagnosis | None:
    """Name a variant, what parameters lack, a mutant, where numbers part, what they look like, in this order.

    What is found is what would be found with more time, whatever the budget: where a step was cut short,
    nothing is said that it might have forestalled. `first_values` is what is known of the parameters' first
    values, where only these differ.
    """
    fitting = await budget.within(fitting_variants(problem, run, answers), None)
    if fitting is None:
        return None
    if fitting:
        # All lasting cases say so already; those that were drawn for this submission may come too late.
        fitting = await budget.within(fitting_fresh_too(problem, run, answers, fitting), fitting)
    if fitting:
        return variant_diagnosis(problem, fitting)
    if first_values is not None:
        ignored = first_values.ignored_seed
        return seed_ignored(ignored) if ignored else first_values.diagnosis
    if found := _parameters(run) or cut_gradients(problem, run):
        return found
    if mutants is not None:
        made = await budget.within(fitting_mutants(problem, run, answers, mutants), ())
        if found := mutant_diagnosis(made):
            return found
    following = follow(problem, code, run, answers, budget.bounding(run_once))
    run_seconds = problem.manifest.limits.wall_seconds
    followed = await budget.within(following, Followed(), run_seconds=run_seconds)
    if followed.divergence is not None and followed.divergence.first_wrong is not None:
        return divergence_diagnosis(followed, problem.manifest.tolerance)
    if budget.was_cut_short:
        return None
    # Arrays may be large, and other submissions wait for this loop.
    if found := await asyncio.to_thread(shape_of_answers, problem, run):
        return found if followed.divergence is None else _with_mode(found, divergence_sentence(followed))
    if followed.ignored_seed:
        return seed_ignored(followed.ignored_seed)
    return None if followed.divergence is None else divergence_diagnosis(followed, problem.manifest.tolerance)


def seed_ignored(parameter: str) -> Diagnosis:
    """Say that another seed changes nothing, though it should."""
    message = f"Your answer does not depend on `{parameter}`: another seed gives the same numbers."
    return Diagnosis(kind=DiagnosisKind.ERROR_SHAPE, id="seed_ignored", message=message)


def divergence_diagnosis(followed: Followed, tolerance: Tolerance) -> Diagnosis:
    """Tell a divergence that was found; what it looks like there is told of sample cases only."""
    found = followed.divergence
    assert found is not None
    sentence = divergence_sentence(followed)
    if found.overtaken_by is not None:
        return Diagnosis(kind=DiagnosisKind.DIVERGENCE, id="stage_order", message=sentence)
    if followed.case and found.shapes is not None:
        given, wanted = found.shapes
        sentence += f" Yours has the shape {shape_words(given)} there, {shape_words(wanted)} is right."
    if followed.case and found.likeness:
        sentence += f" {found.likeness}"
    elif followed.case and found.pair is not None:
        reported = [shape.message for shape in error_shapes([found.pair], tolerance)]
        if len(reported) == 1:
            sentence += f" Yours is {reported[0]}."
    return Diagnosis(kind=DiagnosisKind.DIVERGENCE, id=_place_id(found), message=sentence)


def _place_id(found: Divergence) -> str:
    if found.first_wrong is None:
        return f"after {found.last_right}"
    if found.is_next:
        return found.first_wrong
    return f"between {found.last_right or 'the input'} and {found.first_wrong}"


def divergence_sentence(followed: Followed) -> str:
    """Say up to where the numbers are right, and where they no longer are."""
    found = followed.divergence
    assert found is not None
    case = f"`{followed.case}`" if followed.case else "a hidden case"
    start = f"Followed step by step on {case}, with random parameters handed in:"
    right, wrong = f"`{found.last_right}`", f"`{found.first_wrong}`"
    if found.overtaken_by is not None:
        before = f"{right} is right, but then " if found.last_right else ""
        # An input may well be there already; it is the module that it is for that is called too late.
        late = f"`{found.input_of}` is called" if found.input_of else wrong
        return f"{start} {before}`{found.overtaken_by}` is reached before {late}, which should come first."
    if found.first_wrong is None and found.is_next:
        return f"{start} {right} is right, and what happens after it differs."
    if found.first_wrong is None:
        return f"{start} {right} is right, and of what happens after it something differs."
    if found.is_next:
        first = "is the first stage that differs"
        return (
            f"{start} {wrong} {first}."
            if found.last_right is None
            else f"{start} {right} is right, and {wrong} {first}."
        )
    between = f"between {right} and {wrong}" if found.last_right else f"before {wrong}, or there"
    known = f"{right} is right, and {wrong} differs" if found.last_right else f"{wrong} differs"
    return f"{start} {known}; of what lies between nothing sure is known, so the mistake is {between}."


def _with_mode(found: Diagnosis, sentence: str) -> Diagnosis:
    return Diagnosis(
        kind=found.kind,
        id=found.id,
        message=f"{found.message} {sentence}",
        line=found.line,
        others=found.others,
    )


def _parameters(run: CheckedRun) -> Diagnosis | None:
    for place, (check, found) in enumerate(zip(run.checks, run.case_results, strict=True)):
        if found.outcome is not Outcome.WRONG_PARAMETERS or check.about is not About.PARAMETERS:
            continue
        calls = run.result.calls[place : place + 1]
        if calls and calls[0].parameters is None:
            if any(call.not_an_array in NEVER_RUN for call in run.result.calls):
                return None  # Nothing is built where nothing has run; the rows say why.
            # Its reason stands in the first row that has it.
            message = next(row.message for row in run.case_results if row.outcome is found.outcome)
            return Diagnosis(kind=DiagnosisKind.PARAMETERS, id="parameters", message=f"{message}.")
        message = f"In the module's parameters, {found.message}."
        return Diagnosis(kind=DiagnosisKind.PARAMETERS, id="parameters", message=message)
    return None
