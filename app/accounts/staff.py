"""Admins and instructors, and whether somebody would guess their passwords at once."""

from collections.abc import Iterable

import msgspec

from app.accounts.credentials import SHORTEST, Passwords
from app.core.user import Role, User
from app.store.engine.database import Database
from app.store.queries import users

_KNOWN = (
    "1234567890 12345678910 123123123123 1q2w3e4r5t 1qaz2wsx3edc abcdefghij administrator admin12345 "
    "changeme123 changemenow development dev-password hello12345 iloveyou123 jaxercise1 jaxercise123 "
    "jaxercise1234 letmein123 letmein1234 password12 password123 password1234 passw0rd123 p@ssw0rd123 "
    "qwertyuiop qwerty1234 qwerty12345 welcome123 welcome1234 teacher123 instructor"
).split()
KNOWN_PASSWORDS = (*_KNOWN, "correct horse battery", "correct horse battery staple")
"""What is tried first everywhere, and what examples use; of a length that is allowed."""
_TRIED_ACCOUNTS = 10
"""Each word takes tens of milliseconds of a processor."""


class Staff(msgspec.Struct, frozen=True, kw_only=True):
    """Those who may see other people's code, by their addresses."""

    admins: tuple[str, ...]
    """Enabled ones."""
    guessed: tuple[str, ...]
    """Admins and instructors whose password was guessed."""
    untried: int = 0
    """So many more were not tried, since they are too many."""


async def look_at_staff(
    database: Database, *, words: Iterable[str] = KNOWN_PASSWORDS, most: int = _TRIED_ACCOUNTS
) -> Staff:
    """Try the words, and what an account's own address gives, as the password of each of them."""
    async with database.reading() as connection:
        found = await users.staff_and_password_hashes(connection)
    passwords, tried = Passwords(), tuple(words)
    guessed = []
    for user, password_hash in found[:most]:
        for guess in (*tried, *_own_words(user)):
            if await passwords.matches(guess, password_hash):
                guessed.append(user.email)
                break
    return Staff(
        admins=tuple(user.email for user, _ in found if user.role is Role.ADMIN),
        guessed=tuple(guessed),
        untried=max(0, len(found) - most),
    )


def _own_words(user: User) -> list[str]:
    name, _, domain = user.email.partition("@")
    return [word for word in (user.email, name, domain, f"{name}123", name * 2) if len(word) >= SHORTEST]
