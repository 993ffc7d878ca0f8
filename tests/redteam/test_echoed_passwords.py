"""A password comes back from no refusal, whatever else is wrong with it, and is in no line of the log.

The first findings of this kind are in tests/integration/test_guessing.py.
"""

import base64
import html
import json
from collections.abc import Callable, Iterator
from urllib.parse import quote, quote_plus, urlencode

import httpx
import pytest

from tests.support.scripted_service import PASSWORD
from tests.support.served_service import Served, served_service

_SECRET = 'Secr3t & <of> "mine"'
_SHAPES = {
    _SECRET,
    html.escape(_SECRET),
    html.escape(_SECRET, quote=False),
    quote(_SECRET),
    quote_plus(_SECRET),
    json.dumps(_SECRET)[1:-1],
    repr(_SECRET.encode()),
    base64.b64encode(f"owner@school.test:{_SECRET}".encode()).decode(),
}
"""How it may be written down."""
_OWNER = "owner@school.test"
_FORM = {"email": _OWNER, "password": _SECRET}
_PAGES, _API = ("/sign-in", "/sign-up"), ("/api/v1/session", "/api/v1/accounts")
_CODE = "a code of ours"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Asks for a code, has an address, and waits a second for its clients."""
    place = tmp_path_factory.mktemp("echoed")
    rules = {"sign_up": "code", "sign_up_code": _CODE, "public_addresses": "http://grader.test"}
    with served_service(place, cheap_passwords=True, client_seconds=1, **rules) as running:
        with running.browser() as browser:
            body = {"email": _OWNER, "password": PASSWORD}
            assert browser.post("/api/v1/accounts", json=body).status_code == 201
        yield running


def _to_all(**fields: str) -> Callable[[httpx.Client], list[httpx.Response]]:
    """Send these besides, to pages and API."""

    def send(browser: httpx.Client) -> list[httpx.Response]:
        given = {**_FORM, **fields}
        return [browser.post(path, data=given) for path in _PAGES] + [
            browser.post(path, json=given) for path in _API
        ]

    return send


def _written(kind: str, *bodies: str) -> Callable[[httpx.Client], list[httpx.Response]]:
    """Send these in another way of writing."""

    def send(browser: httpx.Client) -> list[httpx.Response]:
        headers = {"Content-Type": kind} if kind else {}
        return [
            browser.post(path, content=body.encode(), headers=headers)
            for path in (*_PAGES, *_API)
            for body in bodies
        ]

    return send


def _by_other_methods(browser: httpx.Client) -> list[httpx.Response]:
    return [
        browser.request(method, path, data=_FORM)
        for method in ("PUT", "PATCH", "DELETE", "OPTIONS")
        for path in (*_PAGES, "/api/v1/accounts")
    ]


def _at_other_addresses(browser: httpx.Client) -> list[httpx.Response]:
    paths = ("/sign-in/", "/login", "/account", "/account/tokens", "/", "/api/v1/login", "/metrics")
    return [browser.post(path, data=_FORM) for path in paths]


def _in_the_address(browser: httpx.Client) -> list[httpx.Response]:
    asked = urlencode(_FORM)
    return [browser.get(f"{path}?{asked}") for path in _PAGES] + [
        browser.post(f"{path}?{asked}", data={"email": _OWNER}) for path in _PAGES
    ]


def _by_another_host(browser: httpx.Client) -> list[httpx.Response]:
    headers = {"Host": "other.test"}
    return [browser.post(path, data=_FORM, headers=headers) for path in _PAGES]


def _by_another_site(browser: httpx.Client) -> list[httpx.Response]:
    headers = {"Origin": "http://evil.example", "X-Forwarded-For": "10.9.8.7", "Forwarded": "for=10.9.8.7"}
    return [browser.post(path, data=_FORM, headers=headers) for path in _PAGES]


def _as_a_header(browser: httpx.Client) -> list[httpx.Response]:
    basic = base64.b64encode(f"{_OWNER}:{_SECRET}".encode()).decode()
    return [
        browser.post(path, headers={"Authorization": said}, data=_FORM)
        for path in (*_PAGES, *_API)
        for said in (f"Basic {basic}", f"Bearer {_SECRET}", _SECRET)
    ]


def _as_files(browser: httpx.Client) -> list[httpx.Response]:
    files = {"password": (_SECRET, _SECRET.encode())}
    return [browser.post(path, data={"email": _OWNER}, files=files) for path in _PAGES]


def _signed_in_already(browser: httpx.Client) -> list[httpx.Response]:
    body = {"email": "signed-in@school.test", "password": PASSWORD, "code": _CODE}
    assert browser.post("/api/v1/accounts", json=body).status_code == 201
    return _to_all(sign_up_code=_CODE)(browser)


_MANY = "&".join(f"a{number}=b" for number in range(30))
_REFUSED = {
    "without a code": _to_all(),
    "a wrong code": _to_all(sign_up_code="no code", code="no code"),
    "no invitation": _to_all(invitation="none"),
    "an address that is taken": _to_all(sign_up_code=_CODE),
    "code that is kept": _to_all(problem="double", code="x = 1"),
    "code that is kept for no problem": _to_all(problem="nothing", code="x = 1"),
    "the other form, with code": _to_all(problem="double", code="x = 1", instead=""),
    "more code than may be kept": _to_all(problem="double", code="x" * 300_000),
    "a bad address to go on to": _to_all(next="//evil.example"),
    "an address beyond all": _to_all(email="x" * 10_000),
    "too many fields": _written("application/x-www-form-urlencoded", f"{_MANY}&{urlencode(_FORM)}"),
    "passwords in plenty": _written(
        "application/x-www-form-urlencoded",
        f"{urlencode(_FORM)}&{urlencode(_FORM)}",
        urlencode({"password[]": _SECRET, "email": _OWNER}),
    ),
    "plain text": _written("text/plain", f"{_OWNER}\n{_SECRET}\n", urlencode(_FORM)),
    "no kind of text": _written("", urlencode(_FORM), json.dumps(_FORM)),
    "the other kind of text": _written("application/json", urlencode(_FORM), f"<p>{_SECRET}</p>"),
    "JSON as a form": _written("application/x-www-form-urlencoded", json.dumps(_FORM)),
    "JSON that breaks off": _written("application/json", json.dumps(_FORM)[:-1], f"'{_SECRET}'"),
    "JSON of another shape": _written(
        "application/json",
        json.dumps([_SECRET]),
        json.dumps(_SECRET),
        json.dumps({"email": _OWNER, "password": {_OWNER: _SECRET}}),
        json.dumps({"email": [_OWNER], "password": _SECRET}),
        json.dumps({**_FORM, "password_again": _SECRET}),
    ),
    "half of a character": _written(
        "application/json",
        json.dumps({"email": _OWNER, "password": f"{_SECRET}\ud800"}),
        json.dumps({"email": _OWNER, "password": f"\udfff{_SECRET}", "code": _CODE}),
        json.dumps({"email": f"{_OWNER}\ud800", "password": _SECRET}),
    ),
    "a NUL": _written("application/json", json.dumps({"email": _OWNER, "password": f"{_SECRET}\0"})),
    "parts without an end": _written("multipart/form-data; boundary=x", f"--x\r\n{_SECRET}", _SECRET),
    "other methods": _by_other_methods,
    "other addresses": _at_other_addresses,
    "in the address": _in_the_address,
    "another host": _by_another_host,
    "another site": _by_another_site,
    "as a header": _as_a_header,
    "as files": _as_files,
    "signed in already": _signed_in_already,
}


@pytest.mark.parametrize("name", _REFUSED)
def test_no_refusal_repeats_a_password_or_breaks(served: Served, name: str) -> None:
    """In no page, JSON or header; what follows where it has moved is the sender's own address."""
    with served.browser() as browser:
        answers = _REFUSED[name](browser)
    assert max(answer.status_code for answer in answers) < 500
    texts = [f"{answer.text}\n{answer.headers}" for answer in answers]
    assert [text for text in texts if any(shape in text for shape in _SHAPES)] == []


_BROKEN_OFF = {
    "in its body": b"Content-Length: 1000\r\n\r\nemail=a&password=%b",
    "in a chunk": b"Transfer-Encoding: chunked\r\n\r\n99\r\npassword=%b",
    "in a chunk's size": b"Transfer-Encoding: chunked\r\n\r\n%b\r\n",
    "in a header": b"Authorization: Basic %b",
    "in a header that cannot be": b"Authorization : %b\r\n\r\n",
    "in a line of its own": b"%b\r\n\r\n",
    "in a cookie without an end": b"Cookie: jaxercise_session=%b\x00\r\n\r\n",
}


@pytest.mark.parametrize("name", _BROKEN_OFF)
def test_no_request_that_breaks_off_has_its_password_repeated(served: Served, name: str) -> None:
    kind = b"Content-Type: application/x-www-form-urlencoded\r\n"
    sent = b"POST /sign-in HTTP/1.1\r\nHost: grader.test\r\n" + kind + _BROKEN_OFF[name]
    received = b""
    with served.connection() as connection:
        connection.sendall(sent.replace(b"%b", _SECRET.encode()))
        while more := connection.recv(1 << 16):
            received += more
    assert received.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 408 "))
    assert not any(shape.encode() in received for shape in _SHAPES)


def test_no_line_of_the_log_has_one(served: Served) -> None:
    """Of all requests above, and of a few more where this runs alone."""
    with served.browser() as browser:
        for name in ("half of a character", "another site", "other addresses"):
            _REFUSED[name](browser)
    assert served.log
    assert not any(shape in served.log for shape in _SHAPES)
    assert "Traceback" not in served.log
