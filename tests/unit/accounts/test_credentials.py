"""Email addresses have one spelling; passwords are hashed with argon2id, each with a salt of its own."""

import asyncio
import os
import threading

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.accounts.credentials import Passwords, new_secret, normal_email, secret_hash
from app.errors import MalformedEmail, TooManyAttempts, WeakPassword


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        (" Ada@School.Example ", "ada@school.example"),
        ("ada@lab.local", "ada@lab.local"),
        ("ada@localhost", "ada@localhost"),
        ("ada+jax@school.test", "ada+jax@school.test"),
        ("ÄDA@schule.example", "äda@schule.example"),
    ],
)
def test_one_address_is_stored_in_one_way(written: str, stored: str) -> None:
    assert normal_email(written) == stored


@pytest.mark.parametrize(
    "written", ["", "ada", "ada@", "@school.test", "a b@school.test", "a@b@c", "a\0@b.test"]
)
def test_what_is_no_address_is_refused(written: str) -> None:
    with pytest.raises(MalformedEmail, match="not an email address"):
        normal_email(written)


@given(st.text(max_size=40) | st.emails())
def test_normal_stays_normal(written: str) -> None:
    """And nothing but the one refusal is ever raised."""
    try:
        address = normal_email(written)
    except MalformedEmail:
        assume(False)
    else:
        assert normal_email(address) == address


@pytest.mark.anyio
async def test_a_password_matches_its_own_hash_only() -> None:
    passwords = Passwords()
    stored = await passwords.hashed("correct horse battery")
    assert stored.startswith("$argon2id$")
    assert "correct" not in stored
    assert await passwords.matches("correct horse battery", stored)
    assert not await passwords.matches("Correct horse battery", stored)
    assert stored != await passwords.hashed("correct horse battery")


@pytest.mark.anyio
async def test_half_of_a_character_is_in_no_password() -> None:
    """JSON can name one; nothing can be computed of it."""
    for half in ("\ud800", "\udfff"):
        with pytest.raises(WeakPassword, match="not valid Unicode"):
            await Passwords().hashed(f"correct horse {half}")
        assert not await Passwords().matches(f"correct horse {half}", None)


@pytest.mark.anyio
async def test_nobody_matches_an_account_that_is_not_there() -> None:
    assert not await Passwords().matches("the password of nobody", None)


@pytest.mark.anyio
async def test_a_damaged_hash_matches_nothing() -> None:
    assert not await Passwords().matches("correct horse battery", "not a hash")


@pytest.mark.anyio
@pytest.mark.parametrize(("password", "mentions"), [("ninechars", "at least 10"), ("x" * 1025, "1,024")])
async def test_a_weak_password_is_refused_with_what_is_allowed(password: str, mentions: str) -> None:
    with pytest.raises(WeakPassword, match=mentions):
        await Passwords().hashed(password)


@pytest.mark.anyio
async def test_the_limits_themselves_are_allowed() -> None:
    for password in ("ten chars.", "x" * 1024, "пароль-пароль"):
        assert await Passwords().matches(password, await Passwords().hashed(password))


def test_a_secret_is_new_each_time_and_only_its_hash_is_looked_up() -> None:
    one, other = new_secret("jaxercise_"), new_secret("jaxercise_")
    assert one != other
    assert one.startswith("jaxercise_")
    assert len(one.removeprefix("jaxercise_")) >= 256 / 6
    assert secret_hash(one) == secret_hash(one) != secret_hash(other)
    assert one not in secret_hash(one)


@pytest.mark.anyio
async def test_hashing_gives_way_to_whatever_else_wants_to_compute() -> None:
    """A flood of sign-ins takes what is left of the processors; the event loop's thread stays as it is."""
    passwords = Passwords()

    def priority(_: str) -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    before = priority("")
    assert await passwords._in_thread(priority, "") == 19
    assert await passwords.matches("correct horse battery", await passwords.hashed("correct horse battery"))
    assert priority("") == before


@pytest.mark.anyio
async def test_whoever_asks_for_hundreds_waits_behind_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others of other networks are taken in, and come next."""
    passwords, on = Passwords(), asyncio.Event()
    done: list[str] = []

    async def in_thread(work: object, password: str, stored: str) -> bool:
        await on.wait()
        return True

    monkeypatch.setattr(passwords, "_in_thread", in_thread)

    async def asks(network: str) -> None:
        await passwords.matches("a password", "a hash", network=network)
        done.append(network)

    flood = [asyncio.create_task(asks("10.0.0.1")) for _ in range(120)]
    await asyncio.sleep(0)
    with pytest.raises(TooManyAttempts):
        await passwords.matches("a password", "a hash", network="10.0.0.1")
    others = [asyncio.create_task(asks(f"192.168.7.{number}")) for number in range(80)]
    await asyncio.sleep(0)
    with pytest.raises(TooManyAttempts):
        await passwords.matches("a password", "a hash", network="192.168.8.8")
    on.set()
    await asyncio.gather(*flood, *others)
    assert done[2:82] == [f"192.168.7.{number}" for number in range(80)]
    assert not passwords._waiting


@pytest.mark.anyio
async def test_devices_of_one_network_wait_behind_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody may have devices of accounts of their own, and sign in from them for ever.

    Together with those who have none they are fewer than the requests that are worked on at once.
    """
    passwords, on = Passwords(), asyncio.Event()
    done: list[str] = []

    async def in_thread(work: object, password: str, stored: str) -> bool:
        await on.wait()
        return True

    monkeypatch.setattr(passwords, "_in_thread", in_thread)

    async def asks(network: str) -> None:
        await passwords.matches("a password", "a hash", network=network, known_device=True)
        done.append(network)

    flood = [asyncio.create_task(asks("10.0.0.1")) for _ in range(120)]
    await asyncio.sleep(0)
    with pytest.raises(TooManyAttempts):
        await asks("10.0.0.1")
    other = asyncio.create_task(asks("192.168.7.7"))
    await asyncio.sleep(0)
    on.set()
    await asyncio.gather(*flood, other)
    assert done.index("192.168.7.7") == 1
