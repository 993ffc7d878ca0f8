"""What one run may use."""

import msgspec


class Slowdown(msgspec.Struct, frozen=True, kw_only=True):
    """How many times as long this machine takes as the one that limits are written for."""

    computing: float = 1.0
    compiling: float = 1.0

    @property
    def longest(self) -> float:
        """By how much the time of a clock is stretched: never cut, for files are not read more quickly."""
        return max(1.0, self.computing, self.compiling)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Each bound holds for the run's whole process tree, unless said otherwise."""

    wall_seconds: float = 90.0
    """Of the run's own time: what it waits for a processor on a busy machine does not count."""
    starved_seconds: float = 900.0
    """How long it may wait for a processor, in all, before it is given up without a result."""
    idle_seconds: float = 10.0
    """How long the run may go on without computing anything."""
    cpu_seconds: float = 40.0
    """Of all processes together, those that have ended included; without what goes into compiling."""
    compile_seconds: float = 0.0
    """How much processor time may go into lowering and compiling programs of JAX, besides `cpu_seconds`.

    A run tells itself when it compiles, so this is what a lie may buy. What is beyond counts as computing.
    """
    memory_bytes: int = 1 << 30
    """Beyond what the run shares with its fork server; files in its private /tmp count too."""
    processes: int = 64
    """Processes and threads together."""
    output_bytes: int = 64 << 10
    """How much of standard output and standard error, each, is kept; the rest is left out, with a word."""
    flood_bytes: int = 20 << 20
    """How much each of them may be at all: reading it is work for others."""
    flood_lines: int = 300_000
    """How many lines each of them may have at all: printing so many delays the run itself."""
    file_bytes: int = 64 << 20
    """The size of the private /tmp, and of any one file."""
    niceness: int = 0
    """How far the run steps back for others, 0 to 19, as of nice(2)."""
    reply_bytes: int = 32 << 20
    """All frames that the run may send back."""
    slowdown: Slowdown = Slowdown()
    """What seconds have been scaled by."""


_HEADROOM_BYTES = 64 << 20


def scaled(limits: Limits, slowdown: Slowdown) -> Limits:
    """Allow as much work as `limits` do on the machine that they are written for.

    How long it may sleep does not depend on the machine.
    """
    return msgspec.structs.replace(
        limits,
        cpu_seconds=limits.cpu_seconds * slowdown.computing,
        compile_seconds=limits.compile_seconds * slowdown.compiling,
        wall_seconds=limits.wall_seconds * slowdown.longest,
        slowdown=slowdown,
    )


def all_cpu_seconds(limits: Limits) -> float:
    """Return the processor time that a run may use for whatever it does."""
    return limits.cpu_seconds + limits.compile_seconds


def hard_memory_bytes(limits: Limits) -> int:
    """Return where the kernel ends a run by itself: above its limit, so that it can first be asked its line.

    A single thread that writes to new memory takes some tens of milliseconds for the headroom.
    """
    return limits.memory_bytes + _HEADROOM_BYTES
