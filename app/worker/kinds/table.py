"""The kinds of jobs that there are: a line each."""

from collections.abc import Callable, Mapping
from typing import Any

from app.core.submission import CONFIRMATION, SUBMISSION
from app.submissions.explanation import EXPLANATION
from app.worker.kinds.confirmation import ConfirmationKind
from app.worker.kinds.explanation import ExplanationKind
from app.worker.kinds.kind import Kind, KindServices
from app.worker.kinds.mutants import MUTANTS, MutantsKind
from app.worker.kinds.proof import PROOF, ProofKind
from app.worker.kinds.submission import SubmissionKind

MakeKind = Callable[[KindServices], Kind[Any, Any]]

KINDS: Mapping[str, MakeKind] = {
    SUBMISSION: SubmissionKind,
    PROOF: ProofKind,
    MUTANTS: MutantsKind,
    EXPLANATION: ExplanationKind,
    CONFIRMATION: ConfirmationKind,
}


def kinds_of(services: KindServices, table: Mapping[str, MakeKind] = KINDS) -> dict[str, Kind[Any, Any]]:
    """Return one of each kind, by name, with what this worker has for them."""
    return {name: make(services) for name, make in table.items()}
