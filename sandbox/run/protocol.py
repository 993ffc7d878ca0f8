"""What the supervisor tells a child, one frame after the other.

Calls are handed over one by one, so that a call's arguments are not in the child's memory while an
earlier one runs: what the sample cases print is shown, so it must not be able to tell of hidden ones.
"""

import msgspec

from sandbox.interface import Call, Outputs


class Load(msgspec.Struct, frozen=True, kw_only=True, tag="load"):
    """Load these texts, and check the first one's entry function. Answered by `Loaded`."""

    code: str
    more_code: tuple[str, ...]
    function: str
    parameters: tuple[str, ...]
    outputs: Outputs
    forbidden: tuple[str, ...]
    cache_key: str


class Make(msgspec.Struct, frozen=True, kw_only=True, tag="make"):
    """Make this call into what was loaded. Answered by a `CallResult`."""

    index: int
    call: Call


class Prewarm(msgspec.Struct, frozen=True, kw_only=True, tag="prewarm"):
    """Load this and make these calls for practice; tell nothing of it. Answered by `Prewarmed`."""

    load: Load
    calls: tuple[Call, ...]


class Stop(msgspec.Struct, frozen=True, kw_only=True, tag="stop"):
    """Flush what was printed and end. Answered by `Finished`."""


ChildOrder = Load | Make | Prewarm | Stop
