"""Requests for a `Host` that is not ours: refused with an answer that says why.

Starlette's TrustedHostMiddleware does not serve: it takes every port for right, an IPv6 address apart at its
colons, and answers with three words; and it would keep health checks out, which come by an address.
"""

import ipaddress

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.network import hosts_of
from app.http.overload import NEVER_REFUSED
from app.http.proxy_faults import FaultLog, is_own_machine, shown, without_port
from app.http.responses import Present, error_answer


class RefuseOtherHosts:
    """Answers 400 where `origins`, the service's own addresses, do not have the request's `Host`.

    Without origins every `Host` is as good as any. Health is told whoever asks, and a client on this machine
    may call it by its own name, as through an SSH tunnel.
    """

    def __init__(self, app: ASGIApp, *, present: Present, origins: tuple[str, ...]) -> None:
        self._app = app
        self._present = present
        self._origins = origins
        self._hosts = hosts_of(origins)
        self._faults = FaultLog()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._origins or scope["path"] in NEVER_REFUSED:
            await self._app(scope, receive, send)
            return
        host = Headers(scope=scope).get("host")
        if (host or "").lower() in self._hosts or _is_from_this_machine(scope, host):
            await self._app(scope, receive, send)
            return
        own = " or ".join(self._origins)
        self._faults.report(
            "host",
            f"A request was refused: it asks for Host {shown(host)}, and this service is at {own} "
            "(JAXERCISE_PUBLIC_ADDRESSES). If somebody came by that address, the proxy must pass on the Host "
            "that the browser asked for: `proxy_set_header Host $http_host;` in nginx, `ProxyPreserveHost "
            "On` in Apache. If this is another address of the service, name it there too.",
        )
        # Of the Host that came nothing is told: a proxy may have put a name of the inside there.
        sentence = (
            f"This service is at {own}, and the request asks for another host, so it was refused. If you "
            "came by that address, its proxy is set up wrongly, and its operator finds in the log how."
        )
        # Whoever makes the page reads the request again: as one that has no more than its path.
        bare = Request({**scope, "query_string": b"", "path": scope["path"][:100], "headers": []})
        page_or_json = await self._present(bare, error_answer(400, "wrong_host", sentence))
        await page_or_json(scope, receive, send)


def _is_from_this_machine(scope: Scope, host: str | None) -> bool:
    if host is None or not scope.get("client") or not is_own_machine(without_port(host)):
        return False
    try:
        # Behind a proxy that is trusted this is the browser's address, not the proxy's.
        return ipaddress.ip_address(scope["client"][0]).is_loopback
    except ValueError:
        return False
