"""The service: everything is opened here, from the settings, and handed down."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from app.accounts.accounts import Accounts
from app.api import docs, health, routes
from app.api.body_limit import BodyLimit
from app.api.count_requests import CountRequests
from app.api.cross_origin import RefuseCrossOrigin
from app.api.error_responses import ErrorAnswer, answer_error
from app.api.metrics import Metrics
from app.api.openapi import describer
from app.api.readiness import Readiness
from app.catalog.problem_folder import load_folders, read_problem
from app.errors import GraderError, ProblemError
from app.jobs.embedded import EmbeddedQueue
from app.jobs.recover import rebuild_queue
from app.jobs.submit import Submissions
from app.live.feed import Feed
from app.settings import Settings
from app.store.open_database import open_database
from app.store.problems import Problems
from app.store.sole_owner import sole_owner
from app.web.errors import error_page
from app.web.routes import STATIC_DIR
from app.web.routes import router as pages
from app.web.security_headers import SecurityHeaders
from app.worker.embedded import EmbeddedWorker, OpenGrader
from app.worker.grade_submission import Grades, GradeSubmission
from app.worker.prepare import prepare_problems

_log = logging.getLogger("jaxercise")


def create_app(settings: Settings, *, open_grader: OpenGrader | None = None) -> FastAPI:
    """The application; its lifespan opens the database, loads the problems and grades.

    `open_grader` takes the place of the real sandbox and grader.
    """
    queue = EmbeddedQueue()
    metrics = Metrics(waiting=lambda: len(queue.waiting()))
    app = FastAPI(
        title="Jaxercise",
        version="1",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=partial(_lifespan, queue=queue, open_grader=open_grader or _real_grader(settings)),
    )
    app.openapi = describer(app)  # type: ignore[method-assign]  # the way FastAPI documents
    app.state.settings = settings
    app.state.metrics = metrics
    app.state.readiness = Readiness()
    for router in (routes.router, docs.router, health.router, pages):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC_DIR, check_dir=False), name="static")
    for error in (GraderError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(error, _answer)
    # The one added last sees a request first.
    app.add_middleware(BodyLimit, present=_present)
    app.add_middleware(RefuseCrossOrigin, present=_present)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(CountRequests, metrics=metrics)
    return app


async def _answer(request: Request, error: Exception) -> Response:
    return await _present(request, answer_error(error))


async def _present(request: Request, answer: ErrorAnswer) -> Response:
    """JSON for programs, a page for people."""
    path = request.url.path
    if path.startswith("/api/") or path in ("/healthz", "/readyz", "/metrics"):
        return answer
    page = await error_page(request, answer.status_code, answer.error.message)
    if "Connection" in answer.headers:
        page.headers["Connection"] = answer.headers["Connection"]
    return page


@asynccontextmanager
async def _lifespan(app: FastAPI, *, queue: EmbeddedQueue, open_grader: OpenGrader) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    async with (
        open_database(settings.store_url) as database,
        sole_owner(database),
    ):
        feed = Feed()
        problems = Problems(database, read_problem)
        app.state.accounts = Accounts(database, session_days=settings.session_days)
        app.state.problems = problems
        app.state.feed = feed
        app.state.submissions = Submissions(
            database,
            problems,
            queue,
            feed.publish,
            queue_limit=settings.queue_limit,
            waiting_per_user=settings.waiting_per_user,
        )
        app.state.refused_problems = await load_problems(settings, problems)
        await rebuild_queue(database, queue, feed.publish)
        worker = EmbeddedWorker(
            queue,
            feed,
            open_grader,
            lambda grader: GradeSubmission(
                database,
                problems,
                queue,
                feed,
                grader,
                count=app.state.metrics.verdict,
                diagnosis_seconds=settings.diagnosis_seconds,
            ),
            lambda grader: prepare_problems(grader, problems),
            slots=settings.slots,
            drain_seconds=settings.drain_seconds,
        )
        app.state.worker = worker
        app.state.readiness.add("database", database.ping)
        app.state.readiness.add("grading", worker.missing)
        async with worker.running():
            yield


async def load_problems(settings: Settings, problems: Problems) -> list[ProblemError]:
    """Publishes every readable folder, and returns why the others were refused; their last good
    version stays on offer. A problem whose folder is gone is taken off the list."""
    loaded = await asyncio.to_thread(load_folders, settings.problems_dir, settings.references_dir)
    refused = list(loaded.refused)
    published = set()
    for slug, files in loaded.problems.items():
        try:
            published.add((await problems.publish(files)).manifest.id)
        except ProblemError as fault:
            refused.append(ProblemError(f"{slug}/{fault.message}"))
    for refusal in refused:
        _log.error("problem refused: %s", refusal.message)
    if not refused:
        # A broken folder doesn't say which problem it is, so then nothing can be known to be gone.
        await problems.withdraw_except(published)
    return refused


def _real_grader(settings: Settings) -> OpenGrader:
    def open_real() -> AbstractAsyncContextManager[Grades]:
        from app.grading.open_grader import open_grader

        return open_grader(
            data_dir=settings.data_dir,
            unjailed=settings.sandbox == "unjailed",
            rehearsed=settings.rehearsed,
            keep_free_bytes=settings.keep_free_mb << 20,
            standby=True,
            diagnosis_seconds=settings.diagnosis_seconds,
            prepares_diagnosis=False,  # The worker does, beside its work.
        )

    return open_real
