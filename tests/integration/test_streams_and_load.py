"""Event streams and requests at once are bounded, and the others are told when to come again. On a socket."""

from contextlib import ExitStack
from pathlib import Path

from tests.support.scripted_service import PASSWORD
from tests.support.served_service import served_service, until


def test_streams_of_one_account_are_bounded_and_others_still_follow(tmp_path: Path) -> None:
    with served_service(tmp_path, streams_per_user=3) as served, ExitStack() as held:
        browser, other = (held.enter_context(served.browser()) for _ in range(2))
        addresses = []
        for one, email in ((browser, "a@school.test"), (other, "b@school.test")):
            one.post("/api/v1/accounts", json={"email": email, "password": PASSWORD})
            body = {"code": "wait 600", "mode": "submit"}
            made = one.post("/api/v1/problems/double/submissions", json=body)
            addresses.append(f"/api/v1/submissions/{made.json()['id']}/events")
        for _ in range(3):
            assert held.enter_context(browser.stream("GET", addresses[0])).status_code == 200
        with browser.stream("GET", addresses[0]) as refused:
            refused.read()
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_streams")
        assert int(refused.headers["Retry-After"]) > 0
        with other.stream("GET", addresses[1]) as followed:
            assert followed.status_code == 200

        def is_followed() -> bool:
            with other.stream("GET", addresses[1]) as answer:
                return answer.status_code == 200

        assert until(is_followed)
