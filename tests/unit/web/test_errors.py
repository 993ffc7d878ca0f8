"""Pages that cannot be shown, and guests who have to sign in first."""

import pytest

from tests.support.page_browser import PROBLEM, PageBrowser


def test_whoever_must_sign_in_is_led_back_afterwards(client: PageBrowser) -> None:
    page = client.get("/account")
    assert page.url.path == "/sign-in"
    assert '<input type="hidden" name="next" value="/account">' in page.text


@pytest.mark.parametrize("referer", ["http://[", "http://[::1", "//[", "http://testserver]/", "%"])
def test_a_way_back_that_is_no_address_leads_to_the_front(client: PageBrowser, referer: str) -> None:
    page = client.post("/submissions/nothing/cancel", headers={"Referer": referer})
    assert page.status_code == 200
    assert '<input type="hidden" name="next" value="/">' in page.text


@pytest.mark.parametrize("path", ["/problems/no-such", "/submissions/nothing", "/nowhere"])
def test_what_is_not_there_is_said_in_a_page(learner: PageBrowser, path: str) -> None:
    page = learner.get(path)
    assert page.status_code == 404
    assert "<h1>Not found</h1>" in page.text
    assert "To the problems" in page.text


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
