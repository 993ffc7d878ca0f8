"""Back and forward in a browser that keeps whole pages: nothing typed is lost, and nothing stale is shown."""

import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from tests.acceptance.learner import Learner

pytestmark = [pytest.mark.browser, pytest.mark.jail]

_REMEMBER = "addEventListener('pageshow', event => { window.wasKept = event.persisted })"


@pytest.fixture
def page(chromium_that_keeps_pages: Browser, service: str) -> Iterator[Page]:
    context = chromium_that_keeps_pages.new_context(base_url=service)
    context.set_default_timeout(60_000)
    context.add_init_script(_REMEMBER)
    yield context.new_page()
    context.close()


@pytest.fixture
def email(page: Page) -> str:
    address = f"back-{uuid.uuid4().hex}@lab.test"
    Learner(page).sign_up(address)
    return address


def leave(page: Page) -> None:
    page.get_by_role("banner").get_by_role("link", name="Jaxercise").click()
    expect(page.get_by_role("heading", name="built by hand")).to_be_visible()


def back(page: Page) -> None:
    """A page that was kept is not loaded, so that is not waited for."""
    try:
        page.go_back(wait_until="commit")
    except Error as fault:
        # A page that takes the place of another one just then is asked once more.
        if "Not attached to an active page" not in fault.message:
            raise
        page.go_back(wait_until="commit")


def code_of(page: Page) -> str:
    return page.locator("textarea[name=code]").input_value()


def test_what_was_typed_is_there_in_a_page_that_was_kept(page: Page, email: str) -> None:
    learner = Learner(page)
    learner.open_problem()
    learner.write("# typed\n")
    leave(page)
    back(page)
    expect(page.locator(".cm-content")).to_contain_text("# typed")
    # It really is the page as it was left, and not a new one.
    assert page.evaluate("window.wasKept") is True
    assert code_of(page) == "# typed\n"
    expect(page.locator(".other-version")).to_be_hidden()
    # And it still works: what is typed now is kept in the browser.
    learner.write("# typed on\n")
    page.reload()
    expect(page.locator(".cm-content")).to_contain_text("# typed on")


def test_a_page_that_was_kept_says_that_another_tab_wrote_meanwhile(page: Page, email: str) -> None:
    learner = Learner(page)
    learner.open_problem()
    learner.write("# typed\n")
    leave(page)
    other = Learner(page.context.new_page())
    other.open_problem()
    other.write("# in another tab\n")
    back(page)
    expect(page.locator(".other-version")).to_contain_text("another tab")
    assert page.evaluate("window.wasKept") is True
    assert code_of(page) == "# typed\n"


@pytest.mark.parametrize("where", ["here", "in another tab"])
def test_after_signing_out_back_shows_nobody_what_was_there(page: Page, email: str, where: str) -> None:
    learner = Learner(page)
    learner.open_problem()
    learner.write("# typed\n")
    leave(page)
    if where == "here":
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("banner").get_by_role("link", name="Sign in")).to_be_visible()
        back(page)
    else:
        other = page.context.new_page()
        other.goto("/")
        other.get_by_role("button", name="Sign out").click()
        expect(other.get_by_role("banner").get_by_role("link", name="Sign in")).to_be_visible()
    back(page)
    expect(page.get_by_role("link", name="Sign up to run it")).to_be_visible()
    expect(page.locator(".cm-content")).to_be_visible()
    assert email not in page.content()
    assert "# typed" not in code_of(page)
