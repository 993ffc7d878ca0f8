"""What a page says when it cannot be shown, and the route class that says it."""

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute

from app.core.user import User
from app.errors import (
    AccountError,
    EmailTaken,
    GraderError,
    NotSignedIn,
    QueueFull,
    SubmissionRefused,
    SubmissionTooLarge,
    TooManyAttempts,
    WrongPassword,
)
from app.http.authentication import current_user
from app.web.page import render_page

# As the API's; these are the refusals that a form shows beside what was typed.
_STATUS: dict[type[GraderError], int] = {
    AccountError: 422,
    EmailTaken: 409,
    QueueFull: 429,
    SubmissionRefused: 422,
    SubmissionTooLarge: 413,
    TooManyAttempts: 429,
    WrongPassword: 401,
}
_TITLES = {
    400: "This request cannot be read",
    403: "Not for this account",
    404: "Not found",
    405: "Not found",
    413: "Too large",
    422: "This cannot be taken",
    429: "Too many at once",
    503: "Not just now",
}


def status_of(error: GraderError) -> int:
    """The HTTP status of an error's class, or of the nearest class above it; 500 where nobody can help it."""
    return next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)


async def error_page(request: Request, status: int, message: str) -> Response:
    """Says in a page what went wrong, without looking anything up that may be what is broken."""
    user = await _user_or_none(request) if status < 500 else None
    title = _TITLES.get(status, "Something went wrong on our side")
    return render_page(request, "error.html", user=user, status=status, title=title, message=message)


async def _user_or_none(request: Request) -> User | None:
    try:
        return await current_user(request)
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
                # After a post the form is gone; the page it stood on is where to return to.
                here = request.url.path if request.method == "GET" else "/"
                return RedirectResponse(f"/sign-in?{urlencode({'next': here})}", status_code=303)

        return handle_page
