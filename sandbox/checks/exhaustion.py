"""What a run must not use up, and how that is named; and what it must not say."""

from collections.abc import Sequence

from sandbox.checks.isolation_check import IsolationCheck, text, unless, whatever_it_printed
from sandbox.interface import Ending, RunResult
from sandbox.limits import Limits

_MEGABYTE = 1 << 20

# Four children, each far below the limit that they pass together.
_MEMORY = text("""
import time
pids = []
for _ in range(4):
    if (pid := os.fork()) == 0:
        hoard = b"x" * (100 << 20)
        time.sleep(2)
        os._exit(0)
    pids.append(pid)
for pid in pids: os.waitpid(pid, 0)
""")

_FILES = text("""
written = 0
try:
    for number in range(8):
        for folder in ("/tmp", "/dev/shm"):
            path = f"{folder}/jaxercise-self-check-{number}"
            try:
                with open(path, "wb") as file:
                    for _ in range(8): written += file.write(bytes(1 << 20))
            except OSError: pass
finally:
    for number in range(8):
        for folder in ("/tmp", "/dev/shm"):
            try: os.unlink(f"{folder}/jaxercise-self-check-{number}")
            except OSError: pass
if written > 40 << 20: print(written >> 20, "MB were written")
""")

_PROCESSES = text("""
import time
pids = []
try:
    while len(pids) < 100:
        if (pid := os.fork()) == 0:
            time.sleep(10)
            os._exit(0)
        pids.append(pid)
except OSError: pass
else: print(len(pids), "processes were started")
for pid in pids: os.kill(pid, signal.SIGKILL)
for pid in pids: os.waitpid(pid, 0)
""")

_FORGED = text("""
import time
for number in range(3, 64):
    try: os.write(number, b"\\0\\0\\0\\5hello")
    except OSError: pass
time.sleep(2)
""")


def checks() -> Sequence[IsolationCheck]:
    """Return the checks, which are the same on every host."""
    return (
        IsolationCheck(
            name="memory is limited",
            sentence="The memory of all processes of a run counts together, and the limit is named.",
            texts=(_MEMORY,),
            breach=unless(Ending.MEMORY_LIMIT, "256 MB"),
            limits=Limits(memory_bytes=256 * _MEGABYTE),
        ),
        IsolationCheck(
            name="files are limited",
            sentence="All files of a run together have a limit.",
            texts=(_FILES,),
            breach=_files_breach,
            limits=Limits(file_bytes=16 * _MEGABYTE),
        ),
        IsolationCheck(
            name="processes are limited",
            sentence="A run starts only so many processes.",
            texts=(_PROCESSES,),
            breach=whatever_it_printed,
            # Where no control group counts, what forks share is counted for each of them.
            limits=Limits(memory_bytes=1 << 36),
        ),
        IsolationCheck(
            name="processor time is limited",
            sentence="A run that computes without end is ended, and the limit is named.",
            texts=(text("import time\nend = time.monotonic() + 20\nwhile time.monotonic() < end: pass\n"),),
            breach=unless(Ending.TIME_LIMIT, "processor time: 1 s"),
            limits=Limits(cpu_seconds=1.0),
        ),
        IsolationCheck(
            name="wall time is limited",
            sentence="A run that sleeps without end is ended, and the limit is named.",
            texts=(text("import time\ntime.sleep(20)\n"),),
            breach=unless(Ending.TIME_LIMIT, "wall time: 2 s"),
            limits=Limits(wall_seconds=2.0),
        ),
        IsolationCheck(
            name="output is limited",
            sentence="A run that floods its output is ended, and the limit is named.",
            texts=(text("for _ in range(2000): print('x' * 1000)\n"),),
            breach=unless(Ending.OUTPUT_LIMIT, "1 MB"),
            limits=Limits(flood_bytes=_MEGABYTE),
        ),
        IsolationCheck(
            name="no forged results",
            sentence="A run that writes to the result channel is found out.",
            texts=(_FORGED,),
            breach=unless(Ending.VIOLATION, "result channel"),
        ),
    )


def _files_breach(result: RunResult) -> str:
    # Files lie in memory, so either limit may be met first.
    return "" if result.ending is Ending.MEMORY_LIMIT else whatever_it_printed(result)
