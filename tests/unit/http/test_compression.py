"""Files that lie there compressed, and which answers may be compressed."""

import gzip
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse
from starlette.routing import Mount

from app.http.compression import CompressedFiles, compress, takes

pytestmark = pytest.mark.anyio


@pytest.fixture
def browser(tmp_path: Path) -> httpx.AsyncClient:
    for name, content in {"a.js": "plain", "a.js.br": "as brotli", "a.js.gz": "as gzip", "b.js": "b"}.items():
        (tmp_path / name).write_text(content)
    app = Starlette(routes=[Mount("/", CompressedFiles(directory=tmp_path))])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://files.test")


@pytest.mark.parametrize(
    ("accepted", "encoding", "size"),
    [
        ("gzip, deflate, br, zstd", "br", 9),
        ("gzip", "gzip", 7),
        ("br;q=0, gzip", "gzip", 7),
        ("identity", None, 5),
        ("", None, 5),
    ],
)
async def test_a_file_comes_as_its_client_takes_it(
    browser: httpx.AsyncClient, accepted: str, encoding: str | None, size: int
) -> None:
    async with browser, browser.stream("GET", "/a.js", headers={"Accept-Encoding": accepted}) as answer:
        assert answer.headers.get("content-encoding") == encoding
        assert len(b"".join([part async for part in answer.aiter_raw()])) == size
        assert answer.headers["content-type"].startswith("text/javascript")
        assert answer.headers["vary"] == "Accept-Encoding"


async def test_what_a_client_has_already_is_not_sent_again(browser: httpx.AsyncClient) -> None:
    async with browser:
        headers = {"Accept-Encoding": "gzip"}
        async with browser.stream("GET", "/a.js", headers=headers) as first:
            headers["If-None-Match"] = first.headers["etag"]
        assert (await browser.get("/a.js", headers=headers)).status_code == 304
        # Compressed otherwise it is another thing.
        headers["Accept-Encoding"] = "identity"
        assert (await browser.get("/a.js", headers=headers)).status_code == 200


async def test_a_file_without_a_compressed_one_comes_as_it_is(browser: httpx.AsyncClient) -> None:
    async with browser:
        answer = await browser.get("/b.js", headers={"Accept-Encoding": "br"})
    assert answer.text == "b"
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("letters", [5_000, 500_000])
def test_a_page_is_the_same_compressed(letters: int) -> None:
    page = HTMLResponse("é" * letters)
    compress(page, Headers({"accept-encoding": "gzip"}))
    assert gzip.decompress(page.body).decode() == "é" * letters
    assert page.headers["content-length"] == str(len(page.body))


def test_a_short_page_stays_as_it_is() -> None:
    page = HTMLResponse("short")
    compress(page, Headers({"accept-encoding": "gzip"}))
    assert page.body == b"short"
    assert page.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "GZIP; q=0.000", "xgzip"])
def test_a_client_that_does_not_take_it_is_not_given_it(accepted: str) -> None:
    assert not takes(Headers({"accept-encoding": accepted}), "gzip")
