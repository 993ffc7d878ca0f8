"""The worst that each route may be asked, in two sizes: what its fields allow, and what any route is sent.

A route that is not in `WORST` fails the walk over all of them: whoever adds one says what is worst there.
"""

import itertools
import zlib
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote

import msgspec

from app.core.submission import CODE_LIMIT_BYTES
from app.http.middleware import (
    ADDRESS_LIMIT_BYTES,
    BODY_LIMIT_BYTES,
    HEADERS_LIMIT_BYTES,
    SMALL_BODY_BYTES,
)
from tests.support.loop_time import Asked
from tests.support.worst_ground import CODES, PRINTED, STATEMENTS, Ground, cut, stated_slug

HEAD_BYTES = 60 << 10
"""As much as a server takes of a request's head, which is more than the application reads."""
_FORM = (b"content-type", b"application/x-www-form-urlencoded")
_MULTIPART = (b"content-type", b"multipart/form-data; boundary=x")
_PUNYCODE = (b"content-type", b"multipart/form-data; boundary=x; charset=punycode")
_JSON = (b"content-type", b"application/json")

_ENDS_SESSIONS = ("/sign-out", "/api/v1/session")

Ask = Callable[[Ground, float, int], Asked]
"""Makes the request of one size and round."""


class Worst(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    ask: Ask
    statuses: tuple[int, ...]
    """What it may be answered with, or the measurement is of something else."""


def _filled(path: str, ground: Ground, size: float, number: int, code: str = "everything") -> str:
    names = {
        "{slug}": "double",
        "{submission_id}": ground.submissions[code, size, number],
        "{token_id}": "0",
        "{invitation_id}": "none",
        "{number}": "1",
        "{name}": "figure.svg",
    }
    for field, value in names.items():
        path = path.replace(field, value)
    return path


def _own(ground: Ground, who: float | str) -> tuple[bytes, bytes]:
    return (b"cookie", ground.cookies[who])


def _signed_in(ground: Ground, path: str, size: float) -> tuple[tuple[bytes, bytes], ...]:
    """Return the learner's cookie; not where it would be the last time."""
    return () if path in _ENDS_SESSIONS else (_own(ground, size),)


def _get(path: str, *statuses: int, of: str = "everything", query: str = "", admin: bool = False) -> Worst:
    def ask(ground: Ground, size: float, number: int) -> Asked:
        who = "admin" if admin else size
        where = _filled(path, ground, size, number, of)
        return Asked(path=where, query=query.encode(), headers=(_own(ground, who),))

    return Worst(name=f"{of}{' ' + query if query else ''}", ask=ask, statuses=statuses or (200,))


def _stated(path: str, name: str) -> Worst:
    def ask(ground: Ground, size: float, number: int) -> Asked:
        where = path.replace("{slug}", stated_slug(name, size, number)).replace("{name}", "figure.svg")
        return Asked(path=where, headers=(_own(ground, size),))

    return Worst(name=f"statement: {name}", ask=ask, statuses=(200,))


def _sent(
    method: str,
    path: str,
    name: str,
    body: Callable[[float, int], bytes],
    *statuses: int,
    kind: tuple[bytes, bytes] = _JSON,
    guest: bool = False,
    admin: bool = False,
) -> Worst:
    def ask(ground: Ground, size: float, number: int) -> Asked:
        signed_in = () if guest else _signed_in(ground, path, size)
        if admin:
            signed_in = (_own(ground, "admin"),)
        return Asked(
            method=method,
            path=_filled(path, ground, size, number),
            headers=(kind, *signed_in),
            body=body(size, number),
            # Not everything from one address, which may try only so often.
            client=f"203.0.{number}.{zlib.crc32(name.encode()) % 250}",
        )

    return Worst(name=name, ask=ask, statuses=statuses)


def _json_of(field: str, text: str, limit: int, **others: str) -> Callable[[float, int], bytes]:
    return lambda size, number: msgspec.json.encode({field: cut(text, limit, size, number), **others})


def _form_of(field: str, text: str, limit: int, others: str = "") -> Callable[[float, int], bytes]:
    return lambda size, number: f"{field}={quote(cut(text, limit, size, number))}{others}".encode()


def _codes_as_json() -> list[Worst]:
    path = "/api/v1/problems/{slug}/submissions"
    return [
        _sent("POST", path, f"code: {name}", _json_of("code", text, CODE_LIMIT_BYTES), 202, 429)
        for name, text in CODES.items()
    ]


def _codes_as_form() -> list[Worst]:
    path = "/problems/{slug}/submissions"
    return [
        _sent(
            "POST",
            path,
            f"code: {name}",
            _form_of("code", text, 60_000, "&mode=submit"),
            303,
            413,
            kind=_FORM,
        )
        for name, text in CODES.items()
    ] + [
        # Refused, and back in the editor.
        _sent(
            "POST", path, f"refused: {name}", _form_of("code", text, 60_000, "&mode=x"), 422, 413, kind=_FORM
        )
        for name, text in CODES.items()
    ]


def _credentials(path: str, *statuses: int, form: bool) -> list[Worst]:
    """Say who one is at length: as much as the body of such a request may have."""
    limit, kind = SMALL_BODY_BYTES - 200, _FORM if form else _JSON
    addresses = {
        "a long address": "a" * limit,
        "an address of many parts": "a." * limit,
        "a long domain": "a@" + "b." * limit,
        "a foreign domain": "a@" + "ß" * limit,
        "an address as long as it may be": "a@" + "ß." * 155,
    }
    bodies = {}
    for name, address in addresses.items():
        if form:
            bodies[name] = _form_of("email", address, limit // 6, "&password=long+enough+for+all")
        else:
            bodies[name] = _json_of("email", address, limit // 2, password="long enough for all")
    if form:
        bodies["a long password"] = _form_of("password", "p" * limit, limit, "&email=a@lab.test")
    else:
        bodies["a long password"] = _json_of("password", "p" * limit, limit, email="a@lab.test")
    return [
        _sent("POST", path, name, body, *statuses, kind=kind, guest=True) for name, body in bodies.items()
    ]


_SUBMISSION = [f"code: {name}" for name in CODES] + [f"printed: {name}" for name in PRINTED] + ["everything"]
_API_SUBMISSION = "/api/v1/submissions/{submission_id}"
_REFUSED = (401, 409, 413, 422, 429)

WORST: Mapping[tuple[str, str], list[Worst]] = {
    ("GET", "/"): [
        _get("/", 200, 404, query=query)
        for query in (
            "",
            "q=%3C",
            "after=many-0",
            "q=" + "a+" * 100,
            "q=" + "%25" * 200,
            "after=" + "a" * 8_000,
        )
    ],
    ("GET", "/account"): [_get("/account")],
    ("POST", "/account/tokens"): [
        _sent(
            "POST",
            "/account/tokens",
            f"{limit} of {name}",
            _form_of(name, "n" * limit, limit, more),
            *end,
            kind=_FORM,
        )
        for name, limit, more, end in (
            ("name", 60_000, "", (413,)),
            ("name", 15_000, "&key=x", (422,)),
            # The learner with everything has as many tokens as there may be.
            ("key", 15_000, "&name=x", (303, 422)),
        )
    ],
    ("POST", "/account/tokens/{token_id}/delete"): [
        _sent("POST", "/account/tokens/{token_id}/delete", "none", lambda size, number: b"", 303, kind=_FORM)
    ],
    ("GET", "/api/docs"): [_get("/api/docs")],
    ("GET", "/api/docs.css"): [_get("/api/docs.css")],
    ("GET", "/api/openapi.json"): [_get("/api/openapi.json")],
    ("POST", "/api/v1/accounts"): _credentials("/api/v1/accounts", *_REFUSED, form=False),
    ("GET", "/api/v1/problems"): [
        _get("/api/v1/problems", query=query) for query in ("", "q=" + "%3C+" * 60, "after=many-0")
    ],
    ("GET", "/api/v1/problems/{slug}"): [_stated("/api/v1/problems/{slug}", name) for name in STATEMENTS],
    ("GET", "/api/v1/problems/{slug}/submissions"): [
        _get("/api/v1/problems/{slug}/submissions", query="limit=200")
    ],
    ("POST", "/api/v1/problems/{slug}/submissions"): _codes_as_json(),
    ("GET", "/api/v1/refused-problems"): [_get("/api/v1/refused-problems", admin=True)],
    ("DELETE", "/api/v1/session"): [
        _sent("DELETE", "/api/v1/session", "a guest", lambda size, number: b"", 204, guest=True)
    ],
    ("GET", "/api/v1/session"): [_get("/api/v1/session")],
    ("POST", "/api/v1/session"): _credentials("/api/v1/session", *_REFUSED, form=False),
    ("GET", "/api/v1/status"): [_get("/api/v1/status", admin=True)],
    ("DELETE", _API_SUBMISSION): [
        _sent("DELETE", _API_SUBMISSION, "everything", lambda size, number: b"", 200)
    ],
    ("GET", _API_SUBMISSION): [_get(_API_SUBMISSION, of=name) for name in [*_SUBMISSION, "waiting"]],
    ("GET", f"{_API_SUBMISSION}/events"): [
        _get(f"{_API_SUBMISSION}/events", of=name) for name in _SUBMISSION
    ],
    ("POST", f"{_API_SUBMISSION}/explanation"): [
        _sent("POST", f"{_API_SUBMISSION}/explanation", "everything", lambda size, number: b"", 202)
    ],
    ("GET", f"{_API_SUBMISSION}/verdicts/{{number}}"): [
        _get(f"{_API_SUBMISSION}/verdicts/{{number}}", of=name) for name in _SUBMISSION
    ],
    ("GET", "/api/v1/tokens"): [_get("/api/v1/tokens")],
    ("POST", "/api/v1/tokens"): [
        _sent("POST", "/api/v1/tokens", "a long name", _json_of("name", "n" * 200_000, 200_000), 413, 422)
    ],
    ("DELETE", "/api/v1/tokens/{token_id}"): [
        _sent("DELETE", "/api/v1/tokens/{token_id}", "none", lambda size, number: b"", 204)
    ],
    ("GET", "/healthz"): [_get("/healthz")],
    ("GET", "/metrics"): [_get("/metrics")],
    ("GET", "/readyz"): [_get("/readyz")],
    ("GET", "/problems/{slug}"): [_stated("/problems/{slug}", name) for name in STATEMENTS]
    + [_get("/problems/{slug}"), _get("/problems/{slug}", query="fragment=earlier")],
    ("GET", "/problems/{slug}/assets/{name:path}"): [_stated("/problems/{slug}/assets/{name}", "words")],
    ("POST", "/problems/{slug}/submissions"): _codes_as_form(),
    ("GET", "/sign-in"): [_get("/sign-in", query="next=/" + "%3C" * 2_000)],
    ("POST", "/sign-in"): _credentials("/sign-in", *_REFUSED, form=True),
    ("POST", "/sign-out"): [_sent("POST", "/sign-out", "a guest", lambda size, number: b"", 303, guest=True)],
    ("GET", "/sign-up"): [_get("/sign-up", query="next=/" + "%3C" * 2_000)],
    ("POST", "/sign-up"): _credentials("/sign-up", *_REFUSED, form=True),
    ("GET", "/invitations"): [_get("/invitations", admin=True)],
    ("POST", "/invitations"): [
        _sent(
            "POST",
            "/invitations",
            "a long name",
            _form_of("name", "n" * 60_000, 60_000),
            413,
            422,
            kind=_FORM,
            admin=True,
        )
    ],
    ("POST", "/invitations/{invitation_id}/revoke"): [
        _sent(
            "POST",
            "/invitations/{invitation_id}/revoke",
            "none",
            lambda size, number: b"",
            422,
            kind=_FORM,
            admin=True,
        )
    ],
    ("GET", "/static"): [_get("/static/favicon.svg"), _get("/static/" + "a/" * 2_000, 404)],
    ("GET", "/status"): [_get("/status", admin=True)],
    ("GET", "/submissions/{submission_id}"): [
        _get("/submissions/{submission_id}", of=name) for name in [*_SUBMISSION, "waiting"]
    ]
    + [_get("/submissions/{submission_id}", of=name, query="fragment=verdict") for name in _SUBMISSION],
    ("POST", "/submissions/{submission_id}/cancel"): [
        _sent("POST", "/submissions/{submission_id}/cancel", "everything", lambda size, number: b"", 303)
    ],
    ("POST", "/submissions/{submission_id}/explanation"): [
        _sent("POST", "/submissions/{submission_id}/explanation", "everything", lambda size, number: b"", 303)
    ],
}

ANY_STATUS = tuple(range(200, 500))


def any_route(method: str, path: str) -> Iterator[Worst]:
    """Yield what may be sent to any route: a head of 60 KB in several ways, and bodies of several kinds."""
    units = {"parameters": b"a&", "values": b"a=%25&", "repeated": b"q=1&", "signs": b"%FF"}
    for name, unit in units.items():
        for limit, size in ((HEAD_BYTES, "long "), (ADDRESS_LIMIT_BYTES - len(path) - 100, "")):
            yield _with_head(method, path, f"{size}query: {name}", unit, lambda text: {"query": text}, limit)
    for name, unit in {"many": b"a=b; ", "quoted": b'a="\\012"; ', "one": b"a"}.items():
        yield _with_head(
            method,
            path,
            f"cookies: {name}",
            unit,
            lambda text: {"headers": ((b"cookie", text),)},
            HEADERS_LIMIT_BYTES - 100,
        )
    yield _with_head(
        method,
        path,
        "cookies: one in quotes",
        b'\\"',
        lambda text: {"headers": ((b"cookie", b'a="' + text + b'"'),)},
        HEADERS_LIMIT_BYTES - 100,
    )
    tokens = {"a long token": b"t", "blanks": b" "}
    for name, unit in tokens.items():
        yield _with_head(
            method,
            path,
            name,
            unit,
            lambda text: {"headers": ((b"authorization", b"Bearer " + text),)},
            HEADERS_LIMIT_BYTES - 100,
        )
    for field in ("{slug}", "{submission_id}", "{token_id}", "{number}", "{name}"):
        if field in path:
            yield _long_name(method, path, field, "1" if field == "{number}" else "a")
    if method == "POST":
        limit = BODY_LIMIT_BYTES if path.endswith("/submissions") else SMALL_BODY_BYTES
        for name, (kind, piece, around) in _BODIES.items():
            yield _sent(method, path, f"body: {name}", _body(limit, piece, around), *ANY_STATUS, kind=kind)


def _with_head(
    method: str,
    path: str,
    name: str,
    unit: bytes,
    part: Callable[[bytes], Mapping[str, object]],
    limit: int = HEAD_BYTES,
) -> Worst:
    def ask(ground: Ground, size: float, number: int) -> Asked:
        long = f"{number}".encode() + unit * (limit // len(unit))
        where = _filled(path, ground, size, number)
        fields = {"method": method, "path": where, "headers": _signed_in(ground, path, size)}
        return Asked(**{**fields, **part(long[: int(limit * size)])})  # type: ignore[arg-type]

    return Worst(name=name, ask=ask, statuses=ANY_STATUS)


def _long_name(method: str, path: str, field: str, letter: str) -> Worst:
    def ask(ground: Ground, size: float, number: int) -> Asked:
        long = path.replace(field, f"{number}" + letter * int((ADDRESS_LIMIT_BYTES - 200) * size))
        return Asked(
            method=method, path=_filled(long, ground, size, number), headers=_signed_in(ground, path, size)
        )

    return Worst(name=f"a long {field}", ask=ask, statuses=ANY_STATUS)


_BODIES: dict[str, tuple[tuple[bytes, bytes], str, tuple[str, str]]] = {
    "keys": (_JSON, '"{}":0,', ("{", '"z":0}')),
    "depth": (_JSON, "[", ("", "")),
    "objects": (_JSON, '{"a":', ("", "")),
    "digits": (_JSON, "9", ("", "")),
    "numbers": (_JSON, "1,", ("[", "1]")),
    "escapes": (_JSON, "\\u0041", ('{"code":"', '"}')),
    "surrogates": (_JSON, "\\ud800", ('{"code":"', '"}')),
    "fields": (_FORM, "a{}=b&", ("", "")),
    "nothing": (_FORM, "&", ("", "")),
    "signs": (_FORM, "%0A", ("code=", "")),
    "parts": (
        _MULTIPART,
        '--x\r\ncontent-disposition: form-data; name="a"\r\n\r\nb\r\n',
        ("", "--x--\r\n"),
    ),
    "a part in another charset": (
        _PUNYCODE,
        "a",
        ('--x\r\ncontent-disposition: form-data; name="code"\r\n\r\na-', "\r\n--x--\r\n"),
    ),
    "heads of parts": (_MULTIPART, "a: b\r\n", ("--x\r\n", "")),
    "one head": (_MULTIPART, "a", ("--x\r\ncontent-disposition: form-data; name=", "")),
    "newlines of a part": (
        _MULTIPART,
        "\r\n",
        ('--x\r\ncontent-disposition: form-data; name="code"\r\n\r\n', "\r\n--x--\r\n"),
    ),
    "almost the end of a part": (
        _MULTIPART,
        "\r\n--",
        ('--x\r\ncontent-disposition: form-data; name="code"\r\n\r\n', "\r\n--x--\r\n"),
    ),
}


def _body(limit: int, unit: str, around: tuple[str, str]) -> Callable[[float, int], bytes]:
    """Put so many units between two ends as there is room for, each of them whole: JSON stays JSON."""

    def body(size: float, number: int) -> bytes:
        first, last = around
        pieces: list[str] = []
        left = int(limit * size) - len(first) - len(last) - 1
        for at in itertools.count():
            pieces.append(unit.format(at) if "{}" in unit else unit)
            left -= len(pieces[-1])
            if left < len(unit) + 8:
                break
        return f"{first}{''.join(pieces)}{last}".encode()

    return body


def inputs_of(method: str, path: str) -> list[Worst]:
    """Return all of a route; empty where nobody has said what is worst there."""
    own = WORST.get((method, path))
    return [] if own is None else [*own, *any_route(method, path)]
