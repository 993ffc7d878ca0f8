"""Signing up, in and out without scripts, and the page of one's tokens."""

import re
from html import unescape

import pytest

from app.accounts.accounts import TOKENS_LIMIT
from app.web.sign_in_form import return_address
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


def test_a_reload_after_a_token_was_made_makes_no_second_one(learner: PageBrowser) -> None:
    """The page that shows it is the account's own, by its own address, and shows it this once."""
    page = learner.post("/account/tokens", data={"name": "seminar"})
    assert (page.request.method, page.url.path) == ("GET", "/account")
    assert page.text.count("<code>jaxercise_") == 1
    again = learner.get(page.url)
    assert "<code>jaxercise_" not in again.text
    assert again.text.count("Delete token seminar") == 1


def key_of(page: str) -> str:
    [key] = re.findall(r'name="key" value="([^"]+)"', page)
    return str(key)


def shown_token(page: str) -> str:
    [secret] = re.findall(r"<code>(jaxercise_[^<]+)</code>", page)
    return str(secret)


def test_a_token_form_that_is_sent_twice_makes_one_token(learner: PageBrowser) -> None:
    """As by a double click where no script runs: the second answer shows what the first would have shown."""
    form = {"name": "seminar", "key": key_of(learner.get("/account").text)}
    first, second = [learner.post("/account/tokens", data=form).text for _ in range(2)]
    assert shown_token(first) == shown_token(second)
    assert second.count("Delete token seminar") == 1
    whose = learner.get("/api/v1/session", headers={"Authorization": f"Bearer {shown_token(second)}"})
    assert whose.status_code == 200
    # Another name is another wish, and so is a form that was made anew.
    other = learner.post("/account/tokens", data={**form, "name": "laptop"}).text
    again = learner.post("/account/tokens", data={"name": "seminar", "key": key_of(other)}).text
    assert len({shown_token(page) for page in (first, other, again)}) == 3
    assert (again.count("Delete token seminar"), again.count("Delete token laptop")) == (2, 1)


def test_a_token_form_gives_another_session_another_token(learner: PageBrowser) -> None:
    """What a form carries tells nobody the token that it makes."""
    form = {"name": "seminar", "key": key_of(learner.get("/account").text)}
    first = shown_token(learner.post("/account/tokens", data=form).text)
    learner.post("/sign-out")
    learner.post("/sign-in", data={"email": "ada@lab.test", "password": PASSWORD})
    assert shown_token(learner.post("/account/tokens", data=form).text) != first


def test_the_last_token_that_is_allowed_may_be_asked_for_twice(learner: PageBrowser) -> None:
    for number in range(TOKENS_LIMIT - 1):
        assert learner.post("/api/v1/tokens", json={"name": str(number)}).status_code == 201
    form = {"name": "last", "key": key_of(learner.get("/account").text)}
    first, second = [learner.post("/account/tokens", data=form) for _ in range(2)]
    assert (first.status_code, shown_token(first.text)) == (200, shown_token(second.text))
    refused = learner.post("/account/tokens", data={**form, "name": "one more"})
    assert (refused.status_code, f"may have {TOKENS_LIMIT} tokens" in refused.text) == (422, True)


def test_a_sign_up_form_that_is_sent_twice_makes_one_account_and_signs_in(client: PageBrowser) -> None:
    key = key_of(client.get("/sign-up").text)
    form = {"email": "ada@lab.test", "password": PASSWORD, "next": PROBLEM, "key": key}
    client.post("/sign-up", data=form)
    client.post("/sign-out")
    page = client.post("/sign-up", data=form)
    assert (page.status_code, page.url.path) == (200, PROBLEM)
    assert "ada@lab.test" in page.text
    client.post("/sign-out")
    # Whoever has the form and not the password stays outside, and so does another form.
    wrong = client.post("/sign-up", data={**form, "password": "three other words"})
    assert (wrong.status_code, "three other words" in wrong.text) == (401, False)
    another = client.post("/sign-up", data={**form, "key": key_of(client.get("/sign-up").text)})
    assert (another.status_code, "exists already" in another.text) == (409, True)


def test_no_token_but_a_new_one_of_ones_own_is_shown(learner: PageBrowser) -> None:
    page = learner.get("/account", headers={"Cookie": "jaxercise_new_token=jaxercise_foreign"})
    assert "jaxercise_foreign" not in page.text


def test_after_a_form_was_sent_with_an_ended_session_the_way_leads_back_to_its_page(
    learner: PageBrowser,
) -> None:
    learner.post("/sign-out")
    here = {"Referer": "http://pages.test/account?x=1"}
    assert 'name="next" value="/account?x=1"' in learner.post("/account/tokens", headers=here).text
    elsewhere = {"Referer": "http://evil.example/account"}
    assert 'name="next" value="/"' in learner.post("/account/tokens", headers=elsewhere).text
    assert 'name="next" value="/submissions/1?x=2"' in learner.get("/submissions/1?x=2").text


CODE = "# mine\ndef f(x):\n    return '<b>&amp;</b>'\n"


def after_the_end_of_the_session(learner: PageBrowser) -> dict[str, str]:
    """Sends code in, and returns what the sign-in form then carries."""
    learner.post("/sign-out")
    form = {"code": CODE.replace("\n", "\r\n"), "mode": "submit", "key": "1"}
    page = learner.post(f"{PROBLEM}/submissions", files={name: (None, text) for name, text in form.items()})
    assert page.status_code == 401
    assert "Your session has ended. Your code is kept" in page.text
    return carried(page.text)


def carried(html: str) -> dict[str, str]:
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', html))
    [code] = re.findall(r'<textarea name="code" hidden>\n(.*?)</textarea>', html, re.DOTALL)
    return {**fields, "code": unescape(code)}


def in_the_editor(html: str) -> str:
    [code] = re.findall(r'<textarea id="code"[^>]*>\n(.*?)</textarea>', html, re.DOTALL)
    return unescape(code)


def test_code_is_kept_over_the_sign_in_that_an_ended_session_asks_for(learner: PageBrowser) -> None:
    """Over a wrong password, too; nothing is sent in on the way."""
    fields = after_the_end_of_the_session(learner)
    refused = learner.post("/sign-in", data={**fields, "email": "ada@lab.test", "password": "wrong password"})
    page = learner.post(
        "/sign-in", data={**carried(refused.text), "email": "ada@lab.test", "password": PASSWORD}
    )
    assert page.status_code == 200
    assert in_the_editor(page.text) == CODE
    assert 'data-source="kept"' in page.text
    assert "Earlier submissions" not in page.text


def test_code_is_kept_over_a_sign_up_in_the_place_of_the_sign_in(learner: PageBrowser) -> None:
    fields = after_the_end_of_the_session(learner)
    asked = learner.post("/sign-up", data={**fields, "email": "eve@lab.test", "password": "", "instead": ""})
    assert asked.status_code == 200
    assert 'role="alert"' not in asked.text
    page = learner.post(
        "/sign-up", data={**carried(asked.text), "email": "eve@lab.test", "password": PASSWORD}
    )
    assert in_the_editor(page.text) == CODE


def test_kept_code_of_no_problem_leads_on_all_the_same(learner: PageBrowser) -> None:
    page = learner.post(
        "/sign-in",
        data={"code": "x", "problem": "nothing", "email": "ada@lab.test", "password": PASSWORD, "next": "/"},
    )
    assert page.url.path == "/"
