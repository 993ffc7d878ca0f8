"""What the supervisor tells the fork server, and what the process between them and a child says back."""

import signal

import msgspec

from sandbox.limits import Limits

PLACE_SIGNAL = signal.SIGUSR2
"""Asks a child which line it is at; its default, the end of the process, is what comes next anyway."""


class Confinement(msgspec.Struct, frozen=True, kw_only=True):
    """What a child puts on before it reads any request."""

    limits: Limits
    jailed: bool
    """False only in the development mode without a jail: limits, but no namespaces and no filter."""
    seccomp_program: bytes
    """A compiled filter: an array of `struct sock_filter`."""
    child_uid: int | None
    """The user to become first, where the fork server may; None where it has no other user."""
    cache_folder: str
    writable_cache: bool
    cpuinfo: str


class Spawn(msgspec.Struct, frozen=True, kw_only=True):
    """Fork one child. Its descriptors travel beside this frame: channel, stdout, stderr, status, place."""

    confinement: Confinement


class Started(msgspec.Struct, frozen=True, kw_only=True, tag="started"):
    """The child exists; a pidfd of it travels beside this frame."""


class Ended(msgspec.Struct, frozen=True, kw_only=True, tag="ended"):
    """The child is gone: `wait_status` as of `waitpid`, and what it used."""

    wait_status: int
    cpu_seconds: float
    peak_memory_bytes: int


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """The child could not be confined, so it was not started."""

    reason: str


Status = Started | Ended | Failed
