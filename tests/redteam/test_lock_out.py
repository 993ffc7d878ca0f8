"""Who guesses passwords has ten guesses, however they go about it, and shuts out nobody but themselves.

The first findings of this kind are in tests/integration/test_guessing.py. Here the service is on a socket,
behind a proxy that says where a request came from.
"""

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import msgspec
import pytest

from app.http.authentication import DEVICE_COOKIE
from tests.support.scripted_service import PASSWORD
from tests.support.served_service import served_service

_ALLOWED = 10
_TRIES = 14
_WRONG = "Wr0ng-passw0rd-of-mine"
_NUMBERS = itertools.count(1)
_FORM_LINES = (
    '--x\r\nContent-Disposition: form-data; name="email"\r\n\r\n{email}\r\n'
    '--x\r\nContent-Disposition: form-data; name="password"\r\n\r\n{password}\r\n--x--\r\n'
)


class Gate:
    """A service that many sign in to; a proxy at 127.0.0.1 says from where."""

    def __init__(self, clients: dict[str, httpx.Client]) -> None:
        self._clients = clients

    def post(
        self,
        path: str,
        at: str,
        *,
        device: str = "",
        peer: str = "127.0.0.1",
        headers: Sequence[tuple[str, str]] = (),
        **sent: object,
    ) -> httpx.Response:
        """Send one request from the network `at`, in a browser that keeps nothing but a device's proof."""
        given = [("X-Forwarded-For", at), *headers]
        given += [("Cookie", f"{DEVICE_COOKIE}={device}")] if device else []
        answer = self._clients[peer].post(path, headers=given, **sent)  # type: ignore[arg-type]
        self._clients[peer].cookies.clear()
        if answer.status_code == 429:
            assert int(answer.headers["Retry-After"]) > 0
        return answer

    def sign_up(self, email: str) -> str:
        """Return the proof of the device."""
        body = {"email": email, "password": PASSWORD}
        answer = self.post("/api/v1/accounts", "198.51.100.1", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.cookies[DEVICE_COOKIE])

    def sign_in(
        self,
        email: str,
        at: str,
        password: str = PASSWORD,
        *,
        headers: Sequence[tuple[str, str]] = (),
        **how: str,
    ) -> int:
        # In ASCII, which has a way of writing half of a character.
        body = json.dumps({"email": email, "password": password}).encode()
        given = [("Content-Type", "application/json"), *headers]
        return self.post("/api/v1/session", at, headers=given, content=body, **how).status_code

    def sign_in_by_page(self, email: str, at: str, password: str = PASSWORD, **more: str) -> int:
        body = {"email": email, "password": password, **more}
        return self.post("/sign-in", at, data=body).status_code

    def sign_in_by_parts(self, email: str, at: str, password: str = PASSWORD) -> int:
        kind = ("Content-Type", "multipart/form-data; boundary=x")
        body = _FORM_LINES.format(email=email, password=password).encode()
        return self.post("/sign-in", at, headers=[kind], content=body).status_code


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    place = tmp_path_factory.mktemp("lock_out")
    with (
        served_service(place, cheap_passwords=True, trusted_proxies="127.0.0.1") as served,
        served.browser() as proxy,
        served.browser("127.0.0.2") as nobody,
    ):
        yield Gate({"127.0.0.1": proxy, "127.0.0.2": nobody})


class Attack(msgspec.Struct, frozen=True):
    """Tries wrong passwords for an account; where it comes from is one with `at`."""

    guess: Callable[[Gate, str, int], list[int]]
    """What the account's address is, and the number of the attack; returns the statuses of all guesses."""
    at: str = "192.0.2.{number}"
    peer: str = "127.0.0.1"
    owner: str = "owner-{number}@school.test"


def _spelled_address(*spellings: str) -> Callable[[Gate, str, int], list[int]]:
    def guess(gate: Gate, owner: str, number: int) -> list[int]:
        wanted = [spelling.format(number=number) for spelling in spellings]
        at = f"192.0.2.{number}"
        return [gate.sign_in(wanted[turn % len(wanted)], at, _WRONG) for turn in range(_TRIES)]

    return guess


def _from_addresses(*spellings: str) -> Callable[[Gate, str, int], list[int]]:
    def guess(gate: Gate, owner: str, number: int) -> list[int]:
        """Each of them is `turn` in one way or another, and all are one network."""
        places = {"number": number, "v4": f"c000:2{number:02x}"}
        wanted = [spellings[turn % len(spellings)].format(turn=turn + 1, **places) for turn in range(_TRIES)]
        return [gate.sign_in(owner, at, _WRONG) for at in wanted]

    return guess


def _with_headers(*headers: tuple[str, str]) -> Callable[[Gate, str, int], list[int]]:
    def guess(gate: Gate, owner: str, number: int) -> list[int]:
        said = [[(name, value.format(turn=turn)) for name, value in headers] for turn in range(_TRIES)]
        return [gate.sign_in(owner, f"192.0.2.{number}", _WRONG, headers=one) for one in said]

    return guess


def _without_a_proxy(gate: Gate, owner: str, number: int) -> list[int]:
    """From an address that is no proxy's nobody is believed."""
    return [gate.sign_in(owner, f"10.9.8.{turn}", _WRONG, peer="127.0.0.2") for turn in range(_TRIES)]


def _by_every_form(gate: Gate, owner: str, number: int) -> list[int]:
    at, statuses = f"192.0.2.{number}", []
    for _ in range(_TRIES // 4 + 1):
        statuses += [
            gate.sign_in(owner, at, _WRONG),
            gate.sign_in_by_page(owner, at, _WRONG, next="/account"),
            gate.sign_in_by_page(owner, at, _WRONG, problem="double", code="x = 1"),
            gate.sign_in_by_parts(owner, at, _WRONG),
        ]
        # Which says that the address is taken, and tries no password.
        body = {"email": owner, "password": _WRONG, "key": "x"}
        assert gate.post("/sign-up", at, data=body).status_code == 409
    return statuses


def _all_at_once(gate: Gate, owner: str, number: int) -> list[int]:
    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(lambda _: gate.sign_in(owner, f"192.0.2.{number}", _WRONG), range(30)))


def _right_ones_in_between(gate: Gate, owner: str, number: int) -> list[int]:
    """Of an account of one's own, which forgives nothing that was tried for another."""
    own, at = f"own-{number}@school.test", f"192.0.2.{number}"
    device = gate.sign_up(own)
    statuses = []
    for turn in range(_TRIES):
        statuses.append(gate.sign_in(owner, at, _WRONG))
        assert gate.sign_in(own, at, device=("", device)[turn % 2]) == 200
    return statuses


def _with_the_proof_of_another(gate: Gate, owner: str, number: int) -> list[int]:
    device = gate.sign_up(f"own-{number}@school.test")
    return [gate.sign_in(owner, f"192.0.2.{number}", _WRONG, device=device) for _ in range(_TRIES)]


def _with_made_up_proofs(gate: Gate, owner: str, number: int) -> list[int]:
    made_up = ("x.y", ".", "%c3%bc." + "0" * 64, "x." + "0" * 64, '"x.y"', "x" * 4_000)
    return [
        gate.sign_in(owner, f"192.0.2.{number}", _WRONG, device=f"{made_up[turn % 6]}{turn}")
        for turn in range(_TRIES)
    ]


def _with_passwords(*passwords: str) -> Callable[[Gate, str, int], list[int]]:
    def guess(gate: Gate, owner: str, number: int) -> list[int]:
        given = [passwords[turn % len(passwords)] for turn in range(_TRIES)]
        return [gate.sign_in(owner, f"192.0.2.{number}", password) for password in given]

    return guess


def _as_programs(gate: Gate, owner: str, number: int) -> list[int]:
    """With tokens, right or wrong, beside the password."""
    tokens = ("Bearer jaxercise_x", "Basic b3duZXI6eA==", "bearer", "")
    return [
        gate.sign_in(owner, f"192.0.2.{number}", _WRONG, headers=[("Authorization", tokens[turn % 4])])
        for turn in range(_TRIES)
    ]


_ATTACKS = {
    "capitals and blanks": Attack(
        _spelled_address(
            "owner-{number}@school.test",
            " OWNER-{number}@School.TEST ",
            "\towner-{number}@school.test\r\n",
            "Owner-{number}@ſchool.test",
            "\u00a0owner-{number}@school.test\u3000",
        )
    ),
    "a domain in other letters and dots": Attack(
        _spelled_address(
            "owner-{number}@school.test",
            "owner-{number}@ＳＣＨＯＯＬ.test",
            "owner-{number}@school。test",
            "owner-{number}@school．test",
            "owner-{number}@𝔰chool.test",
        )
    ),
    "accents in one sign or two, a domain as it is looked up": Attack(
        _spelled_address(
            "öwner-{number}@münchen.test",
            "o\u0308wner-{number}@mu\u0308nchen.test",
            "ÖWNER-{number}@MÜNCHEN.test",
            "öwner-{number}@xn--mnchen-3ya.test",
            "öwner-{number}@XN--MNCHEN-3YA.TEST",
        ),
        owner="öwner-{number}@münchen.test",
    ),
    "all over a subscriber's IPv6": Attack(
        _from_addresses(
            "2001:db8:0:{number:x}::{turn:x}",
            "2001:DB8:0:{number:X}:{turn:x}::",
            "2001:0db8:0000:{number:04x}:ffff:ffff:ffff:{turn:04x}",
            "[2001:db8:0:{number:x}::{turn:x}]",
            "[2001:db8:0:{number:x}::{turn:x}]:4711",
            "2001:db8:0:{number:x}::192.0.2.{turn}",
        ),
        at="2001:db8:0:{number:x}::1",
    ),
    "IPv4 in IPv6": Attack(
        _from_addresses(
            "192.0.2.{number}",
            "192.0.2.{number}:{turn}",
            "::ffff:192.0.2.{number}",
            "[::FFFF:{v4}]:{turn}",
            "0:0:0:0:0:ffff:{v4}",
        )
    ),
    "IPv4 translated": Attack(_from_addresses("64:ff9b::{v4}", "64:ff9b::192.0.2.{number}")),
    "IPv4 with a lot of IPv6 of its own": Attack(_from_addresses("2002:{v4}:{turn:x}::1")),
    "an interface's name": Attack(_from_addresses("fe80::{turn:x}%eth{turn}"), at="fe80::1%eth0"),
    "addresses made up before one's own": Attack(
        _from_addresses("10.9.8.{turn}, 192.0.2.{number}", "10.9.8.{turn},127.0.0.1,192.0.2.{number}")
    ),
    "addresses made up with no end": Attack(_from_addresses("10.9.8.{turn}, " * 200 + "192.0.2.{number}")),
    "other headers": Attack(
        _with_headers(
            ("Forwarded", "for=10.9.8.{turn}"),
            ("X-Real-IP", "10.9.8.{turn}"),
            ("CF-Connecting-IP", "10.9.8.{turn}"),
            ("X-Forwarded-Host", "10.9.8.{turn}"),
        )
    ),
    "no proxy": Attack(_without_a_proxy, peer="127.0.0.2"),
    "programs and pages in turn": Attack(_by_every_form),
    "all at once": Attack(_all_at_once),
    "right passwords of one's own in between": Attack(_right_ones_in_between),
    "the proof of one's own account": Attack(_with_the_proof_of_another),
    "proofs that are made up": Attack(_with_made_up_proofs),
    "passwords that nobody can have": Attack(
        _with_passwords("", "short", "x" * 1_025, "x" * 15_000, "a\0b" * 5, "\ud800" * 10, "x" * 9 + "\udfff")
    ),
    "tokens beside it": Attack(_as_programs),
}


@pytest.mark.parametrize("name", _ATTACKS)
def test_guesses_are_ten_and_shut_out_who_makes_them_alone(gate: Gate, name: str) -> None:
    """The owner comes in from elsewhere, by program and page, and where the guesses came from by device."""
    number, attack = next(_NUMBERS), _ATTACKS[name]
    owner, at = attack.owner.format(number=number), attack.at.format(number=number)
    device, neighbour = gate.sign_up(owner), f"neighbour-{number}@school.test"
    gate.sign_up(neighbour)
    statuses = attack.guess(gate, owner, number)
    assert set(statuses) == {401, 429}
    assert statuses.count(401) == _ALLOWED
    assert gate.sign_in(owner, at, peer=attack.peer) == 429
    assert gate.sign_in(owner, f"203.0.113.{number}") == 200
    assert gate.sign_in_by_page(owner, f"2001:db8:ffff:{number:x}::1") == 303
    assert gate.sign_in(owner, at, peer=attack.peer, device=device) == 200
    assert gate.sign_in(neighbour, at, peer=attack.peer) == 200


_LIKE = (
    "оwner-{number}@school.test",
    "ｏwner-{number}@school.test",
    "owner-{number}+a@school.test",
    "owner-{number}@sub.school.test",
    "owner-{number}@school.test.example",
    "owner-{number}@sсhool.test",
    "owner-{number}\u200b@school.test",
    '"owner-{number}"@school.test',
    "Owner <owner-{number}@school.test>",
    "owner-{number}@school.test,owner-{number}@school.test",
)


@pytest.mark.parametrize("like", _LIKE)
def test_guesses_for_an_address_that_looks_alike_are_none_for_this_one(gate: Gate, like: str) -> None:
    """Not even in the owner's own network."""
    number = next(_NUMBERS)
    owner, at = f"owner-{number}@school.test", f"192.0.2.{number}"
    gate.sign_up(owner)
    statuses = [gate.sign_in(like.format(number=number), at, _WRONG) for _ in range(_TRIES)]
    assert statuses[:_ALLOWED] == [401] * _ALLOWED
    assert gate.sign_in(owner, at) == 200
    assert gate.sign_in_by_page(owner, at) == 303


def test_what_a_page_of_another_site_sends_is_no_guess(gate: Gate) -> None:
    """The owner's own browser would send it, from the owner's own network."""
    number = next(_NUMBERS)
    owner, at = f"owner-{number}@school.test", f"192.0.2.{number}"
    gate.sign_up(owner)
    for path, kind in (("/sign-in", "data"), ("/api/v1/session", "json")):
        for header in (("Origin", "http://evil.example"), ("Sec-Fetch-Site", "cross-site")):
            for _ in range(_TRIES):
                body: dict[str, Any] = {kind: {"email": owner, "password": _WRONG}}
                assert gate.post(path, at, headers=[header], **body).status_code == 403
    assert gate.sign_in(owner, at) == 200


def test_a_network_that_signs_up_without_end_may_sign_in(gate: Gate) -> None:
    number = next(_NUMBERS)
    owner, at = f"owner-{number}@school.test", f"192.0.2.{number}"
    gate.sign_up(owner)
    body = {"email": "no address", "password": PASSWORD}
    statuses = [gate.post("/api/v1/accounts", at, json=body).status_code for _ in range(250)]
    assert statuses == [422] * 240 + [429] * 10
    assert gate.sign_in(owner, at) == 200


def test_who_guesses_for_all_accounts_shuts_out_their_own_network_but_for_known_devices(gate: Gate) -> None:
    number = next(_NUMBERS)
    owner, at = f"owner-{number}@school.test", f"192.0.2.{number}"
    device = gate.sign_up(owner)
    statuses = [gate.sign_in(f"{turn}-of-{number}@school.test", at, _WRONG) for turn in range(250)]
    assert statuses == [401] * 240 + [429] * 10
    assert gate.sign_in(owner, at) == 429
    assert gate.sign_in(owner, at, device=device) == 200
    assert gate.sign_in(owner, f"203.0.113.{number}") == 200


def test_a_subscriber_with_thousands_of_networks_is_slowed_in_all_of_them(gate: Gate) -> None:
    """As many as a /48 has; the owner comes in from elsewhere, and there by device."""
    number = next(_NUMBERS)
    owner = f"owner-{number}@school.test"
    device = gate.sign_up(owner)
    networks = [f"2001:db8:{number:x}:{turn:x}::1" for turn in range(11)]
    for at in networks[:10]:
        assert {gate.sign_in(owner, at, _WRONG) for _ in range(_ALLOWED)} == {401}
    assert [gate.sign_in(owner, networks[10], _WRONG) for _ in range(4)] == [401, 401, 429, 429]
    assert gate.sign_in(owner, networks[0], device=device) == 200
    assert gate.sign_in(owner, f"203.0.113.{number}") == 200
