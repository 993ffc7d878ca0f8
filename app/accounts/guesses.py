"""How often a password may be guessed.

What is counted are wrong passwords of one account from one network, so that nobody shuts an owner out from
elsewhere. Guesses from many networks slow all of them down: once an account has had many wrong passwords in
an hour, from wherever, each network has two in ten minutes in place of ten in one. Who has a device's proof
of this account (`credentials.py`), since somebody has signed in there before, is counted by that alone, and
so is not held up by what others do, whether in the same network or with all of the account.
"""

import time
from collections.abc import Callable

from app.accounts.limits import RateLimit

_PER_NETWORK = 240
"""Of all accounts together, a minute; a class may sit behind one address."""
_PER_ACCOUNT = 10
"""A minute, from one network or one device."""
_MANY = 100
_MANY_SECONDS = 3600.0
_PER_ATTACKED = 2
_ATTACKED_SECONDS = 600.0


class Guesses:
    """Attempts at signing in, in this process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._of_network = RateLimit(_PER_NETWORK, clock=clock)
        self._of_account = RateLimit(_PER_ACCOUNT, clock=clock)
        self._of_attacked = RateLimit(_PER_ATTACKED, window_seconds=_ATTACKED_SECONDS, clock=clock)
        self._of_device = RateLimit(_PER_ACCOUNT, clock=clock)
        self._in_all = RateLimit(_MANY, window_seconds=_MANY_SECONDS, clock=clock)

    def attempt(self, account: str, *, network: str, device: str | None) -> None:
        """Count an attempt as a wrong one, until `right` takes that back.

        `device` is the proof that was found to be this account's.

        Raises:
            TooManyAttempts: from this network, or for this account from this network.
        """
        if device is not None:
            self._of_device.attempt(f"{account} {device}")
            return
        key = f"{account} {network}"
        if not self._in_all.allows_another(account):
            if not self._of_attacked.allows_another(key):
                raise self._of_attacked.refusal(
                    key,
                    "Many wrong passwords were tried for this account, so few more are taken, except where "
                    "you have signed in before.",
                )
        elif not self._of_account.allows_another(key):
            raise self._of_account.refusal(key)
        self._of_network.attempt(network)
        self._of_account.count(key)
        self._of_attacked.count(key)
        self._in_all.count(account)

    def right(self, account: str, *, network: str, device: str | None) -> None:
        """Take back what `attempt` counted, and forgive this network, or this device, its wrong ones."""
        if device is not None:
            self._of_device.forget(f"{account} {device}")
            return
        self._of_network.give_back(network)
        self._in_all.give_back(account)
        for limit in (self._of_account, self._of_attacked):
            limit.forget(f"{account} {network}")
