"""Everything that matters works where the browser runs no script at all."""

import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.learner import PROBLEM, VERDICT_MILLISECONDS, Learner

pytestmark = [pytest.mark.browser, pytest.mark.jail]


@pytest.fixture
def plain_page(chromium: Browser, service: str) -> Iterator[Page]:
    context = chromium.new_context(base_url=service, java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_reading_submitting_and_the_verdict_need_no_script(plain_page: Page) -> None:
    page = plain_page
    Learner(page).sign_up(f"plain-{uuid.uuid4().hex}@lab.test")
    page.goto(PROBLEM)
    expect(page.get_by_role("heading", name="The task")).to_be_visible()
    page.locator("details.hint").nth(1).locator("summary").click()
    expect(page.locator("details.hint").nth(1).locator(".statement")).to_be_visible()
    page.get_by_role("textbox", name="Your solution").fill(
        "def vit_cls_forward(*arguments):\n    raise ValueError('on purpose')\n"
    )
    page.get_by_role("button", name="Run sample cases").click()
    page.wait_for_url("**/submissions/*")
    verdict = page.locator("[data-verdict]")
    expect(verdict).to_be_visible(timeout=VERDICT_MILLISECONDS)
    expect(verdict).to_contain_text("on purpose")
    expect(page.locator("#line-2")).to_have_class("marked")


def test_refused_code_is_not_lost(plain_page: Page) -> None:
    page = plain_page
    Learner(page).sign_up(f"plain-{uuid.uuid4().hex}@lab.test")
    page.goto(PROBLEM)
    # One line: a browser is slow to fill in thousands.
    code = "# " + "x" * 70_000
    page.get_by_role("textbox", name="Your solution").fill(code)
    page.get_by_role("button", name="Submit all cases").click()
    expect(page.get_by_role("alert")).to_contain_text("65,536 bytes are allowed")
    expect(page.get_by_role("textbox", name="Your solution")).to_have_value(code)
