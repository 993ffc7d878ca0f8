"""What pages are where an author previews problems: made anew with each save, and nobody has to sign in.

What is previewed is a `Preview`; `app/cli/serving/followed_folders.py` has the one that follows folders.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.accounts.accounts import Accounts
from app.core.problem import Problem
from app.http.proxy_faults import is_own_machine, without_port
from app.http.services import PreviewState, services_of
from app.store.problems import Problems

router = APIRouter(include_in_schema=False)


class Preview(Protocol):
    """What is previewed."""

    state: PreviewState

    @property
    def cookie(self) -> str:
        """The cookie of whoever comes by."""

    def says(self, address: str) -> str:
        """Return what is told of it once it answers at `address`."""

    async def begin_session(self, accounts: Accounts) -> None:
        """Make the one account that there is, and sign it in."""

    def following(
        self, problems: Problems, require_host: Callable[[Problem], None]
    ) -> AbstractAsyncContextManager[None]:
        """Publish what there is, and again whenever that has changed, while the block lasts."""


class SignInEverybody:
    """Has every request come with the author's session; refuses those that ask for another machine's name.

    A page elsewhere could have its own name lead here, and would be the author as well.
    """

    def __init__(self, app: ASGIApp, *, preview: Preview) -> None:
        self._app = app
        self._preview = preview

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if not is_own_machine(without_port(Headers(scope=scope).get("host", ""))):
            answer = PlainTextResponse("A preview answers at 127.0.0.1 and localhost alone.", 400)
            await answer(scope, receive, send)
            return
        others = [header for header in scope["headers"] if header[0] != b"cookie"]
        own = (b"cookie", self._preview.cookie.encode())
        await self._app({**scope, "headers": [*others, own]}, receive, send)


@router.get("/preview/state")
async def state(request: Request) -> Response:
    """Say whether something was saved since a page was made."""
    preview = services_of(request.app).preview
    revision = None if preview is None else preview.revision
    return JSONResponse({"revision": revision}, headers={"Cache-Control": "no-store"})
