"""Protection against other sites' pages acting with a visitor's cookie.

A browser says where an unsafe request comes from, in Sec-Fetch-Site or, older ones, in Origin.
What names another origin is refused. What names none at all comes from no browser; and a
request with an Authorization header can't be sent by another site's page at all.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.http.error_responses import Present, error_answer

_SAFE = ("GET", "HEAD", "OPTIONS")
_MESSAGE = "This request was sent by a page of another site, so it was refused."


class RefuseCrossOrigin:
    """ASGI middleware: 403 for an unsafe request that another site's page has sent."""

    def __init__(self, app: ASGIApp, *, present: Present) -> None:
        self._app = app
        self._present = present

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in _SAFE and _is_foreign(Request(scope).headers):
            answer = error_answer(403, "cross_origin", _MESSAGE)
            page_or_json = await self._present(Request(scope), answer)
            await page_or_json(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_foreign(headers: Headers) -> bool:
    if "authorization" in headers:
        return False
    site = headers.get("sec-fetch-site")
    if site is not None:
        # `none` is the visitor's own doing, such as a bookmark. `same-site` is another host.
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    # Only hosts are compared: behind a proxy that ends TLS the scheme is not ours to know.
    return origin is not None and urlsplit(origin).netloc != headers.get("host")
