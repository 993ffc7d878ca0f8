"""The architecture is right, and only the parameters' first values are others than the task's."""

from collections.abc import Sequence

import msgspec

from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.verdict import CaseResult, Diagnosis, DiagnosisKind
from app.grading.call_plan import plan_calls
from app.grading.follow_stages import SEED, STD, RunOnce, answers_agree
from app.grading.graded_items import GradedItem, ItemKind
from app.grading.run_items import ItemsRun
from app.grading.run_request import limits_for, request_for
from app.grading.trusted_answers import TrustedAnswers
from sandbox.interface import ModuleUse

_MESSAGE = (
    "The architecture is right: with the same parameters handed in, every answer agrees. Without them the "
    "same seed gives your parameters other random values, as it does when they are created in another order "
    "than the task lists."
)
_FEWEST_LEFT_OUT = 8


def is_creation_order(run: ItemsRun) -> bool:
    """Whether only answers without handed-in parameters are wrong, while all others are right."""
    wrong = [item for item, row in zip(run.items, run.rows, strict=True) if row.outcome is not Outcome.PASSED]
    kinds = {item.kind for item in run.items}
    return (
        bool(wrong)
        and {ItemKind.CHECKPOINT, ItemKind.PARAMETERS} <= kinds
        and all(item.kind is not ItemKind.PARAMETERS and not _is_handed_in(item) for item in wrong)
        and all(row.outcome in (Outcome.PASSED, Outcome.WRONG_VALUE) for row in run.rows)
    )


async def holds_for_failing(
    problem: Problem, code: str, run: ItemsRun, answers: TrustedAnswers, run_once: RunOnce
) -> bool:
    """Whether the very cases that fail come out right once parameters are handed in.

    Raises:
        ReferenceFailed: the reference failed where it is asked the same.
        SandboxError: the jail broke.
    """
    assert problem.manifest.module is not None  # Otherwise there is no probe with parameters handed in.
    use = ModuleUse(class_name=problem.manifest.module.name, seed=SEED, std=STD)
    items = [
        msgspec.structs.replace(
            item,
            kind=ItemKind.CHECKPOINT,
            call=msgspec.structs.replace(item.call, module=use, is_quiet=True),
        )
        for item, row in zip(run.items, run.rows, strict=True)
        if row.outcome is not Outcome.PASSED and item.kind is ItemKind.VALUE
    ][:_FEWEST_LEFT_OUT]
    if not items:
        return True
    result = await run_once(request_for(problem, code, items), limits=limits_for(problem))
    calls = plan_calls(items).by_item(result.calls)
    expected = await answers.of_reference(problem, items)
    return len(calls) == len(items) and all(
        answers_agree(call, answer, problem.manifest.tolerance) is True
        for call, answer in zip(calls, expected, strict=True)
    )


def creation_order() -> Diagnosis:
    """What is told for the outcome of the same name."""
    return Diagnosis(kind=DiagnosisKind.CREATION_ORDER, id="creation_order", message=_MESSAGE)


def as_creation_order(rows: Sequence[CaseResult]) -> tuple[CaseResult, ...]:
    """The rows, those with wrong values under their other name."""
    return tuple(
        msgspec.structs.replace(row, outcome=Outcome.CREATION_ORDER)
        if row.outcome is Outcome.WRONG_VALUE
        else row
        for row in rows
    )


def _is_handed_in(item: GradedItem) -> bool:
    return item.call.module is not None and item.call.module.std is not None
