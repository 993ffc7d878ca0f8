"""The service: built from the settings, with everything that its requests are answered with handed down."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from app.accounts.accounts import Accounts
from app.accounts.invitations import Invitations
from app.accounts.sign_up_rule import SignUpRule
from app.api import accounts, openapi, operators, problems, submissions
from app.bootstrap import open_services, publishing_positions, real_grader, require_distributed, run_worker
from app.catalog.faults import refusal_lines
from app.catalog.identity import Identity
from app.catalog.problem_folder import load_folders, reading_rules, suit_any_host
from app.catalog.renderings import open_renderings
from app.core.paths import path_of
from app.core.problem import Problem
from app.errors import GraderError, ProblemError
from app.events.bounds import StreamBounds
from app.events.verdict_watch import watch_of
from app.http.compression import CompressedFiles
from app.http.middleware import add_middleware
from app.http.responses import ErrorAnswer, answer_error
from app.http.services import RequestServices, put_services
from app.metrics.loop_watch import watching_loop
from app.metrics.metrics import Metrics
from app.metrics.status_report import StatusReport
from app.settings import Settings
from app.store.problems import Problems
from app.submissions.service import Submissions
from app.web import (
    account_pages,
    invitation_pages,
    preview_pages,
    problem_pages,
    status_page,
    submission_page,
)
from app.web.errors import error_page
from app.web.preview_pages import Preview, SignInEverybody
from app.worker.worker import OpenGrader

_API_MODULES = (problems, submissions, accounts, operators)
_PAGES = (problem_pages, submission_page, account_pages, invitation_pages, status_page)

_log = logging.getLogger("jaxercise")


def create_app(
    settings: Settings,
    *,
    open_grader: OpenGrader | None = None,
    metrics: Metrics | None = None,
    preview: Preview | None = None,
) -> FastAPI:
    """Build the application; its lifespan opens the database, loads the problems and grades.

    `open_grader` takes the place of the real sandbox and grader. A `preview` follows the folders, and asks
    nobody to sign in.
    """
    health = operators.Health(metrics=metrics or Metrics(), readiness=operators.Readiness())
    app = FastAPI(
        title="Jaxercise",
        version="1",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=partial(
            _lifespan,
            settings=settings,
            health=health,
            open_grader=open_grader or real_grader(settings, health.metrics),
            preview=preview,
        ),
    )
    app.openapi = openapi.describer(app)  # type: ignore[method-assign]  # the way FastAPI documents
    for noun in _API_MODULES:
        app.include_router(noun.router, prefix="/api/v1")
    app.include_router(openapi.router)
    operators.add_health(app, health, in_public=settings.metrics_port is None)
    for page in _PAGES:
        app.include_router(page.router)
    app.mount("/static", CompressedFiles(directory=path_of("static"), check_dir=False), name="static")
    for error in (GraderError, RequestValidationError, HTTPException, ClientDisconnect, Exception):
        app.add_exception_handler(error, _answer)
    add_middleware(
        app,
        present=_present,
        metrics=health.metrics,
        request_limit=settings.request_limit,
        origins=settings.origins,
    )
    if preview is not None:
        app.include_router(preview_pages.router)
        app.add_middleware(SignInEverybody, preview=preview)
    return app


async def _answer(request: Request, error: Exception) -> Response:
    return await _present(request, answer_error(error))


async def _present(request: Request, answer: ErrorAnswer) -> Response:
    """Return JSON for programs, a page for people."""
    path = request.url.path
    if path.startswith("/api/") or path in operators.HEALTH_PATHS:
        return answer
    page = await error_page(request, answer.status_code, answer.error.message)
    for name in ("Connection", "Retry-After"):
        if name in answer.headers:
            page.headers[name] = answer.headers[name]
    return page


@asynccontextmanager
async def _lifespan(
    app: FastAPI,
    *,
    settings: Settings,
    health: operators.Health,
    open_grader: OpenGrader,
    preview: Preview | None,
) -> AsyncIterator[None]:
    if not settings.worker:
        require_distributed(settings, "JAXERCISE_WORKER=false")
    async with open_services(settings) as shared, publishing_positions(shared), AsyncExitStack() as stack:
        await stack.enter_async_context(watching_loop(health.metrics.loop_held))
        if preview is None:
            refused = await load_problems(settings, shared.problems)
        else:
            refused = []
            require_host = (await _host_rule(settings)).require
            await stack.enter_async_context(preview.following(shared.problems, require_host))
        health.readiness.add("database", shared.database.ping)
        health.metrics.queue.watch(shared.database)
        worker = None
        if settings.worker:
            running = run_worker(settings, shared, open_grader, health.metrics)
            worker = await stack.enter_async_context(running)
            health.readiness.add("grading", worker.missing)
        verdict_watch = watch_of(shared.database)
        await stack.enter_async_context(verdict_watch.running())
        own_accounts = Accounts(
            shared.database, session_days=settings.session_days, sign_up_rule=_sign_up_rule(settings)
        )
        if preview is not None:
            await preview.begin_session(own_accounts)
        put_services(
            app,
            RequestServices(
                accounts=own_accounts,
                invitations=Invitations(shared.database),
                problems=shared.problems,
                submissions=Submissions(
                    shared.database,
                    shared.problems,
                    shared.queue,
                    shared.feed.publish,
                    queue_limit=settings.queue_limit,
                    waiting_per_user=settings.waiting_per_user,
                    on_refused=health.metrics.requests.refused,
                ),
                feed=shared.feed,
                verdict_watch=verdict_watch,
                renderings=stack.enter_context(open_renderings()),
                streams=StreamBounds(
                    in_all=settings.stream_limit,
                    per_network=settings.streams_per_network,
                    per_user=settings.streams_per_user,
                ),
                status_report=StatusReport(shared.database, refused),
                refused_problems=refused,
                is_production=settings.environment == "production",
                is_unjailed=settings.sandbox == "unjailed",
                preview=None if preview is None else preview.state,
                grading_failure=None if worker is None else worker.failure,
            ),
        )
        yield


def _sign_up_rule(settings: Settings) -> SignUpRule:
    code = settings.sign_up_code
    return SignUpRule(needs=settings.sign_up, code="" if code is None else code.get_secret_value())


class _HostRule(msgspec.Struct, frozen=True):
    """What refuses a problem that cannot be graded on this host, and what it looks at."""

    require: Callable[[Problem], None] = suit_any_host
    facts: str = ""


async def _host_rule(settings: Settings) -> _HostRule:
    """Return the rule of this host; none at all where another process grades."""
    if not settings.worker:
        return _HostRule()
    from app.grading.plan.host_needs import host_facts, require_host

    return _HostRule(require_host, str(await asyncio.to_thread(host_facts)))


async def load_problems(
    settings: Settings, problems: Problems, *, rules: str | None = None
) -> list[ProblemError]:
    """Publish every readable folder, and return why the others were refused.

    The last good version of a refused one stays on offer. A problem whose folder is gone is taken off the
    list, and where this process grades, one that cannot be graded on its host. What was read under the same
    `rules` is not read again; they are those of this program on this host.
    """
    host = await _host_rule(settings)
    if rules is None:
        rules = await asyncio.to_thread(reading_rules)
    if host.facts:
        rules = hashlib.sha256(f"{rules} {host.facts}".encode()).hexdigest()
    on_offer = await problems.found_readable(rules)
    last_ids = {f"{listing.position}-{listing.slug}": listing.id for listing in await problems.on_offer()}
    loaded = await asyncio.to_thread(
        load_folders,
        settings.problems_dir,
        settings.references_dir,
        known={
            listing.version: Identity(
                id=listing.id, slug=listing.slug, position=listing.position, requires=listing.requires
            )
            for listing in on_offer
        },
        last_ids=last_ids,
        require_host=host.require,
    )
    refused = list(loaded.refused)
    published = {listing.id for listing in on_offer if listing.slug in loaded.unchanged}
    for slug, result in (await problems.publish_all(loaded.problems, rules=rules)).items():
        if isinstance(result, ProblemError):
            refused.append(ProblemError(f"{loaded.folders[slug]}/{result.message}"))
        else:
            published.add(result.manifest.id)
    for line in refusal_lines(refused):
        _log.error("problem refused: %s", line)
    for warning in loaded.warnings:
        _log.warning("problem on offer, but: %s", warning)
    if len(refused) == len(loaded.unfit):
        await problems.retire_except(published)
    else:
        # A broken folder doesn't say which problem it is, so then nothing can be known to be gone.
        await problems.retire(set(loaded.unfit))
    await problems.describe_all()
    return refused
