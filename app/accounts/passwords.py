"""Passwords: argon2id, hashed away from the event loop and a few at a time."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.errors import WeakPassword

SHORTEST = 10
LONGEST = 1024

# Each hash takes 64 MiB and tens of milliseconds of a core; a flood of sign-ins must not take it all.
_AT_ONCE = 2


class Passwords:
    """Hashes and checks passwords with argon2's recommended costs (RFC 9106, low memory)."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._nobody: str | None = None

    async def hashed(self, password: str) -> str:
        """The hash to store.

        Raises:
            WeakPassword: shorter than 10 characters, or longer than 1,024.
        """
        if len(password) < SHORTEST:
            raise WeakPassword
        if len(password) > LONGEST:
            raise WeakPassword(f"The password is too long: at most {LONGEST:,} characters are allowed.")
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """Whether this is the password; with no hash, False after the same time, so that
        the answer's delay doesn't tell which addresses have accounts."""
        if len(password) > LONGEST:
            return False
        if password_hash is None:
            await self._check(password, await self._hash_of_nobody())
            return False
        return await self._check(password, password_hash)

    async def _hash_of_nobody(self) -> str:
        if self._nobody is None:
            self._nobody = await self.hashed("the password of nobody")
        return self._nobody

    async def _check(self, password: str, password_hash: str) -> bool:
        async with self._turn:
            return await asyncio.to_thread(self._verify, password, password_hash)

    def _verify(self, password: str, password_hash: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False
