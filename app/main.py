"""The service: everything is opened here, from the settings, and handed down."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from app.accounts.accounts import Accounts
from app.api import docs, health, routes
from app.api.openapi import describer
from app.api.readiness import Readiness
from app.bootstrap import open_services, publishing_positions, real_grader, require_distributed, run_worker
from app.catalog.problem_folder import load_folders, reading_rules
from app.errors import GraderError, ProblemError
from app.http.body_limit import BodyLimit
from app.http.count_requests import CountRequests
from app.http.cross_origin import RefuseCrossOrigin
from app.http.error_responses import ErrorAnswer, answer_error
from app.http.security_headers import SecurityHeaders
from app.metrics.metrics import Metrics
from app.metrics.status_report import StatusReport
from app.settings import Settings
from app.store.problems import Problems
from app.submissions.service import Submissions
from app.web.errors import error_page
from app.web.routes import STATIC_DIR
from app.web.routes import router as pages
from app.worker.worker import OpenGrader

_log = logging.getLogger("jaxercise")


def create_app(
    settings: Settings, *, open_grader: OpenGrader | None = None, metrics: Metrics | None = None
) -> FastAPI:
    """The application; its lifespan opens the database, loads the problems and grades.

    `open_grader` takes the place of the real sandbox and grader.
    """
    metrics = metrics or Metrics()
    app = FastAPI(
        title="Jaxercise",
        version="1",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=partial(_lifespan, open_grader=open_grader or real_grader(settings, metrics)),
    )
    app.openapi = describer(app)  # type: ignore[method-assign]  # the way FastAPI documents
    app.state.settings = settings
    app.state.metrics = metrics
    app.state.queue = app.state.worker = None
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
    for name in ("Connection", "Retry-After"):
        if name in answer.headers:
            page.headers[name] = answer.headers[name]
    return page


@asynccontextmanager
async def _lifespan(app: FastAPI, *, open_grader: OpenGrader) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    if not settings.worker:
        require_distributed(settings, "JAXERCISE_WORKER=false")
    async with open_services(settings) as shared, publishing_positions(shared):
        app.state.accounts = Accounts(shared.database, session_days=settings.session_days)
        app.state.problems = shared.problems
        app.state.feed = shared.feed
        app.state.queue = shared.queue
        app.state.submissions = Submissions(
            shared.database,
            shared.problems,
            shared.queue,
            shared.feed.publish,
            queue_limit=settings.queue_limit,
            waiting_per_user=settings.waiting_per_user,
            on_refused=app.state.metrics.requests.refused,
        )
        app.state.refused_problems = await load_problems(settings, shared.problems)
        app.state.status_report = StatusReport(shared.database, app.state.refused_problems)
        app.state.readiness.add("database", shared.database.ping)
        app.state.metrics.queue.watch(shared.database)
        if not settings.worker:
            yield
            return
        async with run_worker(settings, shared, open_grader, app.state.metrics) as worker:
            app.state.worker = worker
            app.state.readiness.add("grading", worker.missing)
            yield


async def load_problems(settings: Settings, problems: Problems) -> list[ProblemError]:
    """Publishes every readable folder, and returns why the others were refused; their last good
    version stays on offer. A problem whose folder is gone is taken off the list."""
    rules = await asyncio.to_thread(reading_rules)
    on_offer = await problems.found_readable(rules)
    loaded = await asyncio.to_thread(
        load_folders,
        settings.problems_dir,
        settings.references_dir,
        known={listing.version: listing.slug for listing in on_offer},
    )
    refused = list(loaded.refused)
    published = {listing.id for listing in on_offer if listing.slug in loaded.unchanged}
    for slug, files in loaded.problems.items():
        try:
            published.add((await problems.publish(files, rules=rules)).manifest.id)
        except ProblemError as fault:
            refused.append(ProblemError(f"{slug}/{fault.message}"))
    for refusal in refused:
        _log.error("problem refused: %s", refusal.message)
    if not refused:
        # A broken folder doesn't say which problem it is, so then nothing can be known to be gone.
        await problems.retire_except(published)
    await problems.describe_all()
    return refused
