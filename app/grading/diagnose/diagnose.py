"""Why a refused solution is wrong, where that can be told; abstains rather than guesses."""

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from typing import TypeVar

import msgspec

from app.core.outcome import Outcome, worst
from app.core.probes.probe import About
from app.core.problem import Problem
from app.core.tolerance import Tolerance
from app.core.verdict import Diagnosis, DiagnosisKind, Mode
from app.errors import GraderError
from app.grading.diagnose.creation_order import as_creation_order, creation_order, is_creation_order
from app.grading.diagnose.error_pattern import error_shapes
from app.grading.diagnose.failures import shape_of_answers
from app.grading.diagnose.stages import Followed, RunOnce, checks_to_prepare, follow
from app.grading.diagnose.variants import match_variant
from app.grading.phrases import shape_words
from app.grading.plan.checks import checkpoint_checks, checks_of
from app.grading.reference.outputs import ReferenceOutputs
from app.grading.run.run_checks import CheckedRun, run_checks
from sandbox.interface import Sandbox, SandboxError

DIAGNOSABLE = (Outcome.WRONG_VALUE, Outcome.WRONG_PARAMETERS, Outcome.WRONG_SHAPE, Outcome.NOT_FINITE)
"""What a submission has to end with for its answers to be looked into."""

_Result = TypeVar("_Result")

_log = logging.getLogger("jaxercise.grading")


class Diagnoser:
    """Says of refused solutions why they are wrong, and whether only their creation order is another."""

    def __init__(
        self, sandbox: Sandbox, outputs: ReferenceOutputs, *, seconds: float, prepares: bool
    ) -> None:
        """Keep `seconds`, how long a solution may be looked into, 0 for not at all.

        With `prepares`, what a diagnosis compares with is computed before that time starts.
        """
        self._sandbox = sandbox
        self._outputs = outputs
        self._seconds = seconds
        self._prepares = prepares

    async def diagnose(
        self, problem: Problem, code: str, run: CheckedRun
    ) -> tuple[CheckedRun, Diagnosis | None]:
        """Return the run, wrong values renamed where only the creation order differs, and the diagnosis.

        Raises:
            ReferenceFailed: a reference or variant of the problem gave no usable answer.
            SandboxError: the jail broke.
        """
        outcome = worst(result.outcome for result in run.case_results)
        if outcome not in DIAGNOSABLE:
            return run, None
        if self._prepares and self._seconds:
            await self.prepare(problem)
        deadline = Deadline(self._seconds)
        look = (problem, code, run, self._outputs, self._sandbox.run)
        followed = None
        if outcome is Outcome.WRONG_VALUE and is_creation_order(
            await self._with_checkpoints(problem, code, run)
        ):
            if self._seconds:
                followed = await deadline.within(follow(*look, thoroughly=True), None)
            if followed is not None and followed.ignored_seed and followed.is_right_with_parameters:
                return run, seed_ignored(followed.ignored_seed)
            if followed is None or followed.is_right_with_parameters:
                renamed = as_creation_order(run.case_results)
                return msgspec.structs.replace(run, case_results=renamed), creation_order()
        if not self._seconds:
            return run, None
        return run, await diagnose(*look, deadline, followed)

    async def prepare(self, problem: Problem, *, niceness: int = 0) -> None:
        """Compute what a diagnosis compares with: the variants' outputs, and the reference's on the way.

        Raises:
            ReferenceFailed: one of them did not run to its end.
            SandboxError: the jail broke.
        """
        await prepare_outputs(self._outputs, problem, problem.variants, niceness=niceness)
        await self._outputs.of_solutions(
            problem, [problem.reference], checks_to_prepare(problem), niceness=niceness
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


class Deadline:
    """Until when a diagnosis may go on looking, in the running loop's time."""

    def __init__(self, seconds: float) -> None:
        self._end = asyncio.get_running_loop().time() + seconds

    async def within(self, step: Coroutine[None, None, _Result], otherwise: _Result) -> _Result:
        """Return what `step` gives; `otherwise` where time runs out or our side fails.

        The verdict stands without a diagnosis, so neither may spoil it.
        """
        try:
            async with asyncio.timeout_at(self._end):
                return await step
        except TimeoutError:
            return otherwise
        except (GraderError, SandboxError) as fault:
            _log.error("a diagnosis was given up: %s", fault)
            return otherwise


async def diagnose(
    problem: Problem,
    code: str,
    run: CheckedRun,
    answers: ReferenceOutputs,
    run_once: RunOnce,
    deadline: Deadline,
    followed: Followed | None = None,
) -> Diagnosis | None:
    """Name a variant, what parameters lack, where numbers part, or what they look like, in this order.

    Past the deadline only what needs no further run is looked for. `followed` saves one that was made.
    """
    if found := await deadline.within(match_variant(problem, run, answers), None):
        return found
    if found := _parameters(run):
        return found
    if followed is None:
        followed = await deadline.within(follow(problem, code, run, answers, run_once), Followed())
    if followed.divergence is not None and followed.divergence.first_wrong is not None:
        return divergence_diagnosis(followed, problem.manifest.tolerance)
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
    elif followed.case and found.pair is not None:
        reported = [shape.message for shape in error_shapes([found.pair], tolerance)]
        if len(reported) == 1:
            sentence += f" Yours is {reported[0]}."
    name = found.first_wrong or f"after {found.last_right}"
    return Diagnosis(kind=DiagnosisKind.DIVERGENCE, id=name, message=sentence)


def divergence_sentence(followed: Followed) -> str:
    """Say up to where the numbers are right, and where they no longer are."""
    found = followed.divergence
    assert found is not None
    case = f"`{followed.case}`" if followed.case else "a hidden case"
    start = f"Followed step by step on {case}, with random parameters handed in:"
    right, wrong = f"`{found.last_right}`", f"`{found.first_wrong}`"
    if found.overtaken_by is not None:
        before = f"{right} is right, but then " if found.last_right else ""
        return f"{start} {before}`{found.overtaken_by}` is reached before {wrong}, which should come first."
    if found.first_wrong is None:
        return f"{start} {right} is right, and what happens after it differs."
    if found.last_right is None:
        return f"{start} {wrong}{' is the first stage, and' if found.is_next else ''} differs already."
    if found.is_next:
        return f"{start} {right} is right, and {wrong} is the first stage that differs."
    return f"{start} {right} is right, and {wrong} differs."


def _with_mode(found: Diagnosis, sentence: str) -> Diagnosis:
    return Diagnosis(
        kind=found.kind,
        id=found.id,
        message=f"{found.message} {sentence}",
        line=found.line,
        others=found.others,
    )


def _parameters(run: CheckedRun) -> Diagnosis | None:
    for check, found in zip(run.checks, run.case_results, strict=True):
        if found.outcome is Outcome.WRONG_PARAMETERS and check.about is About.PARAMETERS:
            message = f"In the module's parameters, {found.message}."
            return Diagnosis(kind=DiagnosisKind.PARAMETERS, id="parameters", message=message)
    return None
