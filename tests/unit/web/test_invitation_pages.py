"""Invitations: an admin makes them, whoever has the link signs up, and nobody fills in a form in vain."""

import html
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from app.errors import AccountError
from tests.support.scripted_service import PASSWORD, Service, scripted_service

pytestmark = pytest.mark.anyio


async def invited(service: Service, **typed: str) -> str:
    """The path of a new invitation's link, made on the page."""
    page = await service.client.get("/invitations")
    secret = re.findall(r'name="secret" value="([^"]+)"', page.text)[0]
    form = {"secret": secret, "name": "class", "uses": "1", "days": "14", **typed}
    made = await service.client.post("/invitations", data=form)
    assert made.status_code == 200
    link = urlsplit(html.unescape(re.findall(r"<code>(http[^<]+)</code>", made.text)[0]))
    # A reload, or a double click, sends the same form, and makes no other.
    again = await service.client.post("/invitations", data=form)
    assert link.query in html.unescape(again.text)
    assert again.text.count('<th scope="row">') == made.text.count('<th scope="row">')
    assert secret not in (await service.client.get("/invitations")).text
    return f"{link.path}?{link.query}"


async def sign_up(browser: httpx.AsyncClient, email: str, **typed: str) -> httpx.Response:
    return await browser.post("/sign-up", data={"email": email, "password": PASSWORD, "next": "/", **typed})


def shuts_out(page: httpx.Response, reason: str) -> bool:
    """Whether it says so, and asks nobody to fill in anything."""
    return page.status_code == 403 and reason in page.text and 'name="email"' not in page.text


async def test_whoever_has_the_link_signs_up_until_it_is_used_up(tmp_path: Path) -> None:
    async with scripted_service(tmp_path, sign_up="invitation") as service:
        await service.sign_up()
        path = await invited(service, uses="2", name="Tuesday’s <class>")
        secret = path.partition("=")[2]
        async with service.visitor() as browser:
            assert shuts_out(await browser.get("/sign-up"), "takes an invitation")
            page = await browser.get(path)
            assert "Tuesday’s &lt;class&gt;" in page.text
            assert "for 2 more accounts" in page.text
            assert (await sign_up(browser, "a@school.test")).status_code == 403
            # What is refused for another reason uses nothing up, and keeps the invitation.
            refused = await sign_up(browser, "admin@school.test", invitation=secret)
            assert (refused.status_code, secret in refused.text) == (409, True)
            for email in ("a@school.test", "b@school.test"):
                assert (await sign_up(browser, email, invitation=secret)).status_code == 303
            browser.cookies.clear()
            assert shuts_out(await browser.get(path), "used as often as it may be")
            late = await sign_up(browser, "c@school.test", invitation=secret)
            assert shuts_out(late, "used as often as it may be")
        listed = (await service.client.get("/invitations")).text
    assert "2 of 2" in listed
    assert "Used up" in listed


async def test_the_last_use_that_is_sent_twice_signs_in(tmp_path: Path) -> None:
    """As by a double click: what the first answer used up does not shut its own sender out."""
    async with scripted_service(tmp_path, sign_up="invitation") as service:
        await service.sign_up()
        path = await invited(service)
        async with service.visitor() as browser:
            [key] = re.findall(r'name="key" value="([^"]+)"', (await browser.get(path)).text)
            typed = {"invitation": path.partition("=")[2], "key": key}
            answers = [await sign_up(browser, "a@school.test", **typed) for _ in range(2)]
            assert [answer.status_code for answer in answers] == [303, 303]
            assert "a@school.test" in (await browser.get("/")).text
            late = await sign_up(browser, "b@school.test", **typed)
            assert shuts_out(late, "used as often as it may be")


async def test_a_revoked_one_lets_nobody_in_and_says_so(tmp_path: Path) -> None:
    async with scripted_service(tmp_path, sign_up="invitation") as service:
        await service.sign_up()
        path = await invited(service)
        [revoke] = re.findall(
            r'action="(/invitations/\w+/revoke)"', (await service.client.get("/invitations")).text
        )
        for _ in range(2):
            assert (await service.client.post(revoke)).status_code == 303
        assert 'action="/invitations/' not in (await service.client.get("/invitations")).text
        assert (await service.client.post("/invitations/none/revoke")).status_code == 422
        async with service.visitor() as browser:
            assert shuts_out(await browser.get(path), "was withdrawn")
            assert shuts_out(await browser.get("/sign-up?invitation=made-up"), "no such invitation")


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ({"uses": "0"}, "1 to 10,000 times"),
        ({"uses": "10001"}, "1 to 10,000 times"),
        ({"uses": "²"}, "1 to 10,000 times"),
        ({"uses": "9" * 5000}, "1 to 10,000 times"),
        ({"uses": ""}, "1 to 10,000 times"),
        ({"days": "-1"}, "1 to 365 days"),
        ({"days": "366"}, "1 to 365 days"),
        ({"name": "x" * 101}, "at most 100 printable"),
        ({"name": "a\nb"}, "at most 100 printable"),
    ],
)
async def test_a_malformed_one_is_refused_and_keeps_what_was_typed(
    tmp_path: Path, typed: dict[str, str], reason: str
) -> None:
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        form = {"name": "class", "uses": "80", "days": "7", **typed}
        page = await service.client.post("/invitations", data=form)
        assert (page.status_code, reason in page.text) == (422, True)
        for value in form.values():
            assert f'value="{html.escape(value)}"' in page.text
        assert await service.services.invitations.newest() == []
        with pytest.raises(AccountError):
            await service.services.invitations.invite(uses=0)


async def test_only_admins_make_them(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        async with service.visitor() as browser:
            assert (await browser.get("/invitations")).status_code == 303
            assert (await browser.post("/invitations", data={"uses": "1", "days": "1"})).status_code != 200
            await sign_up(browser, "a@school.test")
            for answer in (await browser.get("/invitations"), await browser.post("/invitations")):
                assert answer.status_code == 403
            assert (await browser.post("/invitations/none/revoke")).status_code == 403
        assert "Everybody may sign up just now" in (await service.client.get("/invitations")).text


async def test_where_signing_up_takes_a_code_an_invitation_does_as_well(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"sign_up": "code", "sign_up_code": "spring 2027"}
    async with scripted_service(tmp_path, **settings) as service:
        await service.sign_up()
        path = await invited(service)
        async with service.visitor() as browser:
            assert 'name="sign_up_code"' in (await browser.get("/sign-up")).text
            wrong = await sign_up(browser, "a@school.test", sign_up_code="spring 2026")
            assert (wrong.status_code, 'name="sign_up_code"' in wrong.text) == (403, True)
            # The code stays where something else is wrong.
            weak = await sign_up(browser, "a@school.test", sign_up_code="spring 2027", password="short")
            assert (weak.status_code, 'value="spring 2027"' in weak.text) == (422, True)
            assert (await sign_up(browser, "a@school.test", sign_up_code=" spring 2027 ")).status_code == 303
            browser.cookies.clear()
            assert 'name="sign_up_code"' not in (await browser.get(path)).text
            invitation = path.partition("=")[2]
            assert (await sign_up(browser, "b@school.test", invitation=invitation)).status_code == 303


@pytest.mark.parametrize(
    "settings", [{"sign_up": "invitation"}, {"sign_up": "code", "sign_up_code": "x" * 8}]
)
async def test_the_first_account_needs_nothing(tmp_path: Path, settings: dict[str, Any]) -> None:
    """There is nobody yet who could invite."""
    async with scripted_service(tmp_path, **settings) as service:
        page = (await service.client.get("/sign-up")).text
        assert "this first one becomes the admin" in page
        assert 'name="sign_up_code"' not in page
        assert (await sign_up(service.client, "admin@school.test")).status_code == 303
        async with service.visitor() as browser:
            assert (await sign_up(browser, "a@school.test")).status_code == 403


async def test_where_everybody_may_sign_up_a_link_that_is_over_shuts_nobody_out(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        async with service.visitor() as browser:
            assert 'name="email"' in (await browser.get("/sign-up?invitation=made-up")).text
            assert (await sign_up(browser, "a@school.test", invitation="made-up")).status_code == 303
