"""Whoever has many passwords hashed at once holds up nobody else who signs in or up.

A hash takes long, so few are computed at once. Here they are held back until it is seen who is next, and
fewer may wait than in earnest.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AsyncExitStack

import httpx
import pytest

from app.accounts import credentials
from app.http.authentication import DEVICE_COOKIE
from tests.support.scripted_service import Service, scripted_service, until

pytestmark = pytest.mark.anyio

_MAY_WAIT, _WITH_NEWCOMERS, _MANY = 20, 26, 30
_OWNER, _FRIEND = "owner@school.test", "friend@school.test"
_OF_OWNER, _OF_FRIEND, _OF_NEWCOMER = (f"the password of {who}" for who in ("owner", "friend", "newcomer"))
_SIGN_IN, _SIGN_UP = "/api/v1/session", "/api/v1/accounts"
_NUMBERS = itertools.count(1)


class Held:
    """In the place of the threads: hashes are computed once they are let go, and a hash is the password."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.may_go = asyncio.Event()
        self.may_go.set()

    async def __call__(self, work: Callable[..., object], password: str, *stored: str) -> object:
        self.begun.append(password)
        await self.may_go.wait()
        return password == stored[0] if stored else password


class Crowd:
    """A service and clients at several addresses, each of which sends one thing and waits."""

    def __init__(self, service: Service, held: Held, stack: AsyncExitStack) -> None:
        self._service = service
        self._stack = stack
        self.held = held
        self.asked: list[asyncio.Task[httpx.Response]] = []
        self.devices: dict[str, str] = {}

    async def client(self, address: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self._service.app, client=(address, 4711))
        made = httpx.AsyncClient(transport=transport, base_url="http://jaxercise.test")
        return await self._stack.enter_async_context(made)

    async def ask(self, address: str, path: str, email: str, password: str, device: str = "") -> None:
        client = await self.client(address)
        if device:
            client.cookies.set(DEVICE_COOKIE, device)
        body = {"email": email, "password": password}
        self.asked.append(asyncio.create_task(client.post(path, json=body)))

    async def join(self, email: str, password: str) -> None:
        client = await self.client("203.0.113.7")
        answer = await client.post(_SIGN_UP, json={"email": email, "password": password})
        assert answer.status_code == 201, answer.text
        self.devices[email] = str(answer.cookies[DEVICE_COOKIE])

    def statuses(self) -> list[int]:
        """Return those of all who were answered."""
        return [one.result().status_code for one in self.asked if one.done()]

    def arrived(self, addresses: Collection[str], passwords: Collection[str]) -> int:
        """Count those of them that have come as far as their hashes."""
        kept = self._service.services.accounts._passwords
        waiting = [*kept._turns._waiting, *kept._turns_of_known._waiting]
        return sum(map(waiting.count, addresses)) + sum(map(self.held.begun.count, passwords))


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def crowd(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Crowd]:
    place = tmp_path_factory.mktemp("flood")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(credentials, "_MOST_WAITING", _MAY_WAIT)
        patched.setattr(credentials, "_MOST_WITH_NEWCOMERS", _WITH_NEWCOMERS)
        async with scripted_service(place) as service, AsyncExitStack() as stack:
            held = Held()
            patched.setattr(service.services.accounts._passwords, "_in_thread", held)
            opened = Crowd(service, held, stack)
            await opened.join(_OWNER, _OF_OWNER)
            await opened.join(_FRIEND, _OF_FRIEND)
            yield opened


Flood = Callable[[Crowd, int, int], Awaitable[None]]
"""Sends one of many; the last two are its number and that of the flood."""


async def _sign_ins(crowd: Crowd, at: int, number: int) -> None:
    """Of as many accounts, since one may have ten guesses."""
    await crowd.ask(f"192.0.2.{number}", _SIGN_IN, f"{at}-{number}@school.test", "wrong password")


async def _sign_ups(crowd: Crowd, at: int, number: int) -> None:
    await crowd.ask(f"192.0.2.{number}", _SIGN_UP, f"{at}-{number}@school.test", "a long password")


async def _both(crowd: Crowd, at: int, number: int) -> None:
    await (_sign_ins, _sign_ups)[at % 2](crowd, at, number)


async def _for_one_account(crowd: Crowd, at: int, number: int) -> None:
    """The owner's own, by guesses from three networks: ten from each are taken."""
    await crowd.ask(f"192.0.{at % 3}.{number}", _SIGN_IN, _OWNER, "wrong password")


async def _within_a_subscriber(crowd: Crowd, at: int, number: int) -> None:
    await crowd.ask(
        f"2001:db8:0:{number:x}::{at:x}", _SIGN_IN, f"{at}-{number}@school.test", "wrong password"
    )


async def _from_three_networks(crowd: Crowd, at: int, number: int) -> None:
    await crowd.ask(f"192.0.{at % 3}.{number}", _SIGN_UP, f"{at}-{number}@school.test", "a long password")


async def _by_made_up_proofs(crowd: Crowd, at: int, number: int) -> None:
    await crowd.ask(f"192.0.2.{number}", _SIGN_IN, f"{at}-{number}@school.test", "wrong password", f"{at}.x")


async def _by_the_proof_of_another(crowd: Crowd, at: int, number: int) -> None:
    device = crowd.devices[_FRIEND]
    await crowd.ask(f"192.0.2.{number}", _SIGN_IN, f"{at}-{number}@school.test", "wrong password", device)


async def _right_ones_by_device(crowd: Crowd, at: int, number: int) -> None:
    """Those wait in a line of their own, in which others are as well."""
    await crowd.ask(f"192.0.2.{number}", _SIGN_IN, _FRIEND, _OF_FRIEND, crowd.devices[_FRIEND])


@pytest.mark.parametrize(
    "flood",
    [
        _sign_ins,
        _sign_ups,
        _both,
        _for_one_account,
        _within_a_subscriber,
        _from_three_networks,
        _by_made_up_proofs,
        _by_the_proof_of_another,
        _right_ones_by_device,
    ],
)
async def test_whoever_comes_from_elsewhere_is_among_the_next(crowd: Crowd, flood: Flood) -> None:
    """To sign in, to sign up, and by a device that is known; and pages are answered meanwhile."""
    number, crowd.asked = next(_NUMBERS), []
    crowd.held.may_go.clear()
    for at in range(_MANY):
        await flood(crowd, at, number)
    await until(lambda: 429 in crowd.statuses())
    assert set(crowd.statuses()) == {429}
    assert (await (await crowd.client(f"203.0.113.{number}")).get("/")).status_code == 200
    crowd.held.begun.clear()
    addresses = [f"198.51.{part}.{number}" for part in (100, 101, 102)]
    await crowd.ask(addresses[0], _SIGN_IN, _OWNER, _OF_OWNER)
    await crowd.ask(addresses[1], _SIGN_UP, f"newcomer-{number}@school.test", _OF_NEWCOMER)
    await crowd.ask(addresses[2], _SIGN_IN, _OWNER, _OF_OWNER, crowd.devices[_OWNER])
    asked = crowd.asked[-3:]
    await until(
        lambda: crowd.arrived(addresses, (_OF_OWNER, _OF_NEWCOMER)) + sum(one.done() for one in asked) == 3
    )
    crowd.held.may_go.set()
    async with asyncio.timeout(60):
        answers = await asyncio.gather(*asked)
        await asyncio.gather(*crowd.asked)
    assert [one.status_code for one in answers] == [200, 201, 200]
    # Before them may be what was begun already, of which something is left, and networks without a turn.
    first = crowd.held.begun[:8]
    assert (first.count(_OF_OWNER), first.count(_OF_NEWCOMER)) == (2, 1)
