"""Whatever is sent to whatever route, the fault is the sender's: no answer is an error of ours.

Each route of the application's own table is asked with hostile texts in its path, in its query, in headers
that anybody reads, and in bodies of every kind; they are dealt out, so that each comes everywhere in some of
them. An exception that nobody expected would leave the application.
"""

import itertools
from collections.abc import AsyncIterator, Iterator, Sequence
from urllib.parse import quote_from_bytes

import msgspec
import pytest

from tests.support.loop_time import Asked, answer_of, routes_of
from tests.support.scripted_service import Service, scripted_service

pytestmark = pytest.mark.anyio

_TEXTS = (
    *(
        "",
        " ",
        "\0",
        "a\0b",
        "²",
        "9" * 400,
        "-1",
        "1e999",
        "nan",
        "null",
        "None",
        "..",
        "../../etc",
        "%",
        "%00",
    ),
    *(
        "'",
        '"',
        "<b>",
        "{{7*7}}",
        "%s%n",
        "\r\nX: y",
        "\u2028",
        "\u202e",
        "\ufeff",
        "😀",
        "İ",
        "a" * 3_000,
        "[",
        "\\",
    ),
)
_BYTES = (
    *(
        b"",
        b"\xff",
        b"\xed\xa0\x80",
        b"%ff",
        b"%ed%a0%80",
        b"%",
        b"%zz",
        b"[",
        b"http://[",
        b"//[",
        b"http://a:b",
    ),
    *(
        b"=",
        b";",
        b",",
        b"\t",
        b'"',
        b'"\\',
        b"a" * 3_000,
        b"-1",
        b"9" * 400,
        b"bytes=9-1",
        b"bytes=-",
        b"bytes=a-",
    ),
    *(
        b"bytes=0-0,2-2",
        b"Bearer",
        b"Bearer \xff",
        b"Basic \xff",
        b'W/"',
        b"Thu, 99 Foo",
        b"gzip;q=x",
        b"null",
    ),
)
_QUERIES = ("q", "after", "next", "load", "limit", "fragment", "invitation", "content")
_HEADERS = (
    *(
        "host",
        "origin",
        "referer",
        "sec-fetch-site",
        "cookie",
        "authorization",
        "accept",
        "accept-encoding",
        "range",
    ),
    *(
        "if-range",
        "if-none-match",
        "if-modified-since",
        "last-event-id",
        "idempotency-key",
        "content-type",
        "expect",
    ),
    *(
        "x-forwarded-for",
        "x-forwarded-proto",
        "forwarded",
        "content-encoding",
        "transfer-encoding",
        "user-agent",
    ),
)
_FIELDS = (
    *(
        "email",
        "password",
        "name",
        "key",
        "secret",
        "uses",
        "days",
        "code",
        "mode",
        "next",
        "problem",
        "instead",
    ),
    *("invitation", "sign_up_code", "token"),
)
_JSON_VALUES = (
    *(
        b"null",
        b"true",
        b"1",
        b"1e999",
        b"-0.0",
        b"9" * 5_000,
        b'""',
        b'"\\ud800"',
        b'"\\u0000"',
        b'"\xff"',
        b"NaN",
    ),
    *(b"[]", b"{}", b"[" * 9_000, b'{"a":' * 3_000, b'"\\u202e"', b"'a'", b"\xef\xbb\xbf1"),
)
_FORM = "application/x-www-form-urlencoded"
_KINDS = (
    *(
        "application/json",
        "application/json; charset=utf-16",
        "application/problem+json",
        "text/plain",
        "",
        "/",
        ";",
    ),
    *(
        _FORM,
        f"{_FORM}; charset=utf-7",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary="',
    ),
    *(
        "multipart/form-data; boundary=x; charset=hex",
        "multipart/form-data; boundary=\xff",
        "application/json\0",
    ),
)
_ENDS_SESSIONS = ("/sign-out", "/api/v1/session")


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    service: Service
    cookie: bytes
    submission: str

    def filled(self, path: str, **values: str) -> str:
        usual = {"slug": "double", "submission_id": self.submission, "token_id": "0", "invitation_id": "none"}
        for name, value in {**usual, "number": "1", "name": "figure.svg", **values}.items():
            path = path.replace(f"{{{name}}}", value)
        return path


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def ground(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ground]:
    place = tmp_path_factory.mktemp("hostile")
    async with scripted_service(place, waiting_per_user=10_000, queue_limit=100_000) as service:
        await service.sign_up()
        done = await service.submit("x")
        await service.verdict(done["id"])
        cookie = "; ".join(f"{name}={value}" for name, value in service.client.cookies.items())
        yield Ground(service=service, cookie=cookie.encode(), submission=done["id"])


_numbers, _dealt = itertools.count(), itertools.count()


async def faults_of(ground: Ground, asked: Iterator[Asked]) -> list[str]:
    faults = []
    for one in asked:
        # As another client each time, since each may try only so often.
        number = next(_numbers)
        client = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        cookie = () if one.path in _ENDS_SESSIONS else ((b"cookie", ground.cookie),)
        sent = msgspec.structs.replace(one, headers=(*cookie, *one.headers), client=client)
        try:
            answer = await answer_of(ground.service.app, sent)
        except Exception as fault:
            faults.append(f"{sent} raises {fault!r}"[:600])
        else:
            if answer.status >= 500:
                faults.append(f"{sent} is answered {answer.status}"[:600])
    return faults


def in_paths(ground: Ground, method: str, path: str) -> Iterator[Asked]:
    for name in ("slug", "submission_id", "token_id", "invitation_id", "number", "name"):
        if f"{{{name}}}" in path:
            for _ in range(10):
                text = _TEXTS[next(_dealt) % len(_TEXTS)]
                yield Asked(method=method, path=ground.filled(path, **{name: text}))
    if path == "/static":
        for text in _TEXTS:
            yield Asked(method=method, path=f"/static/{text}")


def dealt(names: Sequence[str], values: Sequence[bytes], each: int) -> Iterator[tuple[str, bytes]]:
    """Yield each name with so many of the values, others than the name before and the route before had."""
    for name in names:
        for _ in range(each):
            yield name, values[next(_dealt) % len(values)]


def in_queries(ground: Ground, method: str, path: str) -> Iterator[Asked]:
    values = [*_BYTES, *(quote_from_bytes(text.encode()).encode() for text in _TEXTS)]
    # Of other bytes a server makes no request.
    values = [value for value in values if all(0x21 <= byte <= 0x7E for byte in value)]
    for name, value in dealt(_QUERIES, values, 2):
        yield Asked(method=method, path=ground.filled(path), query=name.encode() + b"=" + value)


def in_headers(ground: Ground, method: str, path: str) -> Iterator[Asked]:
    for name, value in dealt(_HEADERS, _BYTES, 1):
        yield Asked(method=method, path=ground.filled(path), headers=((name.encode(), value),))


def in_json(ground: Ground, method: str, path: str) -> Iterator[Asked]:
    headers = ((b"content-type", b"application/json"),)
    others = b', "code": "x", "name": "x", "email": "a@lab.test", "password": "short"}'
    fields = ("code", "mode", "email", "password", "name", "invitation", "extra", "\\ud800", "")
    for field, value in dealt(fields, _JSON_VALUES, 6):
        for end in (others, b"}"):
            body = f'{{"{field}": '.encode() + value + end
            yield Asked(method=method, path=ground.filled(path), headers=headers, body=body)
    for value in _JSON_VALUES:
        yield Asked(method=method, path=ground.filled(path), headers=headers, body=value)


def in_forms(ground: Ground, method: str, path: str) -> Iterator[Asked]:
    where = ground.filled(path)
    plain, parts = ((b"content-type", kind.encode()) for kind in (_FORM, "multipart/form-data; boundary=x"))
    values = [*_BYTES, *(text.encode() for text in _TEXTS)]
    for field, value in dealt(_FIELDS, values, 3):
        pair = field.encode() + b"=" + value
        yield Asked(method=method, path=where, headers=(plain,), body=pair + b"&" + pair)
        part = f'--x\r\ncontent-disposition: form-data; name="{field}"\r\n\r\n'.encode() + value
        yield Asked(method=method, path=where, headers=(parts,), body=part + b"\r\n--x--\r\n")
        yield Asked(method=method, path=where, headers=(parts,), body=part)
    for kind in _KINDS:
        for body in (b"", b"\0", b"{}", b"a=b", b"--x\r\n", b"--\r\n\r\n", b"\xff" * 100):
            headers = ((b"content-type", kind.encode("latin-1")),)
            yield Asked(method=method, path=where, headers=headers, body=body)


async def test_no_route_is_broken_by_what_it_is_sent(ground: Ground) -> None:
    faults = []
    for method, path in routes_of(ground.service.app):
        ways = [in_paths, in_queries, in_headers]
        if method == "POST":
            ways.append(in_json if path.startswith("/api/") else in_forms)
        for way in ways:
            faults += await faults_of(ground, way(ground, method, path))
    assert faults == []
