"""axe finds nothing on any page, in the light theme and in the dark one, at a desk and on a phone."""

import uuid
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.acceptance.learner import ADMIN, PROBLEM, VERDICT_MILLISECONDS, Learner, sign_in_as_admin
from tests.support.checkout import CHECKOUT

pytestmark = [pytest.mark.browser, pytest.mark.jail]

_AXE = CHECKOUT / "node_modules/axe-core/axe.min.js"
# What is inside CodeMirror's own element is named there; a shadow root is looked into by axe.
_RUN = "axe.run(document, {resultTypes: ['violations']})"


def findings(page: Page) -> list[str]:
    """Each rule that is broken, with the elements that break it."""
    # Handed over as source: the pages' policy lets nothing be loaded into them.
    page.evaluate(_AXE.read_text())
    found: dict[str, Any] = page.evaluate(_RUN)
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


@pytest.fixture(scope="module")
def submitted(chromium: Browser, service: str) -> str:
    """The page of a submission of the admin's, with a verdict that has an error and printed text."""
    context = chromium.new_context(base_url=service)
    page = context.new_page()
    sign_in_as_admin(page)
    learner = Learner(page)
    learner.open_problem()
    learner.write("print('hello')\n\n\ndef vit_cls_forward(*arguments):\n    return arguments[0] / missing\n")
    learner.press("Run sample cases")
    learner.verdict("error")
    address = page.locator("[data-permalink]").get_attribute("href")
    assert address is not None
    context.close()
    return address


@pytest.mark.parametrize("width", [1440, 360])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(chromium: Browser, service: str, submitted: str, theme: Any, width: int) -> None:
    context: BrowserContext = chromium.new_context(
        base_url=service,
        color_scheme=theme,
        viewport={"width": width, "height": 800},
        reduced_motion="reduce",
    )
    page = context.new_page()
    found: dict[str, list[str]] = {}
    for path in ("/", PROBLEM, "/sign-in", "/sign-up", "/nowhere", "/api/docs"):
        page.goto(path)
        found[f"guest {path}"] = findings(page)
    sign_in_as_admin(page)
    page.goto(PROBLEM)
    expect(page.locator(".cm-content")).to_be_visible()
    for hint in page.locator("details.hint").all():
        hint.locator("summary").click()
    for answer in page.locator("details.answer").all():
        answer.locator("summary").click()
    found[PROBLEM] = findings(page)
    for path in ("/", submitted, "/account", "/status", "/invitations"):
        page.goto(path)
        found[path] = findings(page)
    # With a link that is shown this once, and a table with a row.
    page.get_by_label("Whom it is for").fill(f"{theme} {width}")
    page.get_by_role("button", name="Invite").click()
    expect(page.locator(".secret")).to_be_visible()
    found["a new invitation"] = findings(page)
    page.get_by_label("Accounts").fill("0")
    page.locator("form[action='/invitations']").evaluate("form => form.submit()")
    expect(page.get_by_role("alert")).to_be_visible()
    found["a refused invitation"] = findings(page)
    context.close()
    assert {path: broken for path, broken in found.items() if broken} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_while_a_verdict_is_waited_for_and_two_tabs_differ(
    chromium: Browser, service: str, theme: Any
) -> None:
    context = chromium.new_context(base_url=service, color_scheme=theme, reduced_motion="reduce")
    found: dict[str, list[str]] = {}

    def look(page: Page, name: str) -> None:
        for width in (1440, 360):
            page.set_viewport_size({"width": width, "height": 800})
            found[f"{name}, {width}"] = findings(page)

    running, other = Learner(context.new_page()), Learner(context.new_page())
    running.sign_up(f"axe-{uuid.uuid4().hex}@lab.test")
    running.open_problem()
    other.open_problem()
    # Ends by being cancelled.
    running.write("import time\n\ntime.sleep(3600)\n")
    expect(other.page.locator(".other-version")).to_contain_text("another tab")
    look(other.page, "changed in another tab")
    other.write("# another text\n")
    running.press("Run sample cases")
    rows = running.page.locator("[data-live-cases] tbody tr.pending")
    expect(rows.first).to_be_visible(timeout=VERDICT_MILLISECONDS)
    look(running.page, "a verdict that is waited for")
    sent = context.request.get(f"{service}/api/v1{PROBLEM}/submissions").json()["submissions"]
    other.page.goto(f"/submissions/{sent[0]['id']}")
    expect(other.page.locator("[data-island=live-verdict]")).to_be_visible()
    look(other.page, "the page of a submission that runs")
    running.press("Cancel")
    running.verdict("cancelled")
    look(running.page, "a verdict that was cancelled")
    context.close()
    assert {name: broken for name, broken in found.items() if broken} == {}


def test_axe_would_find_something(page: Page) -> None:
    """It really runs: a picture without words, and grey on grey."""
    page.goto("/")
    page.evaluate(
        "document.querySelector('main').innerHTML = "
        '\'<img src="/static/favicon.svg"><p id="grey">grey</p>\';'
        "document.querySelector('#grey').style.color = '#ddd'"
    )
    assert {finding.partition(":")[0] for finding in findings(page)} >= {"image-alt", "color-contrast"}


def test_a_new_account_and_a_signed_out_one_see_pages_without_findings(page: Page) -> None:
    """Those that only a form leads to: a new token, a refused sign-in, code kept over an ended session."""
    learner = Learner(page)
    learner.sign_up(f"axe-{uuid.uuid4().hex}@lab.test")
    page.goto("/account")
    page.get_by_label("Name of a new token").fill("laptop")
    page.get_by_role("button", name="Create token").click()
    expect(page.locator(".secret")).to_be_visible()
    assert findings(page) == []
    page.goto("/sign-in")
    page.get_by_label("Email address").fill(ADMIN)
    page.get_by_label("Password").fill("wrong password")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert findings(page) == []
