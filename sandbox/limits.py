"""What one run may use."""

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Each bound holds for the run's whole process tree, unless said otherwise."""

    wall_seconds: float = 90.0
    idle_seconds: float = 10.0
    """How long the run may go on without computing anything."""
    cpu_seconds: float = 40.0
    """Of all processes together, those that have ended included."""
    memory_bytes: int = 1 << 30
    """Beyond what the run shares with its fork server; files in its private /tmp count too."""
    processes: int = 64
    """Processes and threads together."""
    output_bytes: int = 64 << 10
    """Of standard output and standard error, each."""
    file_bytes: int = 64 << 20
    """The size of the private /tmp, and of any one file."""
    niceness: int = 0
    """How far the run steps back for others, 0 to 19, as of nice(2)."""
    reply_bytes: int = 32 << 20
    """All frames that the run may send back."""


_HEADROOM_BYTES = 64 << 20


def hard_memory_bytes(limits: Limits) -> int:
    """Return where the kernel ends a run by itself: above its limit, so that it can first be asked its line.

    A single thread that writes to new memory takes some tens of milliseconds for the headroom.
    """
    return limits.memory_bytes + _HEADROOM_BYTES
