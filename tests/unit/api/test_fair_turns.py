"""Whose turn a submission takes, by where it was sent from and by what its account has solved."""

from pathlib import Path

import httpx
import pytest

from app.store.queries import jobs
from tests.support.scripted_service import PASSWORD, Service, code, scripted_service, until

pytestmark = pytest.mark.anyio

_PATH = "/api/v1/problems/double/submissions"


def from_address(service: Service, address: str) -> httpx.AsyncClient:
    """A browser of its own at that address, which uvicorn takes from a proxy that is trusted."""
    transport = httpx.ASGITransport(service.app, client=(address, 4711))
    return httpx.AsyncClient(transport=transport, base_url="http://jaxercise.test")


async def joined(browser: httpx.AsyncClient, email: str) -> None:
    answer = await browser.post("/api/v1/accounts", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 201, answer.text


async def networks(service: Service) -> dict[str, str | None]:
    """Of all that wait or run, by the code that was sent."""
    store = service.services.submissions._database
    async with store.reading() as connection:
        found = await jobs.unfinished(connection)
    admin = service.client
    return {(await admin.get(f"/api/v1/submissions/{job.id}")).json()["code"]: job.network for job in found}


async def test_a_newcomer_takes_a_turn_of_the_network_that_it_was_sent_from(tmp_path: Path) -> None:
    """By page and API alike; whoever has solved something, or is no learner, has turns of their own."""
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        await service.submit("wait 60")
        await until(lambda: service.grader.graded == ["wait 60"])
        async with from_address(service, "2001:db8:1:2::99") as browser:
            await joined(browser, "a@school.test")
            await browser.post(_PATH, json={"code": "by the api"})
            page = await browser.post(
                "/problems/double/submissions", data={"code": "by the page", "mode": "run"}
            )
            assert page.status_code == 303
        assert await networks(service) == {
            "wait 60": None,
            "by the api": "2001:db8:1:2::/64",
            "by the page": "2001:db8:1:2::/64",
        }


async def test_who_has_solved_something_has_turns_of_their_own(tmp_path: Path) -> None:
    """A run is no solution, and neither is what was refused."""
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        async with from_address(service, "192.0.2.7") as browser:
            await joined(browser, "a@school.test")
            network: dict[str, str | None] = {}
            for mode, text in (
                ("run", "x"),
                ("submit", "outcome wrong_value"),
                ("submit", "x"),
                ("submit", "y"),
            ):
                held = await service.submit("wait 60")
                await until(lambda: service.grader.graded[-1:] == ["wait 60"])
                sent = (await browser.post(_PATH, json={"code": text, "mode": mode})).json()["id"]
                network[f"{mode} {text}"] = (await networks(service))[text]
                await service.client.delete(f"/api/v1/submissions/{held['id']}")
                await browser.get(f"/api/v1/submissions/{sent}/events")
    assert network == {
        "run x": "192.0.2.7",
        "submit outcome wrong_value": "192.0.2.7",
        "submit x": "192.0.2.7",
        "submit y": None,
    }


async def test_twenty_one_new_accounts_with_ten_each_shut_nobody_out(tmp_path: Path) -> None:
    """B5: they got the whole queue, and everybody else 429."""
    async with scripted_service(tmp_path, queue_limit=20, waiting_per_user=10) as service:
        await service.sign_up()
        await service.submit("wait 60")
        await until(lambda: service.grader.graded == ["wait 60"])
        answers: list[httpx.Response] = []
        for number in range(3):
            async with from_address(service, "192.0.2.7") as browser:
                await joined(browser, f"crowd-{number}@school.test")
                answers = [await browser.post(_PATH, json={"code": "x"}) for _ in range(10)]
                assert {answer.status_code for answer in answers[:1]} == {202}
        assert (answers[1].status_code, code(answers[1])) == (429, "queue_full")
        assert "one that you have waiting" in answers[1].json()["error"]["message"]
        for address in ("192.0.2.7", "198.51.100.9"):
            async with from_address(service, address) as browser:
                await joined(browser, f"at-{address}@school.test")
                assert (await browser.post(_PATH, json={"code": "x"})).status_code == 202
        # Next is not the crowd, but the network that had no turn yet.
        assert (await service.submit("x"))["position"] == 2


async def test_a_class_of_eighty_behind_one_address_signs_up_in_and_submits(tmp_path: Path) -> None:
    """All in the same minute, each after one slip; they wait for each other, and nobody for an error."""
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        # One hash takes tens of milliseconds of a processor; what is counted here is refusals.
        passwords = service.services.accounts._passwords

        async def hashed(password: str, *, network: str = "") -> str:
            return password

        async def matches(
            password: str, password_hash: str | None, *, network: str = "", known_device: bool = False
        ) -> bool:
            return password == password_hash

        passwords.hashed = hashed  # type: ignore[method-assign]
        passwords.matches = matches  # type: ignore[method-assign]
        for number in range(80):
            wanted = {"email": f"{number}@school.test", "password": PASSWORD}
            async with from_address(service, "192.0.2.7") as browser:
                slip = {**wanted, "email": "not an address"}
                assert (await browser.post("/api/v1/accounts", json=slip)).status_code == 422
                assert (await browser.post("/api/v1/accounts", json=wanted)).status_code == 201
                assert (await browser.delete("/api/v1/session")).status_code == 204
                slip = {**wanted, "password": "not the password"}
                assert (await browser.post("/api/v1/session", json=slip)).status_code == 401
                assert (await browser.post("/api/v1/session", json=wanted)).status_code == 200
                assert (await browser.post(_PATH, json={"code": "wait 60"})).status_code == 202
