"""No text that somebody sends in holds the service, on its way in or on any page that shows it.

The walk over all routes is in tests/integration/test_loop_time.py, with a few texts; here many texts take the
routes on which they are seen. What counts is processor time beside a yardstick's, as there.
"""

import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from app.catalog.highlighting import LONGEST_LINE, code_listing
from app.core.submission import CODE_LIMIT_BYTES
from app.http.authentication import SESSION_COOKIE
from tests.support.checkout import CHECKOUT
from tests.support.loop_time import Answered, Asked, answer_of, yardstick
from tests.support.scripted_service import Service, scripted_service

pytestmark = pytest.mark.anyio

_FORM_BYTES = 250_000
"""As much as a form may be, with every sign beyond ASCII three to a byte."""
_ROUNDS = 3
_PART_BYTES = 8 << 10
_ORDINARY = (CHECKOUT / "app" / "settings.py").read_text()
_JSON = (b"content-type", b"application/json")
_FORM = (b"content-type", b"application/x-www-form-urlencoded")


def _filled(unit: str, *, first: str = "", last: str = "", line: int = LONGEST_LINE) -> str:
    """Return lines of `line` characters, as many as may be sent in, each of them the same."""
    one = (first + unit * line)[: line - 1 - len(last)] + last + "\n"
    return one * (CODE_LIMIT_BYTES // len(one.encode()))


_ONE_LINE = CODE_LIMIT_BYTES - 100
_TEXTS = {
    "brackets": _filled("(["),
    "dictionaries": _filled("{0:"),
    "strings in fields of strings": _filled("f'{f\"{"),
    "fields over many lines": "f'''" + _filled("{a!r:{", line=8),
    "quotes": _filled("'\""),
    "prefixes of strings": _filled("rb'bR\"f'", line=_ONE_LINE),
    "backslashes in one string": _filled("\\'", first="'", line=_ONE_LINE),
    "comments": _filled("#"),
    "a name": _filled("a", line=_ONE_LINE),
    "names with accents": _filled("é"),
    "accents alone": _filled("\u0301", first="e"),
    "directions": _filled("\u202e\u2066\u202c"),
    "decorators": _filled("@"),
    "docstrings that open": _filled(' """a', line=7),
    "carriage returns": "\r" * _ONE_LINE + "x",
    "separators of lines": _filled("\x85\u2028\u2029"),
    "tags": _filled("</textarea></script><!--]]>"),
    "entities": _filled("&amp;&#39;&"),
    "templates": _filled("{{ x }}{% x %}{# "),
    "Markdown": _filled("`$a$`[a](b)**"),
}


class Learner(msgspec.Struct, frozen=True, kw_only=True):
    """A service with one learner."""

    service: Service
    cookie: tuple[bytes, bytes]

    async def submission_of(self, text: str) -> str:
        """Send it in; return its name once it is graded."""
        sent = await self.service.submit(text)
        await self.service.verdict(sent["id"])
        return str(sent["id"])


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def learner(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Learner]:
    place = tmp_path_factory.mktemp("worst_pages")
    async with scripted_service(place, waiting_per_user=10_000, queue_limit=100_000) as service:
        await service.ready()
        await service.sign_up()
        secret = service.client.cookies[SESSION_COOKIE]
        yield Learner(service=service, cookie=(b"cookie", f"{SESSION_COOKIE}={secret}".encode()))


def _cut(text: str, limit_bytes: int) -> str:
    return text.encode()[:limit_bytes].decode(errors="ignore")


def _numbered(text: str, number: int, *, of: int = 1) -> str:
    """Return the first of so many parts, begun in another way each time: what was made once is kept."""
    return f"x = {number}\n" + _cut(text, CODE_LIMIT_BYTES // of - 20)


def _form(code: str, **fields: str) -> bytes:
    body = "&".join(f"{name}={value}" for name, value in fields.items())
    return f"{body}&code={quote(code)}"[:_FORM_BYTES].encode()


async def _routes(learner: Learner, code: str) -> list[tuple[str, Asked, int]]:
    """Return every way on which this code is sent or shown, with the status it is to be answered with."""
    cookie = learner.cookie
    path, page = "/api/v1/problems/double/submissions", "/problems/double/submissions"
    name = await learner.submission_of(code + "\n# shown")
    shown = f"/submissions/{name}"
    form: dict[str, Any] = {"method": "POST", "path": page}
    as_json = msgspec.json.encode({"code": code})
    asked = (
        ("by program", Asked(method="POST", path=path, headers=(_JSON, cookie), body=as_json), 202),
        ("by page", Asked(**form, headers=(_FORM, cookie), body=_form(code, mode="run")), 303),
        ("refused", Asked(**form, headers=(_FORM, cookie), body=_form(code, mode="x")), 422),
        ("after a session", Asked(**form, headers=(_FORM,), body=_form(code, mode="run")), 401),
        ("its page", Asked(path=shown, headers=(cookie,)), 200),
        (
            "its verdict",
            Asked(path=shown, query=b"fragment=verdict", headers=(cookie,)),
            200,
        ),
        ("its JSON", Asked(path=f"/api/v1{shown}", headers=(cookie,)), 200),
        ("in the editor", Asked(path="/problems/double", headers=(cookie,)), 200),
        (
            "in the editor again",
            Asked(path="/problems/double", query=f"load={name}".encode(), headers=(cookie,)),
            200,
        ),
    )
    return list(asked)


async def _seconds(learner: Learner, text: str, *, of: int, first: int) -> dict[str, float]:
    """Return the loop's seconds of each way, the best of three rounds with other texts."""
    best: dict[str, float] = {}
    for number in range(first, first + _ROUNDS):
        for route, asked, status in await _routes(learner, _numbered(text, number, of=of)):
            answered: Answered = await answer_of(learner.service.app, asked)
            assert answered.status == status, f"{route}: {answered.status}"
            best[route] = min(best.get(route, answered.loop_seconds), answered.loop_seconds)
        if max(best.values()) < _yardstick_once() / 2:
            break
    return best


_YARDSTICK: list[float] = []


def _yardstick_once() -> float:
    """Return one of the beginning, to see which is far from it."""
    if not _YARDSTICK:
        _YARDSTICK.append(yardstick())
    return _YARDSTICK[0]


@pytest.mark.parametrize("name", _TEXTS)
async def test_no_text_holds_the_loop_on_any_way(learner: Learner, name: str) -> None:
    """Nor does twice as much take more than twice as long, where it takes long."""
    whole = await _seconds(learner, _TEXTS[name], of=1, first=0)
    if max(whole.values()) < _yardstick_once() / 2:
        return
    limit, part = yardstick(), await _seconds(learner, _TEXTS[name], of=2, first=_ROUNDS)
    assert {way: seconds / limit for way, seconds in whole.items() if seconds > limit} == {}
    grown = {way: (seconds / limit, part[way] / limit) for way, seconds in whole.items()}
    assert {way: both for way, both in grown.items() if both[0] > 2 * both[1] + 0.2} == {}


@pytest.mark.parametrize("name", _TEXTS)
def test_colours_take_little_longer_than_those_of_ordinary_code(name: str) -> None:
    """Away from the loop; ten times as long, and not a hundred."""
    ordinary = _seconds_of_listing(_ORDINARY)
    assert any(_seconds_of_listing(_TEXTS[name]) < 10 * ordinary for _ in range(_ROUNDS))


def _seconds_of_listing(text: str) -> float:
    part = _cut(text * 2, _PART_BYTES)
    start = time.thread_time()
    code_listing(part)
    return time.thread_time() - start


async def test_a_form_that_was_cancelled_and_sent_again_costs_little_more_than_a_new_one(
    learner: Learner,
) -> None:
    """However often: each time it is looked up whether it was cancelled the last time, and before."""
    code, client = "wait 600\n" + "x = 1\n" * 5_000, learner.service.client
    path = "/problems/double/submissions"

    async def seconds(key: str) -> float:
        asked = Asked(
            method="POST", path=path, headers=(_FORM, learner.cookie), body=_form(code, mode="run", key=key)
        )
        answered = await answer_of(learner.service.app, asked)
        assert answered.status == 303
        return answered.loop_seconds

    new = min([await seconds(f"new {number}") for number in range(_ROUNDS)])
    for _ in range(60):
        sent = await client.post(path, data={"mode": "run", "key": "again", "code": code})
        await client.delete(f"/api/v1{sent.headers['location']}")
    again = min([await seconds("again") for _ in range(_ROUNDS)])
    listed = await client.get("/api/v1/problems/double/submissions", params={"limit": 200})
    for line in listed.json()["submissions"]:
        await client.delete(f"/api/v1/submissions/{line['id']}")
    assert again < 8 * new + yardstick() / 5
