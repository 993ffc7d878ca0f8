"""The pages without scripts, from the real application with the scripted grader."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx import Response

from app.core.submission import CODE_LIMIT_BYTES
from app.main import create_app
from app.settings import read_settings
from tests.support.page_browser import PageBrowser, browsing
from tests.support.scripted_grader import open_scripted_grader

PASSWORD = "three unrelated words"
PROBLEM = "/problems/vit-cls-token"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[PageBrowser]:
    app = create_app(read_settings(data_dir=tmp_path), open_grader=open_scripted_grader)
    with browsing(app) as browser:
        yield browser


@pytest.fixture
def learner(client: PageBrowser) -> PageBrowser:
    sign_up(client)
    return client


def sign_up(client: PageBrowser, email: str = "ada@lab.test", password: str = PASSWORD) -> Response:
    return client.post("/sign-up", data={"email": email, "password": password, "next": PROBLEM})


def submit(client: PageBrowser, code: str, mode: str = "submit") -> Response:
    """Posts the form, follows to the submission's page and waits there for the verdict, as a browser does."""
    page = client.post(f"{PROBLEM}/submissions", data={"code": code, "mode": mode})
    deadline = time.monotonic() + 10
    while 'http-equiv="refresh"' in page.text and time.monotonic() < deadline:
        time.sleep(0.05)
        page = client.get(page.url)
    return page


def test_a_guest_reads_the_problems_and_their_statements(client: PageBrowser) -> None:
    assert "NNX ViT with CLS Token" in client.get("/").text
    page = client.get(PROBLEM)
    assert page.status_code == 200
    assert 'id="the-task"' in page.text
    assert "<math" in page.text


def test_a_guest_gets_no_hints_and_no_buttons_but_is_told_how(client: PageBrowser) -> None:
    page = client.get(PROBLEM).text
    assert '<details class="hint"' not in page
    assert 'value="submit"' not in page
    assert "/sign-up?next=/problems/vit-cls-token" in page


def test_a_learner_gets_hints(learner: PageBrowser) -> None:
    assert learner.get(PROBLEM).text.count('<details class="hint"') == 3


def test_figures_are_served_and_may_do_nothing(client: PageBrowser) -> None:
    source = re.findall(r'<img src="([^"]+)"', client.get(PROBLEM).text)[0]
    figure = client.get(source)
    assert figure.headers["content-type"].startswith("image/svg+xml")
    assert "sandbox" in figure.headers["content-security-policy"]


@pytest.mark.parametrize("name", ["missing.svg", "..%2fproblem.toml", "problem.toml"])
def test_nothing_but_figures_is_served_as_one(client: PageBrowser, name: str) -> None:
    assert client.get(f"{PROBLEM}/assets/{name}").status_code == 404


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
        ("bob@lab.test", "short", 422, "at least 10"),
        ("not an address", PASSWORD, 422, "not an email address"),
    ],
)
def test_a_refused_sign_up_keeps_what_was_typed(
    learner: PageBrowser, email: str, password: str, status: int, reason: str
) -> None:
    page = sign_up(learner, email, password)
    assert page.status_code == status
    assert reason in page.text
    assert f'value="{email}"' in page.text
    assert f'value="{password}"' in page.text


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


def test_whoever_must_sign_in_is_led_back_afterwards(client: PageBrowser) -> None:
    page = client.get("/account")
    assert page.url.path == "/sign-in"
    assert '<input type="hidden" name="next" value="/account">' in page.text


def test_a_form_without_scripts_leads_to_the_verdict(learner: PageBrowser) -> None:
    page = submit(learner, "print one two\n")
    assert page.url.path.startswith("/submissions/")
    assert 'data-outcome="accepted"' in page.text
    assert "one two" in page.text
    assert "The code" in page.text


def test_a_submission_under_way_refreshes_by_itself_without_scripts(learner: PageBrowser) -> None:
    page = learner.post(f"{PROBLEM}/submissions", data={"code": "wait 5", "mode": "run"})
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in page.text
    cancelled = learner.post(f"{page.url.path}/cancel")
    assert 'data-outcome="cancelled"' in cancelled.text


def test_what_a_program_prints_is_escaped(learner: PageBrowser) -> None:
    page = submit(learner, "print <script>alert(1)</script> \x1b[31mred\x1b[0m")
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; red" in page.text


def test_the_verdict_is_also_a_fragment(learner: PageBrowser) -> None:
    """The same template serves pages with and without scripts."""
    page = submit(learner, "outcome wrong_value")
    fragment = learner.get(page.url, params={"fragment": "verdict"}).text
    assert "<html" not in fragment
    assert 'data-outcome="wrong_value"' in fragment
    assert "Wrong values" in fragment


def test_the_line_at_which_a_limit_was_met_is_marked(learner: PageBrowser) -> None:
    """As one that raised is; the heading has the outcome's words in place of an exception's name."""
    page = submit(learner, "outcome time_limit\nline 2\nx = 1")
    text = learner.get(page.url).text
    assert 'data-marked-line="2"' in text
    assert '<li id="line-2" class="marked"' in text
    assert '<h3>Out of time in <a href="#line-2"' in text


def test_an_exception_is_explained_in_front_of_its_message(learner: PageBrowser) -> None:
    """What it means is read first, and code in it is set as code."""
    page = submit(learner, "outcome error\nline 2\nx = 1")
    text = learner.get(page.url).text
    explanation = '<p class="explanation">In <code>plain</code> words.</p>'
    assert 0 < text.index(explanation) < text.index("as it was told")


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        ("x" * (CODE_LIMIT_BYTES + 1), 413, "65,536 bytes are allowed"),
        ("# 200 KB\n" + "y = 1\n" * 33_000, 413, "65,536 bytes are allowed"),
        (" \n", 422, "has no code"),
    ],
)
def test_refused_code_is_still_in_the_editor(
    learner: PageBrowser, code: str, status: int, reason: str
) -> None:
    """Posted as the form does it: as multipart, which doesn't swell."""
    page = learner.post(f"{PROBLEM}/submissions", files={"code": (None, code), "mode": (None, "submit")})
    assert page.status_code == status
    assert reason in page.text
    assert f"\n{code}</textarea>" in page.text


def test_an_unknown_mode_is_refused_with_the_code_kept(learner: PageBrowser) -> None:
    page = learner.post(f"{PROBLEM}/submissions", data={"code": "x = 1", "mode": "guess"})
    assert page.status_code == 422
    assert "x = 1</textarea>" in page.text


def test_a_full_queue_keeps_the_code_and_says_when_to_try_again(tmp_path: Path) -> None:
    settings = read_settings(data_dir=tmp_path, waiting_per_user=1, slots=1)
    with browsing(create_app(settings, open_grader=open_scripted_grader)) as client:
        sign_up(client)
        pages = [client.post(f"{PROBLEM}/submissions", data={"code": "wait 4", "mode": "run"}) for _ in "123"]
    assert pages[-1].status_code == 429
    assert pages[-1].headers["retry-after"] == "60"
    assert "wait 4</textarea>" in pages[-1].text


@pytest.mark.parametrize(
    ("headers", "size", "status", "reason"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 1, 403, "a page of another site"),
        ({}, 300_000, 413, "larger than 262,144 bytes"),
    ],
)
def test_a_form_is_refused_with_a_page(
    learner: PageBrowser, headers: dict[str, str], size: int, status: int, reason: str
) -> None:
    """A program gets JSON; a person never does, whichever layer refuses."""
    page = learner.post(f"{PROBLEM}/submissions", data={"code": "x" * size, "mode": "run"}, headers=headers)
    assert page.status_code == status
    assert page.headers["content-type"].startswith("text/html")
    assert reason in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_whoever_waits_sees_their_place_without_scripts(learner: PageBrowser) -> None:
    first, second, third = (
        learner.post(f"{PROBLEM}/submissions", data={"code": "wait 4", "mode": "run"}) for _ in "123"
    )
    assert "Waiting: next in the queue" in second.text
    assert "Waiting: 1 ahead of you" in third.text
    learner.post(f"{second.url.path}/cancel")
    assert "Waiting: next in the queue" in learner.get(third.url).text
    learner.post(f"{first.url.path}/cancel")


def test_newlines_of_a_form_become_plain(learner: PageBrowser) -> None:
    submit(learner, "a = 1\r\nb = 2")
    assert "\na = 1\nb = 2</textarea>" in learner.get(PROBLEM).text


def test_a_wrong_row_shows_expected_beside_yours_and_a_picture(learner: PageBrowser) -> None:
    """As a table with heads, and an image with its text; both without scripts or styles of their own."""
    page = submit(learner, "answers 1 2.5 3").text
    row = page.partition('<tr class="case-more">')[2]
    assert "<caption>The 2 numbers that differ</caption>" in row
    heads = re.findall(
        r'<th scope="row">(.*?)</th><td class="number">(.*?)</td><td class="number">(.*?)</td>', row
    )
    assert heads[:2] == [("[1]", "2", "2.5"), ("[2]", "4", "3")]
    assert "The largest error is at <code>[2]</code>." in row
    picture = row[row.index("<svg xmlns") : row.index("</svg>")]
    assert 'role="img"' in picture
    assert "<desc>2 of 3 numbers differ." in picture
    assert "style=" not in picture


def test_earlier_submissions_are_listed_and_can_be_loaded(learner: PageBrowser) -> None:
    page = submit(learner, "outcome wrong_shape")
    submit(learner, "second = 2")
    problem = learner.get(PROBLEM).text
    assert page.url.path in problem
    assert "Wrong shape" in problem
    loaded = learner.get(PROBLEM, params={"load": page.url.path.rpartition("/")[2]}).text
    assert "\noutcome wrong_shape</textarea>" in loaded
    assert 'data-source="chosen"' in loaded


def test_the_starter_code_can_be_had_again(learner: PageBrowser) -> None:
    submit(learner, "x = 1")
    assert (
        "def vit_cls_forward" in learner.get(PROBLEM, params={"load": "starter"}).text.split("</textarea>")[0]
    )


def test_the_recap_waits_for_the_solution(learner: PageBrowser) -> None:
    recap = 'class="recap"'
    submit(learner, "x = 1", mode="run")
    assert recap not in learner.get(PROBLEM).text
    submit(learner, "x = 1")
    assert recap in learner.get(PROBLEM).text
    assert recap in learner.get(PROBLEM, params={"fragment": "recap"}).text


def test_the_list_shows_what_is_tried_and_solved(learner: PageBrowser) -> None:
    assert "0 of " in learner.get("/").text
    submit(learner, "outcome wrong_value")
    assert "Tried" in learner.get("/").text
    submit(learner, "x = 1")
    page = learner.get("/").text
    assert "Solved" in page
    assert "1 of " in page


def test_another_learners_submission_is_not_found(learner: PageBrowser) -> None:
    page = submit(learner, "secret = 1")
    learner.post("/sign-out")
    sign_up(learner, "bob@lab.test")
    for answer in (
        learner.get(page.url),
        learner.get(PROBLEM, params={"load": page.url.path.rpartition("/")[2]}),
    ):
        assert answer.status_code == 404
        assert "secret" not in answer.text


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


@pytest.mark.parametrize("path", ["/problems/no-such", "/submissions/nothing", "/nowhere"])
def test_what_is_not_there_is_said_in_a_page(learner: PageBrowser, path: str) -> None:
    page = learner.get(path)
    assert page.status_code == 404
    assert "<h1>Not found</h1>" in page.text
    assert "To the problems" in page.text


def test_pages_are_kept_by_nobody_in_between(learner: PageBrowser) -> None:
    assert learner.get(PROBLEM).headers["cache-control"] == "private, no-store"


def test_no_page_has_a_script_or_a_style_inline(learner: PageBrowser) -> None:
    submission = submit(learner, "outcome error").url
    compared = submit(learner, "answers 1 2 3").url
    for path in ("/", PROBLEM, submission, compared, "/account", "/sign-in", "/sign-up", "/nowhere"):
        html = learner.get(path).text
        assert not re.search(r"<style|\sstyle=|\son\w+=", re.sub(r"<pre.*?</pre>", "", html, flags=re.DOTALL))
        assert all("src=" in tag or "application/json" in tag for tag in re.findall(r"<script[^>]*>", html))


def test_an_unjailed_service_says_so_on_every_page(tmp_path: Path) -> None:
    settings = read_settings(data_dir=tmp_path, sandbox="unjailed")
    with browsing(create_app(settings, open_grader=open_scripted_grader)) as client:
        for path in ("/", PROBLEM, "/sign-in", "/sign-up", "/nowhere"):
            assert "without isolation" in client.get(path).text


def test_a_jailed_service_does_not(client: PageBrowser) -> None:
    assert "without isolation" not in client.get("/").text
