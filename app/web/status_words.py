"""How the state of a worker is said and drawn, and what an admin should look at first."""

from app.core.service_status import ServiceStatus, WorkerState, WorkerStatus
from app.web.outcome_words import OutcomeWords, Tone

_WORDS = {
    WorkerState.STARTING: ("Starting", Tone.NEAR, "It opens its sandbox and takes nothing yet."),
    WorkerState.GRADING: ("Grading", Tone.RIGHT, "It takes submissions."),
    WorkerState.DRAINING: ("Draining", Tone.NEUTRAL, "It ends what it has and takes nothing new."),
}
_LOST = ("Lost", Tone.OURS, "It was not heard of for a while; its submissions are taken up by others.")


def worker_words(worker: WorkerStatus) -> OutcomeWords:
    word, tone, sentence = _LOST if worker.is_lost else _WORDS[worker.state]
    return OutcomeWords(word=word, tone=tone, sentence=sentence)


def concerns(status: ServiceStatus) -> list[str]:
    """A sentence each; empty where all is as it should be."""
    alive = [worker for worker in status.workers if not worker.is_lost]
    lost = len(status.workers) - len(alive)
    said = []
    if not any(worker.state is WorkerState.GRADING for worker in alive):
        said.append("Nobody grades: submissions are taken and wait.")
    if lost:
        said.append("One worker is lost." if lost == 1 else f"{lost} workers are lost.")
    fingerprints = {fingerprint(worker) for worker in alive} - {""}
    if len(fingerprints) > 1:
        said.append(
            f"The workers grade in {len(fingerprints)} different environments: each computes the expected "
            "answers for itself, and a close call may end differently."
        )
    if status.refused_problems:
        said.append("Some problems were refused at the start; their last good versions stay on offer.")
    return said


def fingerprint(worker: WorkerStatus) -> str:
    """The short name of all that can change a computed number; empty until the sandbox is open."""
    return worker.environment.get("fingerprint", "")
