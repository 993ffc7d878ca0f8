"""The services that answer requests: one value that `app.main` puts on the application, handed to handlers.

A handler asks for a part of it by the type of a parameter, as in `problems: ProblemsService`. Nothing else
knows that the value lies on `app.state`.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

import msgspec
from fastapi import Depends, FastAPI, Request

from app.accounts.accounts import Accounts
from app.accounts.invitations import Invitations
from app.catalog.renderings import Renderings
from app.errors import ProblemError
from app.events.bounds import StreamBounds
from app.events.feed import Feed
from app.events.verdict_watch import VerdictWatch
from app.metrics.status_report import StatusReport
from app.store.problems import Problems
from app.submissions.service import Submissions


class PreviewState(msgspec.Struct, kw_only=True):
    """What the pages of a preview say of the folders that they follow."""

    revision: str
    """Another one with each change of the folders."""
    faults: tuple[str, ...] = ()
    """Why folders as they are now were not taken over."""
    warnings: tuple[str, ...] = ()
    """What is not as it should be with what was."""


class RequestServices(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that pages and the API work with; built once, before the first request is answered."""

    accounts: Accounts
    invitations: Invitations
    problems: Problems
    submissions: Submissions
    feed: Feed
    verdict_watch: VerdictWatch
    renderings: Renderings
    streams: StreamBounds
    status_report: StatusReport
    refused_problems: Sequence[ProblemError]
    """Folders that could not be loaded at the last start, each with its reason."""
    is_production: bool
    is_unjailed: bool
    """Submissions run without isolation, which every page then says."""
    preview: PreviewState | None = None
    """What the pages are a preview of; None where they are a service's."""
    grading_failure: Callable[[], Awaitable[Exception]] | None = None
    """Waits until this process cannot grade any more, and returns why; None where it grades nothing."""


def put_services(app: FastAPI, services: RequestServices) -> None:
    """Have the requests that come from now on answered with `services`."""
    app.state.services = services


def services_of(app: FastAPI) -> RequestServices:
    """Return what `put_services` has put there."""
    services: RequestServices = app.state.services
    return services


# Coroutines, since FastAPI runs plain functions in threads.


async def _services(request: Request) -> RequestServices:
    return services_of(request.app)


AllServices = Annotated[RequestServices, Depends(_services)]


async def _accounts(services: AllServices) -> Accounts:
    return services.accounts


async def _invitations(services: AllServices) -> Invitations:
    return services.invitations


async def _problems(services: AllServices) -> Problems:
    return services.problems


async def _submissions(services: AllServices) -> Submissions:
    return services.submissions


async def _feed(services: AllServices) -> Feed:
    return services.feed


async def _verdict_watch(services: AllServices) -> VerdictWatch:
    return services.verdict_watch


async def _renderings(services: AllServices) -> Renderings:
    return services.renderings


async def _streams(services: AllServices) -> StreamBounds:
    return services.streams


async def _status_report(services: AllServices) -> StatusReport:
    return services.status_report


AccountsService = Annotated[Accounts, Depends(_accounts)]
InvitationsService = Annotated[Invitations, Depends(_invitations)]
ProblemsService = Annotated[Problems, Depends(_problems)]
SubmissionsService = Annotated[Submissions, Depends(_submissions)]
FeedService = Annotated[Feed, Depends(_feed)]
VerdictWatchService = Annotated[VerdictWatch, Depends(_verdict_watch)]
RenderingsService = Annotated[Renderings, Depends(_renderings)]
Streams = Annotated[StreamBounds, Depends(_streams)]
StatusReportService = Annotated[StatusReport, Depends(_status_report)]
