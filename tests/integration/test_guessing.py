"""Wrong passwords shut nobody else out, and no secret is in what others may read. On a real socket."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.scripted_service import PASSWORD
from tests.support.served_service import Served, served_service

_OWNER = {"email": "owner@school.test", "password": PASSWORD}
_WRONG = {**_OWNER, "password": "Wr0ng-passw0rd-of-mine"}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Behind a proxy on this machine, which says where a request came from."""
    with served_service(tmp_path, trusted_proxies="127.0.0.1") as running:
        yield running


def sign_in(browser: httpx.Client, who: dict[str, str], network: str) -> int:
    answer = browser.post("/api/v1/session", json=who, headers={"X-Forwarded-For": network})
    if answer.status_code == 429:
        assert int(answer.headers["Retry-After"]) > 0
    return answer.status_code


def test_wrong_passwords_shut_out_their_own_network_alone(served: Served) -> None:
    with served.browser() as owner, served.browser() as other, served.browser() as fresh:
        assert owner.post("/api/v1/accounts", json=_OWNER).status_code == 201
        tried = [sign_in(other, _WRONG, "192.0.2.1") for _ in range(12)]
        assert tried == [401] * 10 + [429] * 2
        assert sign_in(fresh, _OWNER, "192.0.2.1") == 429
        assert sign_in(fresh, _OWNER, "192.0.2.2") == 200
        # The browser that has signed in before comes in behind the same address, too.
        assert sign_in(owner, _OWNER, "192.0.2.1") == 200


def test_a_network_of_ipv6_is_one_client(served: Served) -> None:
    with served.browser() as owner, served.browser() as other:
        owner.post("/api/v1/accounts", json=_OWNER)
        tried = [sign_in(other, _WRONG, f"2001:db8:0:1::{number:x}") for number in range(1, 13)]
        assert tried == [401] * 10 + [429] * 2
        assert sign_in(other, _WRONG, "2001:db8:0:2::1") == 401


def test_guesses_from_many_networks_slow_all_of_them_and_the_owner_comes_in(served: Served) -> None:
    with served.browser() as owner, served.browser() as other, served.browser() as fresh:
        owner.post("/api/v1/accounts", json=_OWNER)
        for network in range(25):
            for _ in range(4):
                sign_in(other, _WRONG, f"198.51.100.{network}")
        assert [sign_in(other, _WRONG, "198.51.100.200") for _ in range(4)] == [401, 401, 429, 429]
        assert sign_in(fresh, _OWNER, "203.0.113.9") == 200
        assert sign_in(owner, _OWNER, "198.51.100.1") == 200


def test_no_refusal_repeats_a_password(served: Served) -> None:
    """In no page, JSON, header or line of the log: too short, taken, malformed, too often, from elsewhere."""
    secret = "Secr3t-0f-mine"
    texts = []
    with served.browser() as browser:
        browser.post("/api/v1/accounts", json=_OWNER)
        for email in (_OWNER["email"], "not an address", "", "x" * 400 + "@school.test"):
            given = {"email": email, "password": secret, "next": "/account"}
            for path in ("/sign-in", "/sign-up"):
                texts.append(browser.post(path, data=given))
                texts.append(browser.post(path, data=given, headers={"Origin": "http://evil.example"}))
                texts.append(browser.post(path, files={"password": ("a", secret)}, data={"email": email}))
            for path in ("/api/v1/session", "/api/v1/accounts"):
                texts.append(browser.post(path, json=given))
                texts.append(browser.post(path, json={"email": email, "password": [secret]}))
                texts.append(browser.post(path, json={"email": email, "password": {"a": secret}}))
                texts.append(browser.post(path, content=b'{"password": "' + secret.encode() + b'"'))
        for short in ("Sh0rt!", secret * 100):
            texts.append(browser.post("/sign-up", data={"email": "b@school.test", "password": short}))
            assert short not in texts[-1].text
        for _ in range(15):
            texts.append(browser.post("/sign-in", data={"email": _OWNER["email"], "password": secret}))
        token = {"Authorization": f"Bearer jaxercise_{secret}", "Cookie": f"jaxercise_session={secret}"}
        for path in ("/api/v1/session", "/account", "/api/v1/tokens", "/api/v1/nothing", "/status"):
            texts.append(browser.get(path, headers=token))
    assert all(answer.status_code >= 300 for answer in texts)
    assert [answer.request.url for answer in texts if secret in answer.text + str(answer.headers)] == []
    assert secret not in served.log


def test_a_token_is_readable_once_and_kept_by_no_cache(served: Served) -> None:
    with served.browser() as browser:
        browser.post("/api/v1/accounts", json=_OWNER)
        page = browser.post("/account/tokens", data={"name": "ci"}, follow_redirects=True)
        assert "jaxercise_" in page.text
        assert page.headers["Cache-Control"] == "no-store"
        issued = browser.post("/api/v1/tokens", json={"name": "ci"})
        assert issued.headers["Cache-Control"] == "no-store"
        secret = issued.json()["token"]
        assert browser.get("/api/v1/session", headers={"Authorization": f"Bearer {secret}"}).is_success
        assert secret not in browser.get("/account").text
    assert secret not in served.log


def test_figures_have_a_port_of_their_own(tmp_path: Path) -> None:
    with served_service(tmp_path, metrics_port=0, metrics_host="127.0.0.1") as served:
        own = f"http://127.0.0.1:{served.metrics_port}"
        with served.browser() as browser:
            assert browser.get("/healthz").status_code == 200
            for path in ("/metrics", "/readyz"):
                assert browser.get(path).status_code == 404
                assert browser.get(own + path).status_code == 200
            assert "jaxercise_requests_total" in browser.get(f"{own}/metrics").text
            assert browser.get(f"{own}/").status_code == 404
