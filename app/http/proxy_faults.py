"""What a wrong proxy causes, as the operator reads it: what came, what was expected, what to change.

The log alone says so. Whoever sent the request learns nothing of names and addresses behind the proxy.
"""

import logging
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGE = "docs/operators/proxies.md"
_AGAIN_SECONDS = 60.0
_SHOWN_CHARACTERS = 200
_FORWARDED = ("x-forwarded-for", "x-forwarded-proto")
_PORTS = {"http": "80", "https": "443"}
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
# Browsers keep a cookie that is for HTTPS only where the page came from their own machine.
_OWN_MACHINE = ("localhost", "127.0.0.1", "::1")

_log = logging.getLogger("jaxercise.proxy")


class FaultLog:
    """Each kind of fault is logged once a minute at most."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._quiet_until: dict[str, float] = {}

    def report(self, kind: str, fault: str | None) -> None:
        """Log the fault, if there is one and none of its kind was logged within the last minute."""
        now = self._clock()
        if fault is None or now < self._quiet_until.get(kind, now):
            return
        self._quiet_until[kind] = now + _AGAIN_SECONDS
        _log.warning("%s See %s.", fault, PAGE)


class ExplainProxyFaults:
    """Looks at unsafe requests, such as a sign-in."""

    def __init__(self, app: ASGIApp, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._faults = FaultLog(clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in _SAFE_METHODS:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        self._faults.report("origin", _origin_fault(headers))
        self._faults.report("forwarded", _forwarded_fault(scope, headers))

        async def send_watched(message: Message) -> None:
            if message["type"] == "http.response.start" and _sets_cookie_for_https(message):
                self._faults.report("cookie", _cookie_fault(scope, headers))
            await send(message)

        await self._app(scope, receive, send_watched)


def is_foreign(headers: Headers) -> bool:
    """Say whether a browser sent this from a page of another site.

    It says so in Sec-Fetch-Site or, where it is older or was asked without TLS, in Origin. What says nothing
    comes from no browser; and a request with a token can't be sent by another site's page. A name and a
    password in the same header can: browsers add them by themselves.
    """
    if headers.get("authorization", "").lower().startswith("bearer "):
        return False
    site = headers.get("sec-fetch-site")
    if site is not None:
        # `none` is the visitor's own doing, such as a bookmark. `same-site` is another host.
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and not _is_host_of(origin, headers.get("host"))


def _is_host_of(origin: str, host: str | None) -> bool:
    """Compare hosts only: behind a proxy that ends TLS the scheme is not ours to know."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    if not parts.netloc or host is None:
        return False
    usual = f":{_PORTS.get(parts.scheme, '')}"
    return parts.netloc.lower() == host.lower().removesuffix(usual)


def _origin_fault(headers: Headers) -> str | None:
    # Who says `cross-site` is another site, whatever the proxy does.
    if not is_foreign(headers) or "sec-fetch-site" in headers:
        return None
    return (
        f"A request was refused: its page is of Origin {shown(headers.get('origin'))}, and it asks for Host "
        f"{shown(headers.get('host'))}, which should be the same. If that origin is this service's own "
        "address, the proxy must pass on the Host that the browser asked for: `proxy_set_header Host "
        "$http_host;` in nginx, `ProxyPreserveHost On` in Apache. If it is not, another site tried, and was "
        "kept out."
    )


def _forwarded_fault(scope: Scope, headers: Headers) -> str | None:
    peer = scope["client"][0] if scope.get("client") else "unknown"
    came = [name for name in _FORWARDED if name in headers]
    if "forwarded" in headers and not came:
        return (
            f"{peer} sends the header Forwarded, which is not read: X-Forwarded-For and X-Forwarded-Proto "
            "are expected of a proxy, from an address in JAXERCISE_TRUSTED_PROXIES."
        )
    # Where the header is believed, the peer has been replaced by one of those that it names.
    clients = ",".join(headers.getlist("x-forwarded-for")).split(",")
    if "x-forwarded-for" not in headers or without_port(peer) in map(without_port, clients):
        return None
    return (
        f"{peer} sends {' and '.join(came)}, and is not believed, so everybody behind it counts as one "
        f"client that comes by http: if {peer} is your proxy, name it in JAXERCISE_TRUSTED_PROXIES; if it is "
        "not, somebody made the header up, and nothing came of it."
    )


def _cookie_fault(scope: Scope, headers: Headers) -> str | None:
    host = headers.get("host", "")
    if scope["scheme"] == "https" or is_own_machine(without_port(host)):
        return None
    if headers.get("origin", "").startswith("https:"):
        return (
            f"Somebody signed in at {shown(host)} by HTTPS, and the proxy did not say so: it must send "
            "X-Forwarded-Proto, from an address in JAXERCISE_TRUSTED_PROXIES."
        )
    return (
        f"Somebody signed in at {shown(host)} by http, where no browser keeps the session's cookie, which "
        "is for HTTPS only with JAXERCISE_ENVIRONMENT=production: put a proxy that speaks TLS in front, and "
        "have it send X-Forwarded-Proto from an address in JAXERCISE_TRUSTED_PROXIES."
    )


def is_own_machine(name: str) -> bool:
    """Say whether a host's name, without a port, is that of whatever machine asks."""
    return name in _OWN_MACHINE or name.endswith(".localhost")


def without_port(address: str) -> str:
    """Return `host` of `host`, `host:port` and `[host]:port`; an address of IPv6 alone has no port."""
    text = address.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _sets_cookie_for_https(message: Message) -> bool:
    set_cookies = [value for name, value in message["headers"] if name.lower() == b"set-cookie"]
    return any(b"; secure" in value.lower() for value in set_cookies)


def shown(value: str | None) -> str:
    """Quote what anybody may have written, without line breaks and cut to what a log can bear."""
    return "none" if value is None else repr(value[:_SHOWN_CHARACTERS])
