"""Compression: built files lie there compressed, pages are compressed as they are answered.

What a page's size tells of it is the one danger (BREACH): who can have a victim's browser ask for a page that
repeats what was asked beside something secret can guess the secret letter by letter. So only an answer that
repeats nothing of its request is compressed, and none that shows a secret is.
"""

import gzip
import os
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_WORTH_IT_BYTES = 1000
_THOROUGHLY_UP_TO_BYTES = 128 * 1024
_THOROUGHLY, _QUICKLY = 6, 1


class CompressedFiles(StaticFiles):
    """Static files; one that the build has compressed is sent so to whoever takes that."""

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """Return the file, or what is the same, compressed, with the file's own type."""
        headers = Headers(scope=scope)
        for encoding, suffix in _ENCODINGS:
            beside = Path(f"{os.fspath(full_path)}{suffix}")
            if takes(headers, encoding) and beside.is_file():
                answer = super().file_response(beside, beside.stat(), scope, status_code)
                if isinstance(answer, FileResponse):
                    answer.headers["Content-Encoding"] = encoding
                break
        else:
            answer = super().file_response(full_path, stat_result, scope, status_code)
        answer.headers.add_vary_header("Accept-Encoding")
        return answer


def compress(answer: Response, asked: Headers) -> None:
    """Compress a whole answer in its place, if the client takes that and there is something to win.

    Whoever calls it has made sure that the answer neither repeats its request nor shows a secret.
    """
    answer.headers.add_vary_header("Accept-Encoding")
    body = bytes(answer.body)
    if not takes(asked, "gzip") or len(body) < _WORTH_IT_BYTES:
        return
    # In the event loop: what is large is packed in a third of the time, nearly as small.
    level = _THOROUGHLY if len(body) <= _THOROUGHLY_UP_TO_BYTES else _QUICKLY
    answer.body = gzip.compress(body, level, mtime=0)
    answer.headers["Content-Encoding"] = "gzip"
    answer.headers["Content-Length"] = str(len(answer.body))


def takes(headers: Headers, encoding: str) -> bool:
    """Say whether a client has named this encoding, and not to refuse it."""
    for named in headers.get("accept-encoding", "").lower().split(","):
        name, _, parameter = named.partition(";")
        if name.strip() == encoding:
            return parameter.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
