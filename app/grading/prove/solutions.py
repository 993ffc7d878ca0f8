"""Right solutions and variants, graded as learners' submissions are, and measured case by case."""

import ast
import math
from collections.abc import Mapping, Sequence

import msgspec

from app.core.outcome import Outcome
from app.core.problem import Problem, WrongVariant
from app.core.verdict import DiagnosisKind, Mode, Verdict
from app.errors import ReferenceFailed
from app.grading.compare.distance import Arrays, distance
from app.grading.compare.tolerance import tolerance_of
from app.grading.grader import Grader
from app.grading.mutate.as_variant import UNWRITTEN
from app.grading.plan.checks import Check
from app.grading.prove.first_look import patient_limits
from app.grading.prove.reasons import Fault, Reason
from app.grading.prove.reference_calls import has_numbers
from app.grading.prove.results import Role, SolutionResult, declared_names
from app.grading.reference.outputs import ReferenceOutput

FRESH_SEED = 20_240_229
"""Any number does; a fixed one keeps two proofs of one version comparable."""
_BY_NUMBERS = (Outcome.PASSED, Outcome.WRONG_VALUE, Outcome.CREATION_ORDER)


class Solutions:
    """The grading of one problem's own code.

    `checks` are its cases and probes, those of `FRESH_SEED` among them, and `expected` their arrays.
    """

    def __init__(
        self,
        problem: Problem,
        grader: Grader,
        checks: Sequence[Check],
        expected: Mapping[str, Arrays],
    ) -> None:
        self._problem = problem
        self._grader = grader
        self._checks = [check for check in checks if not check.is_fresh]
        self._fresh = [check for check in checks if check.is_fresh]
        self._expected = expected

    async def of_reference(self) -> SolutionResult:
        """Grade the reference, which must pass as any other solution.

        Raises:
            SandboxError: the jail broke.
        """
        problem = self._problem
        answers = await self._grader.answers.of_reference(problem, self._checks)
        verdict = await self._grade(problem.reference)
        faults = _wrong_ending(Reason.REFERENCE_REFUSED, "the reference", verdict, Outcome.ACCEPTED)
        return self._result(Role.REFERENCE, "reference", Outcome.ACCEPTED, verdict, answers, faults)

    async def of_starter(self) -> SolutionResult | None:
        """Grade the starter, and return its result where it is accepted, which leaves nothing to write.

        Raises:
            SandboxError: the jail broke.
        """
        verdict = await self._grade(self._problem.starter)
        if not verdict.accepted:
            return None
        message = "starter.py is accepted as it stands: learners have nothing to write"
        return SolutionResult(
            role=Role.TRIVIAL,
            id="starter",
            expected=Outcome.WRONG_VALUE,
            outcome=verdict.outcome,
            faults=(Fault(reason=Reason.STARTER_PASSES, message=message),),
        )

    async def of_also_right(self, name: str, answers: Sequence[ReferenceOutput]) -> SolutionResult:
        """Grade an also-right solution, which must end as it is declared to, or else `accepted`.

        Raises:
            SandboxError: the jail broke.
        """
        declared = self._problem.manifest.also_right.get(name)
        wanted = declared.outcome if declared else Outcome.ACCEPTED
        verdict = await self._grade(self._problem.also_right[name])
        faults = _wrong_ending(Reason.ALSO_RIGHT_REFUSED, name, verdict, wanted)
        return self._result(Role.ALSO_RIGHT, name, wanted, verdict, answers, faults)

    async def of_variant(self, name: str, answers: Sequence[ReferenceOutput]) -> SolutionResult:
        """Grade a variant, which must fail as declared, and get its own name.

        Raises:
            SandboxError: the jail broke.
        """
        variant = self._problem.manifest.variants[name]
        verdict = await self._grade(self._problem.variants[name])
        names = declared_names(self._problem)
        faults = (
            *_without_words(name, self._problem.variants[name]),
            *_variant_faults(name, variant, verdict, names),
        )
        return self._result(Role.VARIANT, name, variant.outcome, verdict, answers, faults)

    async def answers_of(
        self, sources: Mapping[str, str], *, fresh: bool = False
    ) -> dict[str, Sequence[ReferenceOutput] | str]:
        """Return by name what each source gives for the lasting checks, or why it does not run.

        With `fresh`, the fresh ones are run beside them and kept, which a look into each refused source would
        otherwise ask for by itself.

        Raises:
            SandboxError: the jail broke.
        """
        names = sorted(sources)
        if not names:
            return {}
        checks = [*self._checks, *(self._fresh if fresh else ())]
        try:
            answers = await self._answers([sources[name] for name in names], checks)
        except ReferenceFailed as error:
            if len(names) == 1:
                return {names[0]: error.message}
            return {name: await self._alone(sources[name], checks) for name in names}
        return dict(zip(names, answers, strict=True))

    async def _alone(self, code: str, checks: Sequence[Check]) -> Sequence[ReferenceOutput] | str:
        """Run one source by itself: one that does not run must not hide the others' answers."""
        try:
            [answers] = await self._answers([code], checks)
        except ReferenceFailed as error:
            return error.message
        return answers

    async def _answers(
        self, codes: Sequence[str], checks: Sequence[Check]
    ) -> list[Sequence[ReferenceOutput]]:
        # One that never ends must not hold the others up for as long as trusted code may run.
        each = patient_limits(self._problem)
        made = await self._grader.answers.of_solutions(self._problem, codes, checks, each=each)
        return [answers[: len(self._checks)] for answers in made]

    async def _grade(self, code: str) -> Verdict:
        return await self._grader.grade(self._problem, code, Mode.SUBMIT, fresh_seed=FRESH_SEED)

    def _result(
        self,
        role: Role,
        name: str,
        wanted: Outcome,
        verdict: Verdict,
        answers: Sequence[ReferenceOutput],
        faults: tuple[Fault, ...],
    ) -> SolutionResult:
        return SolutionResult(
            role=role,
            id=name,
            expected=wanted,
            outcome=verdict.outcome,
            failed=_failed(verdict),
            named=verdict.diagnosis.id if verdict.diagnosis else "",
            distances=self._distances(verdict, answers),
            wall_seconds=verdict.wall_seconds,
            faults=faults,
        )

    def _distances(self, verdict: Verdict, answers: Sequence[ReferenceOutput]) -> dict[str, float]:
        ended = {case.name: case.outcome for case in verdict.cases}
        distances = {}
        given = dict(zip([check.name for check in self._checks], answers, strict=False))
        for check in self._checks:
            outcome = ended.get(check.name, Outcome.CRASHED)
            arrays = given[check.name].arrays if given else {}
            if arrays and _is_measured(check) and outcome in _BY_NUMBERS:
                wanted = self._expected[check.name]
                tolerance = tolerance_of(self._problem, check, wanted)
                distances[check.name] = distance(arrays, wanted, tolerance)
            elif outcome is not Outcome.PASSED:
                distances[check.name] = math.inf
        return distances


def _is_measured(check: Check) -> bool:
    """Say whether its distance is told: of the answer itself, or in units of a tolerance of its own."""
    return has_numbers(check) or (check.probe is not None and check.probe.scales_tolerance)


def without(problem: Problem, broken: Sequence[str]) -> Problem:
    """Leave out these variants, so that the others can still be told apart."""
    kept = {name: code for name, code in problem.variants.items() if name not in broken}
    return msgspec.structs.replace(problem, variants=kept)


def does_not_run(name: str, variant: WrongVariant, reason: str) -> SolutionResult:
    """Return the result of a variant that gives no answers at all."""
    fault = Fault(reason=Reason.VARIANT_DOES_NOT_RUN, message=f"{name} does not run: {reason}")
    return SolutionResult(
        role=Role.VARIANT, id=name, expected=variant.outcome, outcome=Outcome.ERROR, faults=(fault,)
    )


def _failed(verdict: Verdict) -> tuple[str, ...]:
    return tuple(case.name for case in verdict.cases if case.outcome is not Outcome.PASSED)


def _ending(verdict: Verdict, wanted: Outcome) -> str:
    reason = verdict.message or (verdict.error.message if verdict.error else "")
    reason = reason.split("\n", 1)[0][:300]
    return f"ends as {verdict.outcome}, not {wanted}{reason and ': '}{reason}"


def _wrong_ending(reason: Reason, name: str, verdict: Verdict, wanted: Outcome) -> tuple[Fault, ...]:
    if verdict.outcome is wanted:
        return ()
    where = f" ({', '.join(failed)})" if (failed := _failed(verdict)) else ""
    return (Fault(reason=reason, message=f"{name} {_ending(verdict, wanted)}{where}"),)


def _without_words(name: str, code: str) -> tuple[Fault, ...]:
    words = (ast.get_docstring(ast.parse(code)) or "").strip()
    if words.startswith(UNWRITTEN):
        message = f"{name} has a docstring that nobody has written yet"
        return (Fault(reason=Reason.VARIANT_WITHOUT_WORDS, message=message),)
    if words:
        return ()
    return (Fault(reason=Reason.VARIANT_WITHOUT_WORDS, message=f"{name} has no docstring"),)


def _variant_faults(
    name: str, variant: WrongVariant, verdict: Verdict, names: frozenset[str]
) -> tuple[Fault, ...]:
    if verdict.accepted:
        message = f"{name} passes every case: it {_ending(verdict, variant.outcome)}"
        return (Fault(reason=Reason.VARIANT_PASSES, message=message),)
    otherwise = _otherwise(variant, verdict, names)
    if otherwise:
        return (Fault(reason=Reason.VARIANT_ENDS_OTHERWISE, message=f"{name} {otherwise}"),)
    diagnosis = verdict.diagnosis
    if diagnosis is None or diagnosis.kind is not DiagnosisKind.VARIANT:
        reported = f" but explained as {diagnosis.id}" if diagnosis else " and not explained"
        return (Fault(reason=Reason.VARIANT_NOT_NAMED, message=f"{name} is refused{reported}"),)
    others = sorted({diagnosis.id, *diagnosis.others} - {name})
    if others:
        message = f"{name} cannot be told from {', '.join(others)}: a learner is told of {diagnosis.id}"
        return (Fault(reason=Reason.VARIANTS_ALIKE, message=message),)
    return ()


def _otherwise(variant: WrongVariant, verdict: Verdict, names: frozenset[str]) -> str:
    if verdict.outcome is not variant.outcome:
        return _ending(verdict, variant.outcome)
    failed = set(_failed(verdict)) & names
    if missed := sorted(set(variant.fails) - failed):
        return f"was declared to fail {', '.join(missed)}, but passes"
    if more := sorted(failed - set(variant.fails)):
        return f"fails {', '.join(more)} too, which is not declared"
    return ""
