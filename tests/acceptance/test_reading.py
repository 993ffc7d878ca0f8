"""Reading and writing without a verdict: guests, phones, drafts, hints, and what the browser is allowed."""

import re
import uuid

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.learner import PROBLEM, Learner

pytestmark = pytest.mark.browser

_PAGES = ("/", PROBLEM, "/sign-in", "/sign-up", "/account", "/nowhere")


def test_a_statement_shows_its_maths_code_and_figure(page: Page) -> None:
    page.goto(PROBLEM)
    for part in ("math", "pre.code .hl-k", ".figure img"):
        page.locator(part).first.scroll_into_view_if_needed()
        expect(page.locator(part).first).to_be_visible()
    assert page.locator(".figure img").first.evaluate(
        "image => image.decode().then(() => image.naturalWidth)"
    )


def test_hints_open_one_by_one(learner: Learner) -> None:
    learner.open_problem()
    hints = learner.page.locator("details.hint")
    expect(hints).to_have_count(3)
    expect(hints.nth(1)).to_be_hidden()
    hints.nth(0).locator("summary").click()
    expect(hints.nth(1)).to_be_visible()
    expect(hints.nth(2)).to_be_hidden()


def test_a_quiz_answers_at_once(learner: Learner) -> None:
    learner.open_problem()
    question = learner.page.locator(".question").first
    question.locator(".choice[data-right=no] input").first.check()
    expect(question.get_by_role("status")).to_contain_text("Not quite")
    question.locator(".choice[data-right=yes] input").first.check()
    expect(question.get_by_role("status")).to_have_text("Right.")
    expect(question.locator("details.answer")).to_have_attribute("open", "")


def test_a_draft_outlives_the_page_and_the_sign_up(page: Page) -> None:
    """What a guest writes is there after signing up."""
    guest = Learner(page)
    guest.open_problem()
    guest.write("# mine\n")
    page.reload()
    expect(page.locator("textarea[name=code]")).to_have_value("# mine\n")
    guest.sign_up(f"late-{uuid.uuid4().hex}@lab.test")
    guest.open_problem()
    expect(page.locator("textarea[name=code]")).to_have_value("# mine\n")


def test_nothing_breaks_the_content_security_policy(learner: Learner) -> None:
    """The editor's own styles included; nothing is loaded from elsewhere."""
    violations: list[str] = []
    requests: list[str] = []
    page = learner.page
    page.on("console", lambda message: violations.append(message.text) if "Policy" in message.text else None)
    page.on("request", lambda request: requests.append(request.url))
    for path in _PAGES[:-1]:
        page.goto(path)
    learner.open_problem()
    page.locator(".cm-content").click()
    page.keyboard.type("def f(x):\nreturn [x]")
    content = page.locator(".cm-content")
    assert content.evaluate("element => getComputedStyle(element).whiteSpace") == "pre"
    assert violations == []
    home = page.url.split("/problems")[0]
    assert [url for url in requests if not url.startswith(home)] == []


@pytest.mark.parametrize("width", [320, 390, 768])
def test_no_page_scrolls_sideways(chromium: Browser, service: str, width: int) -> None:
    context = chromium.new_context(
        base_url=service, viewport={"width": width, "height": 800}, is_mobile=True, has_touch=True
    )
    page = context.new_page()
    Learner(page).sign_up(f"a-rather-long-address-{uuid.uuid4().hex}@lab.test")
    for path in _PAGES:
        page.goto(path)
        overflow = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow == 0, path
    context.close()


def test_the_keyboard_reaches_everything_and_shows_where_it_is(learner: Learner) -> None:
    page = learner.page
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    for _ in range(4):
        page.keyboard.press("Tab")
    focused = page.locator(":focus")
    assert focused.get_attribute("href") == "/problems/encoder-block"
    assert re.match(
        r"solid 3px|3px solid",
        focused.evaluate("e => getComputedStyle(e).outline.replace(/rgb[^)]*\\) /, '')"),
    )
