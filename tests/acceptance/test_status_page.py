"""The status page in a real browser, reported by a real worker."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.learner import ADMIN, PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.jail]


def open_status(page: Page) -> None:
    """By way of signing in, which leads on to where one wanted to go."""
    page.goto("/status")
    page.get_by_label("Email address").fill(ADMIN)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Status")).to_be_visible()


def test_an_admin_finds_the_status_from_any_page(page: Page) -> None:
    """The worker of this very service is there, with its environment."""
    open_status(page)
    page.goto("/")
    page.get_by_role("banner").get_by_role("link", name="Status").click()
    worker = page.locator("#workers-title + .wide tbody tr").first
    expect(worker).to_contain_text("ago")
    expect(page.locator("dl.tiles")).to_contain_text("Learners’ waiting")


@pytest.mark.parametrize("width", [320, 390])
def test_on_a_phone_every_figure_is_on_the_screen(chromium: Browser, service: str, width: int) -> None:
    """A table's row becomes a card; nothing has to be scrolled to from the side."""
    context = chromium.new_context(base_url=service, viewport={"width": width, "height": 800}, is_mobile=True)
    page = context.new_page()
    open_status(page)
    assert page.evaluate("document.documentElement.scrollWidth === document.documentElement.clientWidth")
    cells = page.locator(".figures td")
    expect(cells.first).to_be_visible()
    for box in (cell.bounding_box() for cell in cells.all()):
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    context.close()
