"""What somebody proves who they are by: an address and a password, or a secret of a session or token.

Passwords are hashed by argon2id, away from the event loop and a few at a time. Secrets have 256 random bits,
so a plain SHA-256 of them is enough: there is nothing to guess.
"""

import asyncio
import base64
import hashlib
import hmac
import os
import secrets
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

import email_validator
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from email_validator import EmailNotValidError, validate_email

from app.core.network import NetworkTurns
from app.errors import MalformedEmail, TooManyAttempts, WeakPassword

# The library refuses names such as `.local` and `.test`, which are what a school's own network has.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()

SHORTEST = 10
LONGEST = 1024
_LONGEST_EMAIL = 320

SECRET_LENGTH = 43
"""Characters of a secret without its prefix."""

# Each hash takes 64 MiB and tens of milliseconds of a core; a flood of sign-ins must not take it all.
_AT_ONCE = 2
_LOWEST_PRIORITY = 19
_MOST_WAITING = 120
"""More than a class that signs up together; what comes on top would wait for seconds."""
_MOST_WITH_NEWCOMERS = 200
"""Beyond the others, places are kept for networks of which few wait."""
_FEW = 3

_Done = TypeVar("_Done")


def normal_email(text: str) -> str:
    """Bring an address into one spelling, so that an account is found again: lower case, one Unicode form.

    Nothing is looked up: a school's own `learner@lab.test` is as good as any.

    Raises:
        MalformedEmail: says what is wrong with it.
    """
    # Whatever looks at it takes longer than it is worth.
    if len(text) > _LONGEST_EMAIL:
        raise MalformedEmail(f"An email address has at most {_LONGEST_EMAIL} characters.")
    try:
        found = validate_email(text.strip(), check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as fault:
        raise MalformedEmail(f"This is not an email address: {fault}") from None
    return found.normalized.lower()


def _yield_to_others() -> None:
    """Let this thread, and those that a hash begins, compute only while nothing else wants to.

    A hash takes several processors for a tenth of a second, and whoever guesses passwords asks for one after
    another. Priorities are of threads, see setpriority(2).
    """
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOWEST_PRIORITY)


class Passwords:
    """Hashes and checks of passwords, with argon2's recommended costs (RFC 9106, low memory).

    Networks take turns at it, so that whoever asks for hundreds together waits behind itself.
    """

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._threads = ThreadPoolExecutor(
            _AT_ONCE + 1, thread_name_prefix="passwords", initializer=_yield_to_others
        )
        self._turns = NetworkTurns(at_once=_AT_ONCE)
        self._waiting: Counter[str] = Counter()
        # Who has signed in on this device before does not wait for those who have not.
        self._turns_of_known = NetworkTurns(at_once=1)
        self._waiting_of_known: Counter[str] = Counter()
        self._nobody: str | None = None

    async def hashed(self, password: str, *, network: str = "") -> str:
        """Return the hash to store, for somebody of this network.

        Raises:
            WeakPassword: shorter than 10 characters, longer than 1,024, or no text.
            TooManyAttempts: so many wait for theirs that this one would wait for seconds.
        """
        if len(password) < SHORTEST:
            raise WeakPassword
        if len(password) > LONGEST:
            raise WeakPassword(f"The password is too long: at most {LONGEST:,} characters are allowed.")
        if not _is_text(password):
            raise WeakPassword("The password holds characters that are not valid Unicode.")
        async with self._its_turn(network):
            return await self._in_thread(self._hasher.hash, password)

    async def matches(
        self, password: str, password_hash: str | None, *, network: str = "", known_device: bool = False
    ) -> bool:
        """Return whether this is the password, for somebody of this network.

        With no hash, False after the same time, so that the answer's delay doesn't say which addresses have
        accounts.

        Raises:
            TooManyAttempts: so many wait for theirs that this one would wait for seconds; of a known device
                only other known ones count.
        """
        if len(password) > LONGEST or not _is_text(password):
            return False
        checked = await self._hash_of_nobody(network) if password_hash is None else password_hash
        async with self._its_turn(network, known_device=known_device):
            is_right = await self._in_thread(self._verify, password, checked)
        return is_right and password_hash is not None

    async def _hash_of_nobody(self, network: str) -> str:
        if self._nobody is None:
            self._nobody = await self.hashed("the password of nobody", network=network)
        return self._nobody

    async def _in_thread(self, work: Callable[..., _Done], *arguments: str) -> _Done:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    @asynccontextmanager
    async def _its_turn(self, network: str, *, known_device: bool = False) -> AsyncIterator[None]:
        turns, waiting = self._turns, self._waiting
        if known_device:
            turns, waiting = self._turns_of_known, self._waiting_of_known
        in_all = waiting.total()
        if in_all >= _MOST_WITH_NEWCOMERS or (in_all >= _MOST_WAITING and waiting[network] >= _FEW):
            raise TooManyAttempts("Many people sign in just now. Try again in a minute.")
        waiting[network] += 1
        try:
            turn = await turns.take(network)
            try:
                yield
            finally:
                turn.end()
        finally:
            waiting[network] -= 1
            if not waiting[network]:
                del waiting[network]

    def _verify(self, password: str, password_hash: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False


def _is_text(password: str) -> bool:
    """Say whether it can be written down; JSON can name half of a character."""
    return not any("\ud800" <= character <= "\udfff" for character in password)


def new_device_proof(password_hash: str) -> str:
    """Draw what a browser keeps after a sign-in, to be known again on the next one.

    The stored hash, whose salt nobody outside knows, is the key: nothing more is stored, and a proof ends
    with the password that it was drawn for.
    """
    drawn = secrets.token_urlsafe(12)
    return f"{drawn}.{_seal(drawn, password_hash)}"


def is_device_proof(proof: str | None, password_hash: str | None) -> bool:
    """Say whether it was drawn for this account and this password."""
    if proof is None or password_hash is None or not proof.isascii():
        return False
    drawn, _, seal = proof.partition(".")
    return hmac.compare_digest(seal, _seal(drawn, password_hash))


def _seal(drawn: str, password_hash: str) -> str:
    return hmac.new(password_hash.encode(), f"jaxercise device {drawn}".encode(), hashlib.sha256).hexdigest()


def new_secret(prefix: str = "") -> str:
    """Draw the secret of a session or token; `prefix` lets a scanner recognise a leaked one."""
    return prefix + secrets.token_urlsafe(32)


def secret_of_wish(prefix: str, *, session: str, wish: str) -> str:
    """Return the secret that a session gives for a wish: for the same one the same.

    The session's own secret is the key, which lies with one browser alone.
    """
    drawn = hmac.new(session.encode("utf-8", "replace"), f"jaxercise wish {wish}".encode(), hashlib.sha256)
    return prefix + base64.urlsafe_b64encode(drawn.digest()).rstrip(b"=").decode()


def secret_hash(secret: str) -> str:
    """Return what is stored of a secret and looked up: 64 hexadecimal digits."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
