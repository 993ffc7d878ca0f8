"""Errors of pages: the route class that sends guests to sign in, and the page that says what went wrong."""

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute

from app.core.user import User
from app.errors import NotSignedIn
from app.http.authentication import current_user
from app.http.services import services_of
from app.web.rendering import render_page

_TITLES = {
    400: "This request cannot be read",
    403: "Not for this account",
    404: "Not found",
    405: "Not found",
    413: "Too large",
    414: "Too large",
    422: "This cannot be taken",
    429: "Too many at once",
    431: "Too large",
    503: "Not just now",
}


async def error_page(request: Request, status: int, message: str) -> Response:
    """Say in a page what went wrong, without looking anything up that may be what is broken."""
    user = await _user_or_none(request) if status < 500 else None
    title = _TITLES.get(status, "Something went wrong on our side")
    return render_page(request, "error.html", user=user, status=status, title=title, message=message)


async def _user_or_none(request: Request) -> User | None:
    try:
        return await current_user(request, services_of(request.app))
    except NotSignedIn:
        return None


class PageRoute(APIRoute):
    """A route that sends guests to sign in where they must, and on from there to where they wanted to go.

    All other errors go to the application's handler, which calls `error_page`.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_page(request: Request) -> Response:
            try:
                return await handle(request)
            except NotSignedIn:
                return RedirectResponse(
                    f"/sign-in?{urlencode({'next': _way_back(request)})}", status_code=303
                )

        return handle_page


def _way_back(request: Request) -> str:
    """Return the path to go on to after signing in: the one asked for, or that of the form's page."""
    try:
        asked = urlsplit(str(request.url) if request.method == "GET" else request.headers.get("referer", ""))
    except ValueError:
        return "/"  # As of `http://[`.
    if asked.netloc != request.url.netloc:
        return "/"
    # A fragment is a piece for scripts.
    query = "" if "fragment=" in asked.query else asked.query
    return urlunsplit(("", "", asked.path or "/", query, ""))
