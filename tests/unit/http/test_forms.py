"""Forms: both ways of writing one, and a bound on their fields."""

from pathlib import Path

import httpx
import pytest

from tests.support.scripted_service import PASSWORD, Service, scripted_service

pytestmark = pytest.mark.anyio


async def sent(service: Service, body: bytes, kind: str) -> httpx.Response:
    return await service.client.post("/sign-up", content=body, headers={"content-type": kind})


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded; charset=utf-8", f"email=a%40lab.test&password={PASSWORD}&x="),
        (
            "multipart/form-data; boundary=x",
            "".join(
                f'--x\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                for name, value in (("email", "a@lab.test"), ("password", PASSWORD))
            )
            + "--x--\r\n",
        ),
    ],
)
async def test_a_form_is_read_in_both_ways(tmp_path: Path, kind: str, body: str) -> None:
    async with scripted_service(tmp_path) as service:
        assert (await sent(service, body.encode(), kind)).status_code == 303


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", "a=&" * 21),
        (
            "multipart/form-data; boundary=x",
            '--x\r\ncontent-disposition: form-data; name="a"\r\n\r\nb\r\n' * 21 + "--x--\r\n",
        ),
    ],
)
async def test_a_form_of_many_fields_is_refused(tmp_path: Path, kind: str, body: str) -> None:
    async with scripted_service(tmp_path) as service:
        assert (await sent(service, body.encode(), kind)).status_code == 400


@pytest.mark.parametrize("charset", ["punycode", "unicode_escape", "utf-7", "idna", "utf-16"])
async def test_a_form_is_in_utf_8(tmp_path: Path, charset: str) -> None:
    """Some of Python's codecs take for ever, and some make lone surrogates, which nothing can store."""
    kind = f"multipart/form-data; boundary=x; charset={charset}"
    body = b'--x\r\ncontent-disposition: form-data; name="email"\r\n\r\n\\ud800@lab.test\r\n--x--\r\n'
    async with scripted_service(tmp_path) as service:
        refused = await sent(service, body, kind)
        plain = await sent(service, body, "multipart/form-data; boundary=x; charset=UTF-8")
    assert refused.status_code == 400
    assert "sent in UTF-8" in refused.text
    assert "not an email address" in plain.text


async def test_cookies_in_quotes_are_not_read(tmp_path: Path) -> None:
    """Each escaped quote would have Python look through all the rest; those beside it are read."""
    long = '"' + '\\"' * 7_000 + '"'
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        own = "; ".join(f"{name}={value}" for name, value in service.client.cookies.items())
        async with service.visitor(cookie=f"a={long}; {own}; {long}") as visitor:
            assert (await visitor.get("/api/v1/session")).status_code == 200
        secret = service.client.cookies["jaxercise_session"]
        async with service.visitor(cookie=f'jaxercise_session="{secret}"') as visitor:
            assert (await visitor.get("/api/v1/session")).status_code == 401


async def test_what_is_no_form_has_no_fields(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        answer = await sent(service, b"{}", "application/json")
    assert answer.status_code == 422
    assert "not an email address" in answer.text


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/?q=" + "a" * 8_200, {}, 414),
        ("/problems/" + "a" * 8_200, {}, 414),
        ("/?q=" + "a" * 8_000, {}, 200),
        ("/", {"cookie": "a=b; " * 7_000}, 431),
        ("/", {"cookie": "a=b; " * 6_000}, 200),
    ],
)
async def test_a_head_that_nobody_needs_is_not_read(
    tmp_path: Path, path: str, headers: dict[str, str], status: int
) -> None:
    """As a page for people, as JSON for programs."""
    async with scripted_service(tmp_path) as service:
        page = await service.client.get(path, headers=headers)
        json = await service.client.get(f"/api/v1{path}", headers=headers)
    assert page.status_code == status
    if status >= 400:
        assert "<h1>" in page.text
        assert json.status_code == status
        assert "error" in json.json()


async def test_only_code_may_be_long(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        long = {"name": "n" * 20_000}
        assert (await service.client.post("/api/v1/tokens", json=long)).status_code == 413
        await service.submit("x" * 60_000)


async def test_an_account_has_so_many_tokens(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        for number in range(100):
            await service.client.post("/api/v1/tokens", json={"name": f"{number}"})
        refused = await service.client.post("/api/v1/tokens", json={"name": "one more"})
        assert refused.status_code == 422
        assert "may have 100 tokens" in refused.json()["error"]["message"]
        one = (await service.client.get("/api/v1/tokens")).json()["tokens"][0]["id"]
        await service.client.delete(f"/api/v1/tokens/{one}")
        assert (await service.client.post("/api/v1/tokens", json={"name": "again"})).status_code == 201
