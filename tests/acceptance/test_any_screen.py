"""Pages on any screen, on paper, with any machine's keys, in any zone; and what they weigh over the wire."""

import re
import uuid
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.acceptance.learner import PROBLEM, Learner

pytestmark = [pytest.mark.browser, pytest.mark.jail]

_OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Wire:
    """Counts the bytes that come to a page, as they come."""

    def __init__(self, context: BrowserContext, page: Page) -> None:
        self.bytes = 0
        network = context.new_cdp_session(page)
        network.send("Network.enable")
        network.on("Network.loadingFinished", self._count)

    def _count(self, event: dict[str, Any]) -> None:
        self.bytes += int(event["encodedDataLength"])

    def of(self, page: Page, path: str) -> int:
        before = self.bytes
        page.goto(path, wait_until="networkidle")
        expect(page.locator(".cm-content")).to_be_visible()
        page.evaluate("document.fonts.ready.then(() => true)")
        return self.bytes - before


def test_a_first_visit_weighs_300_kilobytes_at_most_and_the_next_30(context: BrowserContext) -> None:
    page = context.new_page()
    wire = Wire(context, page)
    first = wire.of(page, PROBLEM)
    assert 50_000 < first <= 300_000
    page.goto("about:blank")
    assert 1_000 < wire.of(page, "/problems/vit-mean-pool") <= 30_000


@pytest.mark.parametrize("width", [360, 1440])
def test_a_title_of_120_letters_without_a_space_widens_no_page(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for path, places in ((PROBLEM, "h1, .lead, .crumb"), ("/", ".problems .name, .problems .summary")):
        page.goto(path)
        page.evaluate(
            "places => document.querySelectorAll(places).forEach(e => { e.textContent = 'W'.repeat(120) })",
            places,
        )
        assert page.evaluate(_OVERFLOW) == 0, path


def test_the_apis_page_fits_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto("/api/docs")
    assert page.evaluate(_OVERFLOW) == 0
    assert page.locator("pre:not([tabindex])").count() == 0


def test_on_paper_there_is_what_is_read_and_nothing_that_is_pressed(page: Page) -> None:
    page.emulate_media(media="print")
    page.goto(PROBLEM)
    expect(page.get_by_role("heading", name="The task")).to_be_visible()
    for pressed in (".top", ".skip", ".editor-form", ".jump"):
        expect(page.locator(pressed).first).to_be_hidden()
    assert len(page.pdf()) > 10_000


def test_on_a_mac_command_and_enter_runs_and_the_page_says_so(chromium: Browser, service: str) -> None:
    context = chromium.new_context(base_url=service)
    context.add_init_script("Object.defineProperty(navigator, 'platform', {get: () => 'MacIntel'})")
    page = context.new_page()
    learner = Learner(page)
    learner.sign_up(f"mac-{uuid.uuid4().hex}@lab.test")
    learner.open_problem()
    expect(page.locator(".keys")).to_contain_text("⌘ Enter runs")
    expect(page.locator(".keys")).to_contain_text("Esc, then Tab leaves the editor")
    page.locator(".cm-content").click()
    page.keyboard.insert_text("def (:\n")
    page.keyboard.press("Meta+Enter")
    learner.verdict("syntax_error")
    context.close()


def test_times_are_in_the_readers_zone_and_name_it(chromium: Browser, service: str) -> None:
    context = chromium.new_context(base_url=service, timezone_id="Asia/Kolkata")
    page = context.new_page()
    Learner(page).sign_up(f"zone-{uuid.uuid4().hex}@lab.test")
    page.goto("/account")
    since = page.locator(".facts time")
    expect(since).to_contain_text("GMT+5:30")
    assert (since.get_attribute("title") or "").endswith("UTC")
    context.close()


def test_the_keyboard_is_led_to_the_editor_and_back(page: Page) -> None:
    page.set_viewport_size({"width": 900, "height": 800})
    Learner(page).open_problem()
    editor = page.locator(".cm-editor")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the editor")).to_be_focused()
    page.keyboard.press("Enter")
    expect(editor).to_have_class(re.compile("cm-focused"))
    back = page.get_by_role("link", name="Back to the statement")
    back.click()
    expect(page.get_by_role("heading", level=1)).to_be_in_viewport()
    page.set_viewport_size({"width": 1440, "height": 800})
    expect(back).to_be_hidden()


def test_what_scrolls_sideways_is_reached_by_keyboard(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(PROBLEM)
    unreachable = page.evaluate(
        """[...document.querySelectorAll('.reading *')].filter(element =>
            ['auto', 'scroll'].includes(getComputedStyle(element).overflowX)
            && element.scrollWidth > element.clientWidth && element.tabIndex < 0).length"""
    )
    assert unreachable == 0
    assert page.locator(".math.block[tabindex]").count() + page.locator("pre[tabindex]").count() > 0
