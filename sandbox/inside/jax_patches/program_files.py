"""Compiled programs in a folder, each under the hash of what it computes, with a SHA-256 of its own."""

import contextlib
import hashlib
import os
from collections.abc import Callable

_DIGEST_BYTES = 32


def _do_nothing() -> None:
    """Stand in for a callback where there is none."""


class ProgramFiles:
    """Which folder is read, and whether it is written; none until `use`."""

    def __init__(self) -> None:
        self._folder = ""
        self._writable = False
        self.before_first_use: Callable[[], None] = _do_nothing
        """Called once, in the child and before any submitted code."""

    def use(self, folder: str, *, writable: bool) -> None:
        """Look there from now on; an empty name for nowhere."""
        before, self.before_first_use = self.before_first_use, _do_nothing
        before()
        self._folder = folder
        self._writable = writable

    @property
    def is_open(self) -> bool:
        """Whether there is a folder."""
        return bool(self._folder)

    @property
    def is_writable(self) -> bool:
        """Whether what is compiled is kept."""
        return self._writable

    def read(self, name: str) -> bytes | None:
        """Return what was written under this name; None where that is damaged or cannot be read."""
        try:
            with open(f"{self._folder}/{name}", "rb") as file:
                digest, program = file.read(_DIGEST_BYTES), file.read()
        except OSError:
            return None
        return program if hashlib.sha256(program).digest() == digest else None

    def write(self, name: str, program: bytes) -> None:
        """Write it whole or not at all, even with several writers: each is process 1 of its own namespace."""
        draft = f"{self._folder}/{name}.{os.urandom(8).hex()}"
        try:
            with open(draft, "wb") as file:
                file.write(hashlib.sha256(program).digest() + program)
            os.rename(draft, f"{self._folder}/{name}")
        except OSError:
            # What is not stored is compiled again; that must not become an exception of the code that runs.
            with contextlib.suppress(OSError):
                os.unlink(draft)
