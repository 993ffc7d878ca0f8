"""Invitations in a browser: an admin makes one, its link lets people in, and says so where it does not."""

import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.acceptance.learner import ADMIN, PASSWORD, sign_in_as_admin
from tests.support.served_service import Served, served_service

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def invited_only(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service where signing up takes an invitation. Its admin has signed up."""
    place = tmp_path_factory.mktemp("invited")
    with served_service(place, sign_up="invitation") as served:
        admin = {"email": ADMIN, "password": PASSWORD}
        httpx.post(f"{served.address}/api/v1/accounts", json=admin, timeout=60).raise_for_status()
        yield served


@contextmanager
def window(chromium: Browser, served: Served, *, scripts: bool = True) -> Iterator[Page]:
    """A private window: nothing of any other is known in it."""
    context = chromium.new_context(base_url=served.address, java_script_enabled=scripts)
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def admin(chromium: Browser, invited_only: Served) -> Iterator[Page]:
    with window(chromium, invited_only) as page:
        sign_in_as_admin(page)
        yield page


def invite(page: Page, name: str, *, uses: int = 1) -> str:
    """Make an invitation as an admin does, and copy its link."""
    page.goto("/invitations")
    page.get_by_label("Whom it is for").fill(name)
    page.get_by_label("Accounts").fill(str(uses))
    page.get_by_role("button", name="Invite").dblclick()
    link = page.locator(".secret code")
    expect(link).to_be_visible()
    expect(row(page, name)).to_have_count(1)
    return link.inner_text()


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has_text=name)


def sign_up(page: Page, *, double: bool = False) -> str:
    email = f"guest-{uuid.uuid4().hex}@lab.test"
    page.get_by_label("Email address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    button = page.get_by_role("main").get_by_role("button", name="Sign up")
    (button.dblclick if double else button.click)()
    return email


def expect_to_be_shut_out(page: Page, reason: str) -> None:
    expect(page.get_by_role("alert")).to_contain_text(reason)
    expect(page.get_by_label("Email address")).to_have_count(0)


def test_whoever_has_the_link_signs_up_until_it_is_used_up(
    chromium: Browser, invited_only: Served, admin: Page
) -> None:
    link = invite(admin, "Tuesday’s <class>", uses=2)
    for left in ("2 more accounts", "1 more account"):
        with window(chromium, invited_only) as page:
            page.goto(link)
            expect(page.get_by_role("note")).to_contain_text("You are invited, as Tuesday’s <class>")
            expect(page.get_by_role("note")).to_contain_text(left)
            email = sign_up(page)
            expect(page.get_by_role("link", name=email)).to_be_visible()
    with window(chromium, invited_only) as page:
        page.goto(link)
        expect_to_be_shut_out(page, "used as often as it may be")
        page.goto("/sign-up")
        expect_to_be_shut_out(page, "takes an invitation")
    admin.goto("/invitations")
    expect(row(admin, "Tuesday’s <class>")).to_contain_text("Used up")
    expect(row(admin, "Tuesday’s <class>")).to_contain_text("2 of 2")
    assert link.partition("=")[2] not in admin.content()


def test_one_that_has_expired_says_so(chromium: Browser, invited_only: Served, admin: Page) -> None:
    link = invite(admin, "expired")
    # No invitation lasts less than a day.
    yesterday = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=1)
    with closing(sqlite3.connect(invited_only.log_file.parent / "data/jaxercise.db", timeout=30)) as opened:
        moment = yesterday.isoformat(sep=" ", timespec="microseconds")
        changed = opened.execute("UPDATE invitations SET expires_at = ? WHERE name = 'expired'", [moment])
        assert changed.rowcount == 1
        opened.commit()
    with window(chromium, invited_only) as page:
        page.goto(link)
        expect_to_be_shut_out(page, "This invitation has expired")
    admin.goto("/invitations")
    expect(row(admin, "expired").locator(".status-badge")).to_have_text("Expired")


def test_one_that_is_revoked_while_somebody_fills_in_the_form_says_so(
    chromium: Browser, invited_only: Served, admin: Page
) -> None:
    link = invite(admin, "revoked")
    with window(chromium, invited_only) as page:
        page.goto(link)
        admin.get_by_role("button", name="Revoke the invitation revoked").click()
        expect(row(admin, "revoked").locator(".status-badge")).to_have_text("Revoked")
        sign_up(page)
        expect_to_be_shut_out(page, "was withdrawn")


def test_nobody_but_an_admin_sees_them(chromium: Browser, invited_only: Served, admin: Page) -> None:
    link = invite(admin, "one learner")
    with window(chromium, invited_only) as page:
        page.goto("/invitations")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        page.goto(link)
        email = sign_up(page)
        expect(page.get_by_role("link", name=email)).to_be_visible()
        expect(page.get_by_role("link", name="Status")).to_have_count(0)
        answer = page.goto("/invitations")
        assert answer is not None
        assert answer.status == 403
        expect(page.get_by_role("heading", name="Not for this account")).to_be_visible()
        assert "one learner" not in page.content()
        sent = page.request.post("/invitations", form={"name": "mine", "uses": "9", "days": "9"})
        assert sent.status == 403


def test_where_no_script_runs_a_double_click_makes_one_of_everything(
    chromium: Browser, invited_only: Served, admin: Page
) -> None:
    """An invitation, an account by its only use, and a token; and each time the page is the right one."""
    with window(chromium, invited_only, scripts=False) as page:
        sign_in_as_admin(page)
        link = invite(page, "twice")
    with window(chromium, invited_only, scripts=False) as page:
        page.goto(link)
        email = sign_up(page, double=True)
        expect(page.get_by_role("link", name=email)).to_be_visible()
        page.goto("/account")
        page.get_by_label("Name of a new token").fill("laptop")
        page.get_by_role("button", name="Create token").dblclick()
        expect(page.locator(".secret")).to_be_visible()
        expect(page.locator(".tokens li")).to_have_count(1)
        secret = page.locator(".secret code").inner_text()
        whose = httpx.get(
            f"{invited_only.address}/api/v1/session",
            headers={"Authorization": f"Bearer {secret}"},
            timeout=60,
        )
        assert whose.json()["email"] == email
        page.reload()
        expect(page.locator(".tokens li")).to_have_count(1)
