"""The architecture is right, and only the parameters' first values are others than the task's."""

from collections.abc import Sequence

import msgspec

from app.core.outcome import Outcome
from app.core.verdict import CaseResult, Diagnosis, DiagnosisKind
from app.grading.plan.checks import GradedItem, ItemKind
from app.grading.run.run_checks import ItemsRun

_NEVER = (ItemKind.PARAMETERS, ItemKind.AGAIN, ItemKind.DETERMINISM)
"""What fails here fails for another reason: first values only change what a call answers."""
_MESSAGE = (
    "The architecture is right: with the same parameters handed in, every answer agrees. Without them the "
    "same seed gives your parameters other random values, as it does when they are created in another order "
    "than the task lists."
)


def is_creation_order(run: ItemsRun) -> bool:
    """Whether only answers without handed-in parameters are wrong, while all others are right."""
    wrong = [item for item, row in zip(run.items, run.rows, strict=True) if row.outcome is not Outcome.PASSED]
    kinds = {item.kind for item in run.items}
    return (
        bool(wrong)
        and {ItemKind.CHECKPOINT, ItemKind.PARAMETERS} <= kinds
        and all(item.kind not in _NEVER and not _is_handed_in(item) for item in wrong)
        and all(row.outcome in (Outcome.PASSED, Outcome.WRONG_VALUE) for row in run.rows)
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
