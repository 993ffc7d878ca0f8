"""What an isolation check is, and the functions with which every text begins."""

from collections.abc import Callable

import msgspec

from sandbox.interface import Ending, RunResult
from sandbox.limits import Limits

CACHE_KEY = "5e1fc4ec"
"""The compartment of the compilation cache that every run of a self-check names."""

_LIMITS = Limits(wall_seconds=30.0, memory_bytes=1 << 29)

# Each try is a child of its own, because the answer may be the end of the process.
_PROLOGUE = """
import ctypes, errno, os, platform, signal, sys
libc = ctypes.CDLL(None, use_errno=True)
_machine = platform.machine()

def system_call(numbers, *arguments):
    number = numbers.get(_machine, numbers.get("any"))
    if number is None: raise OSError(errno.ENOSYS, "")
    if libc.syscall(number, *arguments) == -1: raise OSError(ctypes.get_errno(), "")

def checked(result):
    if result == -1: raise OSError(ctypes.get_errno(), "")

def fate(step):
    pid = os.fork()
    if pid == 0:
        try: step()
        except OSError as error: os._exit(error.errno or 255)
        except BaseException: os._exit(255)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

def impossible(what, step):
    if fate(step) == 0: print(what)

def refused(what, step):
    end = fate(step)
    if end not in (errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EROFS, -signal.SIGSYS):
        print(what, "" if end == 0 else f"({errno.errorcode.get(end, end)})")

def fatal(what, step):
    if fate(step) != -signal.SIGSYS: print(what)
"""
_EPILOGUE = "\nprint('all was tried')\n"


class IsolationCheck(msgspec.Struct, frozen=True, kw_only=True):
    """Something that holds for every run, and a submission that tries to break it."""

    name: str
    sentence: str
    texts: tuple[str, ...]
    """One run each, in this order; the last one's result is judged."""
    breach: Callable[[RunResult], str]
    """How the result shows a breach, in words; empty where the check holds."""
    limits: Limits = _LIMITS


def text(code: str) -> str:
    """Make a submission that prints a line for whatever it should not have been able to do."""
    return _PROLOGUE + code + _EPILOGUE


def whatever_it_printed(result: RunResult) -> str:
    """Return the breach of a `text`: its lines, or that it could not try them all."""
    lines = result.stdout.splitlines()
    if result.ending is not Ending.FINISHED or not lines or lines.pop() != "all was tried":
        raised = result.loaded.raised if result.loaded is not None else None
        words = result.message or (f"{raised.type}: {raised.message}" if raised is not None else "")
        return f"it could not be tried ({result.ending}): {words or result.stderr[-200:]}"
    return "; ".join(line.strip() for line in lines)


def unless(ending: Ending, words: str) -> Callable[[RunResult], str]:
    """Make the breach of a text that must be ended: another ending, or a message without `words`."""

    def breach(result: RunResult) -> str:
        if result.ending is ending and words in result.message:
            return ""
        message = f" ({result.message})" if result.message else ""
        printed = f", having printed {result.stdout[-200:].strip()!r}" if result.stdout else ""
        return f"it ended as {result.ending}{message}, not {ending}{printed}"

    return breach
