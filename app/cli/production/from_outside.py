"""Asks the public addresses of the service, as a stranger would: is it there, and what does it give away."""

import ssl
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product

from app.cli.production.situation import Answer

PATHS = ("/healthz", "/metrics", "/readyz")
_PATIENCE_SECONDS = 5.0


def ask_all(origins: Iterable[str]) -> Iterator[Answer]:
    """Ask each address for each of `PATHS`, at once; a proxy in the environment is not asked."""
    with ThreadPoolExecutor(max_workers=8) as threads:
        yield from threads.map(lambda asked: ask(*asked), product(origins, PATHS))


def ask(origin: str, path: str) -> Answer:
    """Ask for one path; whatever comes is an answer."""
    plain = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NotElsewhere)
    try:
        with plain.open(f"{origin}{path}", timeout=_PATIENCE_SECONDS) as answer:
            status, headers = answer.status, answer.headers
    except urllib.error.HTTPError as answer:
        with answer:
            status, headers = answer.code, answer.headers
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "reason", fault)
        return Answer(
            origin=origin,
            path=path,
            status=None,
            reason=str(reason) or type(reason).__name__,
            is_untrusted=isinstance(reason, ssl.SSLCertVerificationError),
        )
    keeps = "strict-transport-security" in headers
    return Answer(origin=origin, path=path, status=status, keeps_https=keeps)


class _NotElsewhere(urllib.request.HTTPRedirectHandler):
    """Where a redirect leads is another address."""

    def redirect_request(self, *_: object) -> None:
        return None
