"""Passwords are hashed with argon2id, each with a salt of its own."""

import pytest

from app.accounts.passwords import Passwords
from app.errors import WeakPassword

pytestmark = pytest.mark.anyio


async def test_a_password_matches_its_own_hash_only() -> None:
    passwords = Passwords()
    stored = await passwords.hashed("correct horse battery")
    assert stored.startswith("$argon2id$")
    assert "correct" not in stored
    assert await passwords.matches("correct horse battery", stored)
    assert not await passwords.matches("Correct horse battery", stored)
    assert stored != await passwords.hashed("correct horse battery")


async def test_nobody_matches_an_account_that_is_not_there() -> None:
    assert not await Passwords().matches("the password of nobody", None)


async def test_a_damaged_hash_matches_nothing() -> None:
    assert not await Passwords().matches("correct horse battery", "not a hash")


@pytest.mark.parametrize(("password", "mentions"), [("ninechars", "at least 10"), ("x" * 1025, "1,024")])
async def test_a_weak_password_is_refused_with_what_is_allowed(password: str, mentions: str) -> None:
    with pytest.raises(WeakPassword, match=mentions):
        await Passwords().hashed(password)


async def test_the_limits_themselves_are_allowed() -> None:
    for password in ("ten chars.", "x" * 1024, "пароль-пароль"):
        assert await Passwords().matches(password, await Passwords().hashed(password))
