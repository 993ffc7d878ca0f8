"""Who fills the queue keeps nobody out, by whatever way: another network and whoever has solved something are
next, and whoever has nothing waiting is let in.

The first findings of this kind are in tests/unit/api/test_fair_turns.py and tests/integration/test_turns.py.
Here it is the service on a socket, behind a proxy that says where a request came from.
"""

import asyncio
import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from app.accounts.accounts import Accounts
from app.http.authentication import SESSION_COOKIE
from app.store.engine.open import open_database
from tests.support.scripted_service import PASSWORD
from tests.support.served_service import served_service, until
from tests.support.small_problem import small_problem, write_problem

_IN_ALL, _OF_ONE = 4, 2
_CROWD = 3
_HOLDS = "wait 600"
_OLD_NETWORK = "198.51.100.1"
_NUMBERS = itertools.count(1)


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who has signed up, in a browser and with programs."""

    email: str
    cookie: str
    tokens: tuple[str, ...]


class Hall:
    """A service, and those who send something to it; a proxy at 127.0.0.1 says from where."""

    def __init__(self, place: Path, clients: dict[str, httpx.Client]) -> None:
        self.place = place
        self._clients = clients
        self.sent: list[str] = []
        self.refused = 0
        self.admin = self.join("admin")
        self.old = self.join("old")
        self.crowd = [self.join(f"crowd-{number}") for number in range(_CROWD)]
        self.newcomers = [self.join(f"newcomer-{number}") for number in range(2)]

    def join(self, name: str) -> Account:
        """Sign up, and make three tokens."""
        email = f"{name}@school.test"
        joined = self.ask("POST", "/api/v1/accounts", None, json={"email": email, "password": PASSWORD})
        assert joined.status_code == 201, joined.text
        account = Account(email=email, cookie=joined.cookies[SESSION_COOKIE], tokens=())
        tokens = [
            self.ask("POST", "/api/v1/tokens", account, json={"name": str(number)}) for number in range(3)
        ]
        return msgspec.structs.replace(account, tokens=tuple(token.json()["token"] for token in tokens))

    def ask(
        self,
        method: str,
        path: str,
        account: Account | None,
        at: str | None = None,
        *,
        token: int | None = None,
        peer: str = "127.0.0.1",
        headers: list[tuple[str, str]] | None = None,
        **sent: object,
    ) -> httpx.Response:
        """Send one request, by a token or by the session, from the network `at`."""
        given = list(headers or [])
        given += [] if at is None else [("X-Forwarded-For", at)]
        if account is not None and token is not None:
            given.append(("Authorization", f"Bearer {account.tokens[token]}"))
        elif account is not None:
            given.append(("Cookie", f"{SESSION_COOKIE}={account.cookie}"))
        client = self._clients[peer]
        answer = client.request(method, path, headers=given, **sent)  # type: ignore[arg-type]
        client.cookies.clear()
        return answer

    def send(
        self, account: Account, at: str | None, *, slug: str = "double", mode: str = "submit", **how: object
    ) -> httpx.Response:
        """Have something graded that does not end; note what became of it."""
        path, body = f"/api/v1/problems/{slug}/submissions", {"code": _HOLDS, "mode": mode}
        return self._noted(self.ask("POST", path, account, at, json=body, **how))  # type: ignore[arg-type]

    def send_form(self, account: Account, at: str, **fields: str) -> httpx.Response:
        """Do the same by the page's form."""
        body = {"code": _HOLDS, "mode": "submit", **fields}
        return self._noted(self.ask("POST", "/problems/double/submissions", account, at, data=body))

    def _noted(self, answer: httpx.Response) -> httpx.Response:
        if answer.status_code == 202:
            self.sent.append(answer.json()["id"])
        elif answer.status_code == 303:
            self.sent.append(answer.headers["Location"].rpartition("/")[2])
        else:
            assert answer.status_code == 429, answer.text
            assert int(answer.headers["Retry-After"]) > 0
            self.refused += 1
        return answer

    def cancel(self, account: Account, submission_id: str) -> None:
        assert self.ask("DELETE", f"/api/v1/submissions/{submission_id}", account).status_code == 200

    def occupy(self, account: Account, at: str, *, peer: str = "127.0.0.1") -> None:
        """Take the only slot."""
        first = self.send(account, at, peer=peer).json()["id"]
        until(lambda: self.state(first)["status"] == "running")

    def state(self, submission_id: str) -> dict[str, object]:
        return dict(self.ask("GET", f"/api/v1/submissions/{submission_id}", self.admin).json())

    def waiting(self) -> int:
        """Count what was sent and has not begun."""
        return sum(self.state(submission_id)["status"] == "queued" for submission_id in set(self.sent))

    def clear(self) -> None:
        """Cancel everything, the last one first, so that nothing else begins."""
        for submission_id in reversed(list(dict.fromkeys(self.sent))):
            self.cancel(self.admin, submission_id)
        self.sent, self.refused = [], 0


@pytest.fixture(scope="module")
def shared_hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    place = tmp_path_factory.mktemp("full_queue")
    for slug in ("double", "twice"):
        write_problem(small_problem(slug, position=1 + (slug == "twice")), place)
    limits: dict[str, Any] = {"queue_limit": _IN_ALL, "waiting_per_user": _OF_ONE}
    with (
        served_service(place, cheap_passwords=True, trusted_proxies="127.0.0.1", **limits) as served,
        served.browser() as proxy,
        served.browser("127.0.0.2") as nobody,
    ):
        hall = Hall(place, {"127.0.0.1": proxy, "127.0.0.2": nobody})
        path = "/api/v1/problems/double/submissions"
        solved = hall.ask("POST", path, hall.old, _OLD_NETWORK, json={"code": "x"}).json()["id"]
        until(lambda: hall.state(solved)["status"] == "done")
        yield hall


@pytest.fixture
def hall(shared_hall: Hall) -> Iterator[Hall]:
    """Nobody waits in it yet, and nobody does afterwards."""
    yield shared_hall
    shared_hall.clear()


Fill = Callable[[Hall, int], None]
"""Sends as much as it can from the network `192.0.2.{number}`, or `2001:db8:0:{number}::/64`."""


def _each(hall: Hall, send: Callable[[Account, int], object]) -> None:
    for turn in range(_OF_ONE + 1):
        for account in hall.crowd:
            send(account, turn)


def _plain(hall: Hall, number: int) -> None:
    _each(hall, lambda account, turn: hall.send(account, f"192.0.2.{number}"))


def _within_a_subscriber(hall: Hall, number: int) -> None:
    hosts = (f"2001:db8:0:{number:x}:{host:x}::{host:x}" for host in itertools.count(1))
    _each(hall, lambda account, turn: hall.send(account, next(hosts)))


def _spelled(hall: Hall, number: int) -> None:
    host = f"c000:2{number:02x}"
    spellings = itertools.cycle(
        (
            f"192.0.2.{number}:4711",
            f"::ffff:192.0.2.{number}",
            f"::FFFF:{host}",
            f"[::ffff:{host}]:4711",
            f"64:ff9b::192.0.2.{number}",
            f"2002:{host}:1::1",
            f"2002:{host}:2::1",
        )
    )
    _each(hall, lambda account, turn: hall.send(account, next(spellings)))


def _forged(hall: Hall, number: int) -> None:
    """The proxy puts the address that it saw behind whatever came."""
    made_up = itertools.count(1)
    _each(
        hall,
        lambda account, turn: hall.send(account, f"10.9.8.{next(made_up)}, 127.0.0.1, 192.0.2.{number}"),
    )


def _forged_in_lines(hall: Hall, number: int) -> None:
    made_up = itertools.count(1)
    _each(
        hall,
        lambda account, turn: hall.send(
            account, f"192.0.2.{number}", headers=[("X-Forwarded-For", f"10.9.8.{next(made_up)}")]
        ),
    )


def _forged_by_other_names(hall: Hall, number: int) -> None:
    names = ("Forwarded", "X-Real-IP", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP", "X-Forwarded")

    def send(account: Account, turn: int) -> None:
        said = f"for=10.9.8.{turn}"
        hall.send(account, f"192.0.2.{number}", headers=[(name, said) for name in names])

    _each(hall, send)


def _without_a_proxy(hall: Hall, number: int) -> None:
    """From an address that is no proxy's nobody is believed."""
    made_up = itertools.count(1)
    _each(hall, lambda account, turn: hall.send(account, f"10.9.8.{next(made_up)}", peer="127.0.0.2"))


def _mixed(hall: Hall, number: int) -> None:
    _each(
        hall, lambda account, turn: hall.send(account, f"192.0.2.{number}", mode=("run", "submit")[turn % 2])
    )


def _by_pages_and_programs(hall: Hall, number: int) -> None:
    at = f"192.0.2.{number}"
    _each(
        hall,
        lambda account, turn: hall.send_form(account, at) if turn % 2 else hall.send(account, at, token=0),
    )


def _to_several_problems(hall: Hall, number: int) -> None:
    _each(
        hall,
        lambda account, turn: hall.send(account, f"192.0.2.{number}", slug=("double", "twice")[turn % 2]),
    )


def _by_many_tokens(hall: Hall, number: int) -> None:
    for turn in range(6):
        hall.send(hall.crowd[1], f"192.0.2.{number}", token=turn % 3)


def _from_many_networks(hall: Hall, number: int) -> None:
    """One account waits in one lane, wherever it sends from."""
    for turn in range(6):
        hall.send(hall.crowd[1], f"2001:db8:{number:x}:{turn:x}::1")


def _by_keys(hall: Hall, number: int) -> None:
    """The same wish again is one submission, another wish another."""

    def send(account: Account, turn: int) -> None:
        for key in ("once", f"key {turn}"):
            hall.send(account, f"192.0.2.{number}", headers=[("Idempotency-Key", f"{number} {key}")])

    _each(hall, send)


def _by_double_clicks(hall: Hall, number: int) -> None:
    def send(account: Account, turn: int) -> None:
        for _ in range(2):
            hall.send_form(account, f"192.0.2.{number}", key=f"{number} {turn}")

    _each(hall, send)


def _cancelled_and_sent_again(hall: Hall, number: int) -> None:
    for turn in range(6):
        for account in hall.crowd:
            answer = hall.send(account, f"192.0.2.{number}")
            if answer.status_code == 202 and turn % 2:
                hall.cancel(account, answer.json()["id"])
    _plain(hall, number)


def _all_at_once(hall: Hall, number: int) -> None:
    """The limits hold for those that come in the same moment, too."""
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda turn: hall.send(hall.crowd[turn % 2], f"192.0.2.{number}"), range(12)))


def _by_disabled_accounts(hall: Hall, number: int) -> None:
    """What they sent before still waits; it is their network's."""
    there = [hall.join(f"disabled-{number}-{one}") for one in range(2)]
    for account in there * 4:
        hall.send(account, f"192.0.2.{number}")

    async def disable() -> None:
        async with open_database(f"sqlite:///{hall.place / 'data' / 'jaxercise.db'}") as database:
            for account in there:
                await Accounts(database).disable(account.email)

    asyncio.run(disable())
    assert hall.ask("GET", "/api/v1/session", there[0]).status_code == 401
    assert hall.ask("GET", "/api/v1/session", there[0], token=0).status_code == 401


class Filled(msgspec.Struct, frozen=True):
    """A way of filling; `at` is an address of the network that is one with all that it sends from."""

    fill: Fill
    at: str = "192.0.2.{number}"
    peer: str = "127.0.0.1"


_FILLED = {
    "by several accounts": Filled(_plain),
    "from all over one subscriber's IPv6": Filled(_within_a_subscriber, "2001:db8:0:{number:x}::1"),
    "from one address, spelled in all ways": Filled(_spelled),
    "from one address, with others made up before it": Filled(_forged),
    "from one address, with others in lines of their own": Filled(_forged_in_lines),
    "from one address, with others in other headers": Filled(_forged_by_other_names),
    "from one address that is no proxy's": Filled(_without_a_proxy, peer="127.0.0.2"),
    "by runs and submits": Filled(_mixed),
    "by pages and programs": Filled(_by_pages_and_programs),
    "with several problems": Filled(_to_several_problems),
    "by one account with many tokens": Filled(_by_many_tokens),
    # Where the last one came from that was taken in.
    "by one account from many networks": Filled(_from_many_networks, "2001:db8:{number:x}:1::1"),
    "with keys, used twice and once": Filled(_by_keys),
    "by double clicks": Filled(_by_double_clicks),
    "with what is cancelled and sent again": Filled(_cancelled_and_sent_again),
    "all at once": Filled(_all_at_once),
    "by accounts that are disabled then": Filled(_by_disabled_accounts),
}


@pytest.mark.parametrize("name", _FILLED)
def test_whoever_fills_the_queue_is_one_among_others(hall: Hall, name: str) -> None:
    """Two who come then are the next two, and a third, beside the crowd, is let in."""
    number, way = next(_NUMBERS), _FILLED[name]
    at = way.at.format(number=number)
    hall.occupy(hall.crowd[0], at, peer=way.peer)
    way.fill(hall, number)
    assert hall.refused
    # As many as may wait, and beyond that one of each account that had none.
    assert _OF_ONE <= hall.waiting() <= _IN_ALL + _CROWD
    other = hall.send(hall.newcomers[0], f"203.0.113.{number}").json()
    old = hall.send(hall.old, _OLD_NETWORK).json()
    assert other["position"] == 0
    assert {hall.state(one["id"])["position"] for one in (other, old)} == {0, 1}
    assert hall.send(hall.newcomers[1], at, peer=way.peer).status_code == 202


def test_a_network_with_as_many_accounts_as_may_wait_is_full_and_no_other_is(hall: Hall) -> None:
    """Accounts cost nothing there, so there is an end; not for whoever has solved something."""
    number = next(_NUMBERS)
    crowded = f"192.0.2.{number}"
    hall.occupy(hall.crowd[0], crowded)
    joined = [hall.join(f"one-of-many-{number}-{one}") for one in range(_IN_ALL)]
    assert {hall.send(account, crowded).status_code for account in joined} == {202}
    assert hall.send(hall.newcomers[1], crowded).status_code == 429
    assert hall.send(hall.newcomers[0], f"203.0.113.{number}").json()["position"] == 0
    assert hall.send(hall.old, crowded).json()["position"] <= 1


def test_of_several_networks_each_delays_others_by_one_run(hall: Hall) -> None:
    """As many as a subscriber with a /48 may make up; against more of them invitations help."""
    number = next(_NUMBERS)
    hall.occupy(hall.crowd[0], f"2001:db8:{number:x}::1")
    for turn in range(_OF_ONE + 1):
        for lane, account in enumerate(hall.crowd):
            hall.send(account, f"2001:db8:{number:x}:{lane:x}::{turn:x}")
    assert hall.refused
    other = hall.send(hall.newcomers[0], f"203.0.113.{number}").json()
    old = hall.send(hall.old, _OLD_NETWORK).json()
    assert max(other["position"], old["position"]) <= _CROWD
