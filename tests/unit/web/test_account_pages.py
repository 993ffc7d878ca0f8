"""Signing up, in and out without scripts, and the page of one's tokens."""

import re

import pytest

from app.web.account_pages import return_address
from tests.support.page_browser import PASSWORD, PROBLEM, PageBrowser, sign_up


def test_the_sign_up_page_says_that_the_first_account_is_the_admin(client: PageBrowser) -> None:
    first = "this first one becomes the admin"
    assert first in client.get("/sign-up").text
    sign_up(client)
    assert first not in client.get("/sign-up").text


def test_signing_up_leads_back_signed_in(client: PageBrowser) -> None:
    page = sign_up(client)
    assert page.url.path == PROBLEM
    assert "ada@lab.test" in page.text


@pytest.mark.parametrize(
    ("email", "password", "status", "reason"),
    [
        ("ada@lab.test", PASSWORD, 409, "exists already"),
        ("bob@lab.test", "Sh0rt", 422, "at least 10"),
        ("not an address", PASSWORD, 422, "not an email address"),
    ],
)
def test_a_refused_sign_up_keeps_the_address_and_not_the_password(
    learner: PageBrowser, email: str, password: str, status: int, reason: str
) -> None:
    page = sign_up(learner, email, password)
    assert page.status_code == status
    assert reason in page.text
    assert f'value="{email}"' in page.text
    assert password not in page.text


def test_a_wrong_password_keeps_the_address_and_not_the_password(learner: PageBrowser) -> None:
    page = learner.post("/sign-in", data={"email": "ada@lab.test", "password": "wrong password"})
    assert page.status_code == 401
    assert 'value="ada@lab.test"' in page.text
    assert "wrong password" not in page.text


def test_signing_out_and_in_again(learner: PageBrowser) -> None:
    assert "ada@lab.test" not in learner.post("/sign-out").text
    page = learner.post("/sign-in", data={"email": "ada@lab.test", "password": PASSWORD, "next": "/account"})
    assert page.url.path == "/account"
    assert "Admin" in page.text


@pytest.mark.parametrize("wanted", ["/", "/problems/vit-cls-token", "/submissions/1?x=2"])
def test_signing_in_leads_back(wanted: str) -> None:
    assert return_address(wanted) == wanted


@pytest.mark.parametrize(
    "wanted",
    ["", "https://evil.example", "//evil.example", "/\\evil.example", "javascript:x", "/\n/evil.example"],
)
def test_signing_in_never_leads_to_another_site(wanted: str) -> None:
    assert return_address(wanted) == "/"


def test_a_token_is_shown_once(learner: PageBrowser) -> None:
    page = learner.post("/account/tokens", data={"name": "seminar"})
    secret = re.findall(r"<code>(jaxercise_[^<]+)</code>", page.text)[0]
    assert learner.get("/api/v1/session", headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    again = learner.get("/account").text
    assert secret not in again
    delete = re.findall(r'action="(/account/tokens/[^"]+/delete)"', again)[0]
    assert "seminar" not in learner.post(delete).text


def test_a_token_without_a_name_is_refused_with_the_reason(learner: PageBrowser) -> None:
    page = learner.post("/account/tokens", data={"name": " "})
    assert page.status_code == 422
    assert 'role="alert"' in page.text
