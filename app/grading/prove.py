"""A problem proves itself: right solutions are accepted, wrong ones refused and named."""

from collections.abc import AsyncIterator, Iterator
from enum import StrEnum

import msgspec
import numpy as np

from app.core.outcome import Outcome
from app.core.problem import Problem, WrongVariant
from app.core.verdict import DiagnosisKind, Mode, Verdict
from app.grading.compare import compare
from app.grading.graded_items import GradedItem, ItemKind, items_of
from app.grading.grader import Grader
from app.grading.trusted_answers import TrustedAnswer
from sandbox.arrays import WireArray, pack_array, unpack_array

_FRESH_SEED = 20_240_229
"""Any number does; a fixed one keeps two proofs of one version comparable."""


class Role(StrEnum):
    """What a solution is to its problem."""

    REFERENCE = "reference"
    ALSO_RIGHT = "also_right"
    VARIANT = "variant"
    TRIVIAL = "trivial"


class ProofRow(msgspec.Struct, frozen=True, kw_only=True):
    """One solution, what it had to end with, and what it did end with."""

    role: Role
    id: str
    expected: Outcome
    outcome: Outcome
    failed: tuple[str, ...]
    named: str
    wall_seconds: float
    problem: str = ""
    """Why the row disproves the problem; empty where it holds."""

    @property
    def holds(self) -> bool:
        return not self.problem


async def prove(problem: Problem, grader: Grader) -> AsyncIterator[ProofRow]:
    """Grade every solution of the package as a learner's would be, and trivial answers beside them.

    Raises:
        ReferenceFailed: the reference gives no usable answer.
        SandboxError: the jail broke.
    """
    items = items_of(problem, Mode.SUBMIT, fresh_seed=None)
    expected = await grader.answers.of_reference(problem, items)
    verdict = await _grade(problem, grader, problem.reference)
    yield _row(Role.REFERENCE, "reference", Outcome.ACCEPTED, verdict, _reference_fault(items, expected))
    for name, code in sorted(problem.also_right.items()):
        declared = problem.manifest.also_right.get(name)
        wanted = declared.outcome if declared else Outcome.ACCEPTED
        yield _row(Role.ALSO_RIGHT, name, wanted, await _grade(problem, grader, code))
    for name, code in sorted(problem.variants.items()):
        variant = problem.manifest.variants[name]
        verdict = await _grade(problem, grader, code)
        yield _row(
            Role.VARIANT, name, variant.outcome, verdict, _variant_fault(name, variant, verdict, items)
        )
    for row in _trivial_rows(problem, items, expected):
        yield row


async def _grade(problem: Problem, grader: Grader, code: str) -> Verdict:
    return await grader.grade(problem, code, Mode.SUBMIT, fresh_seed=_FRESH_SEED)


def _row(role: Role, name: str, wanted: Outcome, verdict: Verdict, fault: str = "") -> ProofRow:
    if verdict.outcome is not wanted:
        reason = verdict.message or (verdict.error.message if verdict.error else "")
        fault = f"ends as {verdict.outcome}, not {wanted}{': ' if reason else ''}{reason}"
    return ProofRow(
        role=role,
        id=name,
        expected=wanted,
        outcome=verdict.outcome,
        failed=_failed(verdict),
        named=verdict.diagnosis.id if verdict.diagnosis else "",
        wall_seconds=verdict.wall_seconds,
        problem=fault,
    )


def _failed(verdict: Verdict) -> tuple[str, ...]:
    return tuple(row.name for row in verdict.cases if row.outcome is not Outcome.PASSED)


def _reference_fault(items: tuple[GradedItem, ...], expected: tuple[TrustedAnswer, ...]) -> str:
    for item, answer in zip(items, expected, strict=True):
        if item.kind is ItemKind.PARAMETERS and not answer.parameters:
            return f"the reference never builds the module that {item.name} looks into"
        if answer.value is not None and not np.isfinite(unpack_array(answer.value)).all():
            return f"the reference's answer to {item.name} is not finite"
    return ""


def _variant_fault(name: str, variant: WrongVariant, verdict: Verdict, items: tuple[GradedItem, ...]) -> str:
    lasting = {item.name for item in items}
    failed = set(_failed(verdict)) & lasting
    if missed := sorted(set(variant.fails) - failed):
        return f"was declared to fail {', '.join(missed)}, but passes"
    if more := sorted(failed - set(variant.fails)):
        return f"fails {', '.join(more)} too, which is not declared"
    diagnosis = verdict.diagnosis
    if diagnosis is None or diagnosis.kind is not DiagnosisKind.VARIANT:
        return "is refused, but not named"
    if diagnosis.id != name:
        return f"is named {diagnosis.id}: the cases cannot tell the two apart"
    return ""


def _trivial_rows(
    problem: Problem, items: tuple[GradedItem, ...], expected: tuple[TrustedAnswer, ...]
) -> Iterator[ProofRow]:
    """Answers that need no understanding must not pass any case."""
    for name in ("zeros", "constant", "bfloat16"):
        passed = [
            item.name
            for item, answer in zip(items, expected, strict=True)
            if item.kind is not ItemKind.PARAMETERS
            and answer.value is not None
            and _trivially_passes(name, answer.value, problem)
        ]
        yield ProofRow(
            role=Role.TRIVIAL,
            id=name,
            expected=Outcome.WRONG_VALUE,
            outcome=Outcome.WRONG_VALUE if not passed else Outcome.ACCEPTED,
            failed=tuple(item.name for item in items if item.name not in passed),
            named="",
            wall_seconds=0.0,
            problem=f"would pass {', '.join(passed)}: change the inputs" if passed else "",
        )


def _trivially_passes(name: str, expected: WireArray, problem: Problem) -> bool:
    array = np.asarray(unpack_array(expected), dtype=np.float32)
    match name:
        case "zeros":
            made = np.zeros_like(array)
        case "constant":
            made = np.full_like(array, array.mean())
            if array.size == 1:
                return False  # A single number is its own mean; zeros stand for it.
        case _:
            # Rounding to bfloat16 keeps the upper half of a float32's bits.
            made = ((array.view(np.uint32) + 0x8000) & 0xFFFF0000).astype(np.uint32).view(np.float32)
    answer = pack_array(made.astype(expected.dtype))
    return (
        compare(answer, expected, problem.manifest.tolerance, dtype=expected.dtype).outcome is Outcome.PASSED
    )
