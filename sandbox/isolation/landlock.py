"""The last wall round a child's files: Landlock, which holds even where a mount is not what it should be.

The mounts decide what there is; this decides anew what of it may be opened, made or executed. A child
restricts itself; the host only asks for the interface's version. Bits and structures are from the kernel's
uapi header linux/landlock.h; what it says is in landlock(7).
"""

import ctypes
import os
from collections.abc import Mapping

_CREATE_RULESET = 444
_ADD_RULE = 445
_RESTRICT_SELF = 446
"""System calls, whose numbers are the same on every architecture (the kernel's syscall tables)."""
_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1

EXECUTE = 1 << 0
WRITE_FILE = 1 << 1
READ_FILE = 1 << 2
READ_DIR = 1 << 3
REMOVE_DIR = 1 << 4
REMOVE_FILE = 1 << 5
MAKE_DIR = 1 << 7
MAKE_FILE = 1 << 8
MAKE_SYMLINK = 1 << 12
REFER = 1 << 13
TRUNCATE = 1 << 14
_IOCTL_DEVICE = 1 << 15
_RESOLVE_UNIX = 1 << 16
_FIRST_FILE_RIGHTS = (1 << 13) - 1
_FILE_RIGHTS_SINCE = {2: REFER, 3: TRUNCATE, 5: _IOCTL_DEVICE, 9: _RESOLVE_UNIX}
"""Keyed by the interface's version that brought them."""

_TCP_SINCE, _BIND_AND_CONNECT = 4, 0b11
_SCOPES_SINCE, _ABSTRACT_SOCKETS_AND_SIGNALS = 6, 0b11
_SILENCE_SINCE, _LOG_NOTHING = 7, 1 << 0

_LIBRARIES = EXECUTE | READ_FILE | READ_DIR
_OWN_FILES = (
    READ_FILE
    | READ_DIR
    | WRITE_FILE
    | TRUNCATE
    | MAKE_FILE
    | MAKE_DIR
    | MAKE_SYMLINK
    | REMOVE_FILE
    | REMOVE_DIR
    | REFER
)
_SINK = READ_FILE | WRITE_FILE | TRUNCATE

_ALWAYS: Mapping[str, int] = {
    "/usr": _LIBRARIES,
    "/jail/python": _LIBRARIES,
    "/jail/packages": _LIBRARIES,
    "/jail/library": _LIBRARIES,
    "/proc": READ_FILE | READ_DIR,
    "/tmp": _OWN_FILES,
    "/dev/shm": _OWN_FILES,
    "/dev/pts": READ_DIR,
    "/dev/null": _SINK,
    "/dev/zero": _SINK,
    "/dev/full": _SINK,
    "/dev/random": READ_FILE,
    "/dev/urandom": READ_FILE,
}
"""Not /lib, /lib64 and /bin: they are links into /usr, and a link is followed before it is looked up."""


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("rights", ctypes.c_uint64), ("folder", ctypes.c_int32))


_libc = ctypes.CDLL(None, use_errno=True)


def landlock_abi() -> int:
    """Return the version of the kernel's interface; 0 where it has none, or has it switched off at boot."""
    # Answers -1 for ENOSYS (not built in), EOPNOTSUPP (not enabled) and EPERM (an outer filter).
    return max(0, int(_libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _CREATE_RULESET_VERSION)))


_ABI = landlock_abi()


def allowed_paths(*, cache_folder: str, writable_cache: bool) -> Mapping[str, int]:
    """Return what a child may do beneath each path; everything else is refused.

    Compiled programs are opened by name alone: nobody lists the cache.
    """
    cache = READ_FILE
    if writable_cache:
        cache |= WRITE_FILE | TRUNCATE | MAKE_FILE | MAKE_DIR | REMOVE_FILE | REFER
    return {**_ALWAYS, cache_folder: cache}


def restrict(allowed: Mapping[str, int], *, abi: int = _ABI) -> None:
    """Hold this thread, and whatever it starts from here on, to `allowed`; for ever.

    Beyond files it may bind and connect no TCP socket, reach no abstract Unix socket and send no signal
    out, each as far as the kernel's Landlock, `abi`, has learnt it. Where the kernel has none (0),
    nothing happens. "No new privileges" must be set. Paths that are not there are passed over.

    Raises:
        OSError: the kernel refuses.
    """
    if abi < 1:
        return
    handled = _FIRST_FILE_RIGHTS
    for since, right in _FILE_RIGHTS_SINCE.items():
        handled |= right if abi >= since else 0
    attributes = _Ruleset(
        files=handled,
        network=_BIND_AND_CONNECT if abi >= _TCP_SINCE else 0,
        scopes=_ABSTRACT_SOCKETS_AND_SIGNALS if abi >= _SCOPES_SINCE else 0,
    )
    # An older kernel takes the longer structure as long as what it does not know is zero.
    ruleset = _call(_CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(ctypes.sizeof(attributes)), 0)
    try:
        for path, rights in allowed.items():
            _allow(ruleset, path, rights & handled)
        # A hostile run could fill the host's audit log with what it is refused.
        _call(_RESTRICT_SELF, ruleset, _LOG_NOTHING if abi >= _SILENCE_SINCE else 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        rule = _PathBeneath(rights=rights, folder=folder)
        _call(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(folder)


def _call(number: int, *arguments: object) -> int:
    result = int(_libc.syscall(number, *arguments))
    if result < 0:
        reason = ctypes.get_errno()
        raise OSError(reason, f"landlock: {os.strerror(reason)}")
    return result
