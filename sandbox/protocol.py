"""What the supervisor sends into the jail, and what comes back about processes; calls' results are `Report`s.

The fork server takes `Spawn`, and the init between it and a child answers with a `Status`. The child takes
`ChildOrder`s, one frame after the other. Calls are handed over one by one, so that a call's arguments are
not in the child's memory while an earlier one runs: what the sample cases print is shown, so it must not
be able to give hidden ones away.
"""

import signal
import struct
from collections.abc import Mapping

import msgspec

from sandbox.interface import Call, Outputs
from sandbox.limits import Limits

LINE_SIGNAL = signal.SIGUSR2
"""Asks a child which line it is at; its default, the end of the process, is what comes next anyway."""


COMPILE_PAGE = struct.Struct("<dd")
"""What a child writes of its compiling: seconds that are over, and since when one is under way, or -1.

Both are of its own processor time.
"""
FORBIDDEN_USE = struct.Struct("<ii")
"""What it notes behind that of the first use of a forbidden name: which one, from 1, and the line, or 0."""
PAGE_BYTES = COMPILE_PAGE.size + FORBIDDEN_USE.size


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
    compartment: str | None = None
    """The one of the cache's compartments that a child sees that may not write; None for all of them."""
    writable_cache: bool
    cpuinfo: str
    starts_jax: bool = True
    """Whether JAX is started before the request is there: not where its text may say how."""


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """The fork server has imported everything; a pidfd of it travels beside this."""

    failed_patches: Mapping[str, str] = {}
    """Patches of JAX that were ordered and could not be applied, with the reason."""


class Spawn(msgspec.Struct, frozen=True, kw_only=True):
    """Fork one child. Its descriptors travel beside this frame.

    They are channel, stdout, stderr, status, line and the page that it notes things in.
    """

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


class Load(msgspec.Struct, frozen=True, kw_only=True, tag="load"):
    """Load these texts, and check the first one's entry function. Answered by `Loaded`."""

    code: str
    more_code: tuple[str, ...]
    function: str
    parameters: tuple[str, ...]
    outputs: Outputs
    forbidden: tuple[str, ...]
    cache_key: str


class Trace(msgspec.Struct, frozen=True, kw_only=True, tag="trace"):
    """Trace this call, whose values come with `Make`. Answered by `Traced`."""

    index: int
    call: Call


class Make(msgspec.Struct, frozen=True, kw_only=True, tag="make"):
    """Make this call into what was loaded. Answered by a `CallResult`."""

    index: int
    call: Call


class Prewarm(msgspec.Struct, frozen=True, kw_only=True, tag="prewarm"):
    """Load this and make these calls, and report none of it. Answered by `Prewarmed`."""

    load: Load
    calls: tuple[Call, ...]


class Stop(msgspec.Struct, frozen=True, kw_only=True, tag="stop"):
    """Flush what was printed and end. Answered by `Finished`."""


ChildOrder = Load | Trace | Make | Prewarm | Stop
