"""One service and one Chromium for all acceptance tests; a fresh browser profile for each."""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.acceptance.learner import ADMIN, PASSWORD, Learner
from tests.acceptance.running_service import running_service

_PATIENCE_SECONDS = 60.0
"""Far above what a page takes: a machine may be slow, and a browser shares it with a jail."""
_CHROMIUM = "/usr/bin/chromium"
_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def service(graded_problems_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real service with a real jail. Its admin has signed up: all others are learners."""
    database = f"sqlite:///{tmp_path_factory.mktemp('service')}/jaxercise.db"
    with running_service(graded_problems_dir, database_url=database) as address:
        admin = {"email": ADMIN, "password": PASSWORD}
        # 409 where the folder has been used before.
        assert httpx.post(
            f"{address}/api/v1/accounts", json=admin, timeout=_PATIENCE_SECONDS
        ).status_code in (201, 409)
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Started after every other test, see tests/conftest.py."""
    with sync_playwright() as playwright:
        expect.set_options(timeout=_PATIENCE_SECONDS * 1000)
        browser = playwright.chromium.launch(executable_path=_program(), args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def chromium_that_keeps_pages(chromium: Browser) -> Iterator[Browser]:
    """With the back-forward cache, which Playwright switches off where it is not asked not to."""
    browser = chromium.browser_type.launch(
        executable_path=_program(), args=_FLAGS, ignore_default_args=["--disable-back-forward-cache"]
    )
    yield browser
    browser.close()


def _program() -> str:
    found = _CHROMIUM if Path(_CHROMIUM).exists() else shutil.which("chromium")
    assert found, "these tests need Debian's chromium: apt-get install chromium"
    return found


@pytest.fixture
def context(chromium: Browser, service: str) -> Iterator[BrowserContext]:
    context = chromium.new_context(base_url=service, viewport={"width": 1440, "height": 900})
    context.set_default_timeout(_PATIENCE_SECONDS * 1000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def learner(page: Page) -> Learner:
    """Signed up, with an address of their own."""
    learner = Learner(page)
    learner.sign_up(f"learner-{uuid.uuid4().hex}@lab.test")
    return learner
