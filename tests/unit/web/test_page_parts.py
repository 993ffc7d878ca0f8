"""The small parts of pages: listings, addresses, headers, built files."""

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from app.http.middleware import SecurityHeaders
from app.web.account_pages import return_address
from app.web.rendering import built_assets
from app.web.submission_page import code_listing


def test_a_listing_numbers_every_line_and_marks_one() -> None:
    lines = code_listing('def f():\n    """a\n    b"""\n\n    return "<x>"\n', marked_line=5)
    assert [line.number for line in lines] == [1, 2, 3, 4, 5]
    assert [line.number for line in lines if line.marked] == [5]
    assert "&lt;x&gt;" in lines[4].html


@given(st.text(alphabet="ab'\"\\#\n\r\t(): ", max_size=60))
def test_each_line_of_a_listing_closes_what_it_opens(code: str) -> None:
    for line in code_listing(code, marked_line=None):
        assert line.html.count("<span") == line.html.count("</span")


@pytest.mark.parametrize("wanted", ["/", "/problems/vit-cls-token", "/submissions/1?x=2"])
def test_signing_in_leads_back(wanted: str) -> None:
    assert return_address(wanted) == wanted


@pytest.mark.parametrize(
    "wanted",
    ["", "https://evil.example", "//evil.example", "/\\evil.example", "javascript:x", "/\n/evil.example"],
)
def test_signing_in_never_leads_to_another_site(wanted: str) -> None:
    assert return_address(wanted) == "/"


def test_without_a_build_pages_do_without_scripts_and_styles(tmp_path: Path) -> None:
    built = built_assets(tmp_path)
    assert (built.scripts, built.styles) == ((), ())


def test_a_build_is_found_by_its_hashed_names(tmp_path: Path) -> None:
    (tmp_path / "dist").mkdir()
    manifest = {
        "islands/main.ts": {"file": "assets/main-1.js", "css": ["assets/main-2.css"], "isEntry": True}
    }
    (tmp_path / "dist" / "manifest.json").write_text(json.dumps(manifest))
    built = built_assets(tmp_path)
    assert built.scripts == ("/static/dist/assets/main-1.js",)
    assert built.styles == ("/static/dist/assets/main-2.css",)


def headers_of(path: str, response: PlainTextResponse) -> dict[str, str]:
    """The headers with which `response` leaves the middleware."""
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await response(scope, receive, send)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {"type": "http", "method": "GET", "path": path, "headers": []}
    asyncio.run(SecurityHeaders(app)(scope, receive, send))
    return {name.decode(): value.decode() for name, value in sent[0]["headers"]}


def test_pages_run_and_load_nothing_from_elsewhere_and_nothing_inline() -> None:
    policy = headers_of("/", PlainTextResponse(""))["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_a_response_may_keep_its_own_policy() -> None:
    figure = PlainTextResponse("", headers={"Content-Security-Policy": "sandbox"})
    assert headers_of("/problems/x/assets/y.svg", figure)["content-security-policy"] == "sandbox"


def test_hashed_files_are_kept_for_ever_and_missing_ones_are_not() -> None:
    path = "/static/dist/assets/main-1.js"
    assert "immutable" in headers_of(path, PlainTextResponse(""))["cache-control"]
    assert "cache-control" not in headers_of(path, PlainTextResponse("", status_code=404))
