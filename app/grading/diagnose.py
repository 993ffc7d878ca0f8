"""Why a refused solution is wrong, where that can be told; abstains rather than guesses."""

from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.verdict import Diagnosis, DiagnosisKind
from app.grading.graded_items import ItemKind
from app.grading.run_items import ItemsRun
from app.grading.trusted_answers import TrustedAnswers
from app.grading.variants import match_variant

_ORDER_MESSAGE = (
    "The architecture is right: with the same parameters handed in, every answer agrees. The parameters are "
    "created in another order than the task lists, so the same seed gives them other random values."
)


async def diagnose(problem: Problem, run: ItemsRun, answers: TrustedAnswers) -> Diagnosis | None:
    """A variant, or what the parameters lack, in this order."""
    if found := await match_variant(problem, run, answers):
        return found
    return _parameters(run)


def is_creation_order(run: ItemsRun) -> bool:
    """Whether only plain answers are wrong, while every parameter and every handed-in answer is right."""
    wrong = [item for item, row in zip(run.items, run.rows, strict=True) if row.outcome is not Outcome.PASSED]
    kinds = {item.kind for item in run.items}
    return (
        bool(wrong)
        and {ItemKind.CHECKPOINT, ItemKind.PARAMETERS} <= kinds
        and all(item.kind is ItemKind.VALUE for item in wrong)
        and all(row.outcome in (Outcome.PASSED, Outcome.WRONG_VALUE) for row in run.rows)
    )


def creation_order() -> Diagnosis:
    """What is told for the outcome of the same name."""
    return Diagnosis(kind=DiagnosisKind.CREATION_ORDER, id="creation_order", message=_ORDER_MESSAGE)


def _parameters(run: ItemsRun) -> Diagnosis | None:
    for item, row in zip(run.items, run.rows, strict=True):
        if row.outcome is Outcome.WRONG_PARAMETERS and item.kind is ItemKind.PARAMETERS:
            return Diagnosis(kind=DiagnosisKind.PARAMETERS, id="parameters", message=_sentence(row.message))
    return None


def _sentence(text: str) -> str:
    return f"In the module's parameters, {text}."
