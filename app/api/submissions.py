"""Submitting, reading the verdict, following it live, cancelling."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.types import Receive, Scope, Send

from app.api.body import Body
from app.api.openapi import SIGNED_IN, answers
from app.core.events import Event, WithVerdict
from app.core.job import Status
from app.core.submission import Submission, SubmissionLine
from app.core.user import User
from app.core.verdict import Mode, Verdict, VerdictLine
from app.errors import NotSignedIn
from app.events.feed import SentEvent
from app.events.follow import follow_submission
from app.http.authentication import ClientNetwork, SignedIn
from app.http.responses import JsonAnswer
from app.http.services import FeedService, Streams, SubmissionsService, VerdictWatchService
from app.submissions.service import Submissions

router = APIRouter(tags=["submissions"])
_PING_SECONDS = 15
_LARGE_CHARACTERS = 10_000


class SubmissionRequest(Body):
    code: str
    mode: Mode = Mode.SUBMIT


IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=200,
        description="Sent again with the same code and mode, it gives the submission that it made first.",
    ),
]


AccountHeader = Annotated[
    str | None,
    Header(
        alias="Jaxercise-Account",
        max_length=200,
        description="The id of the account that is to have it. Where the session is another's by now, as "
        "after somebody else has signed in in another tab, it is refused with 401.",
    ),
]


class SubmissionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A submission as its owner sees it; `position` counts the submissions ahead while it is queued.

    `verdict` is the current one of `verdicts`, all that there ever were, the first of them first.
    """

    id: str
    problem: str
    version: str
    mode: Mode
    status: Status
    position: int | None
    created_at: datetime
    finished_at: datetime | None
    code: str
    verdict: Verdict | None
    verdicts: tuple[VerdictLine, ...]


class SubmissionList(msgspec.Struct, frozen=True, kw_only=True):
    submissions: tuple[SubmissionLine, ...]


@router.post(
    "/problems/{slug}/submissions",
    status_code=202,
    summary="Submit code for grading",
    responses=answers(SubmissionAnswer, 202, says="Stored and queued."),
    openapi_extra=SIGNED_IN,
)
async def submit(
    request: Request,
    slug: str,
    body: SubmissionRequest,
    user: SignedIn,
    submissions: SubmissionsService,
    client: ClientNetwork,
    idempotency_key: IdempotencyKey = None,
    account: AccountHeader = None,
) -> Response:
    if account not in (None, user.id):
        raise NotSignedIn("Another account is signed in by now.")
    submission = await submissions.submit(
        user, slug, body.code, body.mode, client=client, key=idempotency_key
    )
    where = str(request.url_for("read_submission", submission_id=submission.id).path)
    return JsonAnswer(await _answer(submissions, submission, user), 202, {"Location": where})


@router.get(
    "/problems/{slug}/submissions",
    summary="One's own submissions to a problem, newest first",
    responses=answers(SubmissionList, says="The submissions."),
    openapi_extra=SIGNED_IN,
)
async def list_submissions(
    slug: str,
    user: SignedIn,
    submissions: SubmissionsService,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    found = await submissions.list_for(user, slug, limit=limit)
    return JsonAnswer(SubmissionList(submissions=tuple(found)))


@router.get(
    "/submissions/{submission_id}",
    summary="A submission, with its verdict once it is done",
    responses=answers(SubmissionAnswer, says="The submission."),
    openapi_extra=SIGNED_IN,
)
async def read_submission(submission_id: str, user: SignedIn, submissions: SubmissionsService) -> Response:
    return JsonAnswer(await _answer(submissions, await submissions.get(user, submission_id), user))


@router.get(
    "/submissions/{submission_id}/verdicts/{number}",
    summary="One of a submission's verdicts, as it was",
    responses=answers(Verdict, says="The verdict."),
    openapi_extra=SIGNED_IN,
)
async def read_verdict(
    submission_id: str, number: int, user: SignedIn, submissions: SubmissionsService
) -> Response:
    return JsonAnswer(visible_verdict(await submissions.verdict(user, submission_id, number), user))


@router.delete(
    "/submissions/{submission_id}",
    summary="Cancel; a verdict that was reached already stays",
    responses=answers(SubmissionAnswer, says="The submission as it is now."),
    openapi_extra=SIGNED_IN,
)
async def cancel_submission(submission_id: str, user: SignedIn, submissions: SubmissionsService) -> Response:
    return JsonAnswer(await _answer(submissions, await submissions.cancel(user, submission_id), user))


@router.post(
    "/submissions/{submission_id}/explanation",
    status_code=202,
    summary="Look into a refused submission again, where its look was given up; else nothing happens",
    responses=answers(SubmissionAnswer, 202, says="The submission as it is now."),
    openapi_extra=SIGNED_IN,
)
async def look_again(submission_id: str, user: SignedIn, submissions: SubmissionsService) -> Response:
    return JsonAnswer(
        await _answer(submissions, await submissions.look_again(user, submission_id), user), 202
    )


async def _check_network(streams: Streams, client: ClientNetwork) -> None:
    # Before anything is read: whoever is refused asks again and again.
    streams.check_network(client)


@router.get(
    "/submissions/{submission_id}/events",
    dependencies=[Depends(_check_network)],
    summary="Follow a submission: server-sent events from `queued` to its last verdict",
    description=(
        "Events `queued`, `running`, `case` and `verdict`, and `busy` where the machine was too busy for the "
        "run and it waits again, from the beginning or after the one of the header\n`Last-Event-ID`; ends "
        "after `verdict`, unless that goes on: where it says `pending` of its confirmation `confirmed` "
        "follows, and where it says `cut_short` of its explanation `explained`, each with the verdict as it "
        "is then."
    ),
    responses=answers(None, says="A stream of `text/event-stream` that ends with the last of them."),
    openapi_extra=SIGNED_IN,
)
async def follow(
    request: Request,
    submission_id: str,
    user: SignedIn,
    submissions: SubmissionsService,
    feed: FeedService,
    verdict_watch: VerdictWatchService,
    streams: Streams,
    client: ClientNetwork,
) -> Response:
    submission = await submissions.get(user, submission_id)
    last_id = request.headers.get("Last-Event-ID")
    sent = follow_submission(feed, submission, verdict_watch, last_id=last_id)
    held = streams.held(user_id=user.id, network=client)
    return _BoundedStream(_visible_events(sent, user), held)


class _BoundedStream(EventSourceResponse):
    """Begins once there is room for it, and counts as long as it lasts."""

    def __init__(self, events: AsyncIterator[bytes], held: AbstractContextManager[None]) -> None:
        super().__init__(events, ping=_PING_SECONDS)
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._held:
            await super().__call__(scope, receive, send)


async def _visible_events(events: AsyncIterator[SentEvent], user: User) -> AsyncIterator[bytes]:
    async for sent in events:
        visible = server_sent(SentEvent(event=_visible_event(sent.event, user), id=sent.id))
        # A verdict may be megabytes, and is looked through for newlines.
        is_large = len(visible.data or "") > _LARGE_CHARACTERS
        yield await asyncio.to_thread(visible.encode) if is_large else visible.encode()


def server_sent(sent: SentEvent) -> ServerSentEvent:
    """Name an event for its kind; its data are its fields, the kind among them."""
    kind = str(sent.event.__struct_config__.tag)
    return ServerSentEvent(msgspec.json.encode(sent.event).decode(), event=kind, id=sent.id)


async def _answer(submissions: Submissions, submission: Submission, user: User) -> SubmissionAnswer:
    return SubmissionAnswer(
        id=submission.id,
        problem=submission.problem_slug,
        version=submission.version,
        mode=submission.mode,
        status=submission.status,
        position=await submissions.position(submission),
        created_at=submission.created_at,
        finished_at=submission.finished_at,
        code=submission.code,
        verdict=submission.verdict and visible_verdict(submission.verdict, user),
        verdicts=await submissions.verdicts(submission),
    )


def _visible_event(event: Event, user: User) -> Event:
    if not isinstance(event, WithVerdict):
        return event
    return msgspec.structs.replace(event, verdict=visible_verdict(event.verdict, user))


def visible_verdict(verdict: Verdict, user: User) -> Verdict:
    """Return the verdict as `user` may see it.

    Learners don't see the seed, from which the fresh cases' inputs could be computed.
    """
    return verdict if user.sees_everything else msgspec.structs.replace(verdict, fresh_seed=None)
