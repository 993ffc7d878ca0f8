"""The status of the service, for admins: who grades, what waits, what failed."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response

from app.core.service_status import ServiceStatus, WorkerState, WorkerStatus
from app.http.authentication import Admin
from app.http.services import StatusReportService
from app.web.errors import PageRoute
from app.web.outcome_words import OutcomeWords, Tone
from app.web.rendering import render_page

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_STATE_WORDS = {
    WorkerState.STARTING: ("Starting", Tone.NEAR, "It opens its sandbox and takes nothing yet."),
    WorkerState.GRADING: ("Grading", Tone.RIGHT, "It takes submissions."),
    WorkerState.DRAINING: ("Draining", Tone.NEUTRAL, "It ends what it has and takes nothing new."),
}
_LOST = ("Lost", Tone.OURS, "It was not heard of for a while; its submissions are taken up by others.")


@router.get("/status")
async def status(request: Request, user: Admin, report: StatusReportService) -> Response:
    found = await report.read()
    return render_page(
        request,
        "status.html",
        user=user,
        status_now=found,
        concerns=concerns(found),
        worker_words=worker_words,
        slowdown_words=slowdown_words,
        fingerprint=fingerprint,
        read_at=datetime.now(UTC),
    )


def concerns(status: ServiceStatus) -> list[str]:
    """Return what an admin should look at first, a sentence each; empty where all is as it should be."""
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
    if left_out := {worker.environment.get("jax_patches_left_out", "") for worker in alive} - {""}:
        said.append(
            "Grading takes longer than it could, because jails go without patches of JAX "
            f"({'; '.join(sorted(left_out))})."
        )
    if status.refused_problems:
        said.append(
            "Some problems were refused at the start, for the reasons below. Of one that cannot be read the "
            "last good version stays on offer."
        )
    return said


def worker_words(worker: WorkerStatus) -> OutcomeWords:
    """Return how the state of a worker is said and drawn."""
    word, tone, sentence = _LOST if worker.is_lost else _STATE_WORDS[worker.state]
    return OutcomeWords(word=word, tone=tone, sentence=sentence)


def slowdown_words(worker: WorkerStatus) -> str:
    """Say what limits are scaled by on this worker's machine; empty where it does not say."""
    found = worker.environment
    if "calibration" not in found:
        return ""
    computing, compiling = found.get("slowdown_computing", "1"), found.get("slowdown_compiling", "1")
    return f"Limits: {computing} times for computing, {compiling} for compiling ({found['calibration']})."


def fingerprint(worker: WorkerStatus) -> str:
    """Return the short name of all that can change a computed number; empty until the sandbox is open."""
    return worker.environment.get("fingerprint", "")
