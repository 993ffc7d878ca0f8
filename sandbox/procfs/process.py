"""What the kernel says of one process from outside: which it is, whether it runs, waits or was stopped."""

import asyncio
from pathlib import Path

import msgspec

from sandbox.interface import SandboxError


class ProcessState(msgspec.Struct, frozen=True, kw_only=True):
    """One look at /proc/PID/stat (proc_pid_stat(5), fields 3, 14 and 15)."""

    letter: str
    """R runs or waits for a processor, S sleeps, D waits for the kernel, T was stopped, Z has ended."""
    cpu_ticks: int


def state_of(pid: int) -> ProcessState | None:
    """Look at a process; None once it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return ProcessState(letter=fields[0], cpu_ticks=int(fields[11]) + int(fields[12]))


def peak_memory_bytes(pid: int) -> int:
    """Return the most that was resident at once (VmHWM of proc_pid_status(5)); 0 once the process is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def pid_of(pidfd: int) -> int:
    """Return the host's process id; -1 where the process has ended and was waited for.

    Raises:
        SandboxError: the kernel does not say.
    """
    for line in Path(f"/proc/self/fdinfo/{pidfd}").read_text().splitlines():
        if line.startswith("Pid:"):
            return int(line.split()[1])
    raise SandboxError("the kernel does not say which process a pidfd means")


async def readable(descriptor: int) -> None:
    """Wait until `descriptor` can be read; a pidfd can once its process has ended."""
    loop, event = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(descriptor, event.set)
    try:
        await event.wait()
    finally:
        loop.remove_reader(descriptor)


async def readable_within(descriptor: int, seconds: float) -> bool:
    """Say whether `descriptor` can be read, after at most `seconds` of waiting."""
    try:
        async with asyncio.timeout(seconds):
            await readable(descriptor)
    except TimeoutError:
        return False
    return True
