"""What is typed survives: ended sessions, two tabs, two machines, an absent or frozen service, a reload."""

import re
import uuid
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.acceptance.learner import PASSWORD, PROBLEM, Learner

pytestmark = [pytest.mark.browser, pytest.mark.jail]

_SEND = re.compile(r"/api/v1/problems/[^/]+/submissions$")
_PATIENCE_SECONDS = 60.0


@pytest.fixture
def email(page: Page) -> str:
    """Of a learner who has just signed up at `page`."""
    address = f"typed-{uuid.uuid4().hex}@lab.test"
    Learner(page).sign_up(address)
    return address


@pytest.fixture
def plain_page(chromium: Browser, service: str) -> Iterator[Page]:
    context = chromium.new_context(base_url=service, java_script_enabled=False)
    yield context.new_page()
    context.close()


def sign_in(page: Page, email: str) -> None:
    page.get_by_label("Email address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()


def code_of(page: Page) -> str:
    return page.locator("textarea[name=code]").input_value()


def submissions_of(context: BrowserContext, service: str) -> list[object]:
    answer = context.request.get(f"{service}/api/v1{PROBLEM}/submissions")
    found: list[object] = answer.json()["submissions"]
    return found


def test_an_ended_session_is_told_and_the_code_is_there_after_signing_in(
    page: Page, context: BrowserContext, email: str
) -> None:
    learner = Learner(page)
    learner.open_problem()
    learner.write("# typed\n")
    context.clear_cookies()
    learner.press("Run sample cases")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Your session has ended")
    alert.get_by_role("link", name="Sign in").click()
    sign_in(page, email)
    page.wait_for_url(f"**{PROBLEM}*")
    expect(page.locator(".cm-content")).to_be_visible()
    assert code_of(page) == "# typed\n"


def test_code_of_a_page_is_never_sent_in_by_another_account(
    page: Page, context: BrowserContext, service: str, email: str
) -> None:
    """Who has signed in in another tab of the same browser meanwhile."""
    learner, other = Learner(page), Learner(context.new_page())
    learner.open_problem()
    learner.write("# typed\n")
    other.page.goto("/")
    other.page.get_by_role("button", name="Sign out").click()
    expect(other.page.get_by_role("banner").get_by_role("link", name="Sign in")).to_be_visible()
    other.sign_up(f"other-{uuid.uuid4().hex}@lab.test")
    learner.press("Run sample cases")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Your session has ended")
    assert submissions_of(context, service) == []
    alert.get_by_role("link", name="Sign in").click()
    sign_in(page, email)
    page.wait_for_url(f"**{PROBLEM}*")
    expect(page.locator(".cm-content")).to_be_visible()
    assert code_of(page) == "# typed\n"


def test_where_no_script_runs_the_sign_in_carries_the_code(plain_page: Page) -> None:
    page = plain_page
    address = f"plain-{uuid.uuid4().hex}@lab.test"
    Learner(page).sign_up(address)
    page.goto(PROBLEM)
    page.get_by_role("textbox", name="Your solution").fill("# typed\n<b>")
    page.context.clear_cookies()
    page.get_by_role("button", name="Submit all cases").click()
    expect(page.get_by_role("main")).to_contain_text("Your code is kept")
    sign_in(page, address)
    expect(page.get_by_role("textbox", name="Your solution")).to_have_value("# typed\n<b>")


def test_where_no_script_runs_back_brings_what_was_typed(plain_page: Page) -> None:
    page = plain_page
    Learner(page).sign_up(f"plain-{uuid.uuid4().hex}@lab.test")
    page.goto(PROBLEM)
    page.get_by_role("textbox", name="Your solution").fill("# typed")
    page.get_by_role("banner").get_by_role("link", name="Jaxercise").click()
    expect(page.get_by_role("heading", name="built by hand")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("textbox", name="Your solution")).to_have_value("# typed")


def test_two_tabs_keep_both_and_say_so(page: Page, context: BrowserContext, email: str) -> None:
    first, second = Learner(page), Learner(context.new_page())
    first.open_problem()
    second.open_problem()
    first.write("# first\n")
    conflict = second.page.locator(".other-version")
    expect(conflict).to_contain_text("another tab")
    second.write("# second\n")
    page.reload()
    expect(page.locator(".cm-content")).to_be_visible()
    assert code_of(page) == "# first\n"
    page.get_by_role("button", name="Show the other version").click()
    assert code_of(page) == "# second\n"
    page.get_by_role("button", name="Show the other version").click()
    assert code_of(page) == "# first\n"


def test_an_older_draft_never_hides_newer_code_of_another_machine(
    page: Page, service: str, email: str
) -> None:
    learner = Learner(page)
    learner.open_problem()
    learner.write("# draft of this machine\n")
    with httpx.Client(base_url=service, timeout=_PATIENCE_SECONDS) as elsewhere:
        elsewhere.post("/api/v1/session", json={"email": email, "password": PASSWORD})
        sent = elsewhere.post(f"/api/v1{PROBLEM}/submissions", json={"code": "# newer\n", "mode": "run"})
        assert sent.status_code == 202
    page.reload()
    expect(page.locator(".other-version")).to_contain_text("Newer code was sent in from elsewhere")
    assert code_of(page) == "# newer\n"
    page.get_by_role("button", name="Show the other version").click()
    assert code_of(page) == "# draft of this machine\n"


def test_a_frozen_service_is_told_of_within_two_seconds(page: Page, email: str) -> None:
    """By the page's own clock, which the test moves."""
    learner = Learner(page)
    page.clock.install()
    learner.open_problem()
    page.route(_SEND, lambda route: None)
    learner.write("def vit_cls_forward(:\n")
    learner.press("Run sample cases")
    page.clock.run_for(2000)
    waiting = page.locator(".waiting")
    expect(waiting).to_contain_text("has not answered yet")
    waiting.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("alert")).to_contain_text("Your code is kept here")
    expect(page.get_by_role("button", name="Run sample cases")).to_have_attribute("aria-disabled", "false")


def test_an_answer_that_is_lost_makes_no_second_submission(
    page: Page, context: BrowserContext, service: str, email: str
) -> None:
    """The service has taken it, and the browser never hears so; the next try gets the same one."""
    learner = Learner(page)
    learner.open_problem()
    keys: list[str | None] = []

    def lose_the_first(route: Route) -> None:
        keys.append(route.request.headers.get("idempotency-key"))
        if len(keys) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route(_SEND, lose_the_first)
    learner.write("def vit_cls_forward(:\n")
    learner.press("Run sample cases")
    learner.verdict("syntax_error")
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert len(submissions_of(context, service)) == 1


def test_a_reload_after_creating_a_token_makes_no_second_one(page: Page, email: str) -> None:
    page.goto("/account")
    page.get_by_label("Name of a new token").fill("laptop")
    page.get_by_role("button", name="Create token").dblclick()
    expect(page.locator(".secret")).to_be_visible()
    page.reload()
    expect(page.locator(".secret")).to_have_count(0)
    expect(page.locator(".tokens li")).to_have_count(1)


def test_hints_stay_open_over_a_reload(page: Page, email: str) -> None:
    Learner(page).open_problem()
    hints = page.locator("details.hint")
    hints.nth(0).locator("summary").click()
    hints.nth(1).locator("summary").click()
    page.reload()
    expect(hints.nth(1)).to_have_attribute("open", "")
    expect(hints.nth(2)).to_be_visible()
