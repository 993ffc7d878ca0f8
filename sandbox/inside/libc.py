"""The Linux calls that Python 3.11 has no function for. Numbers are from the kernel's uapi headers."""

import ctypes
import os

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_REMOUNT = 32
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_SECCOMP = 22
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_SECCOMP_MODE_FILTER = 2
_LINUX_CAPABILITY_VERSION_3 = 0x20080522
_LAST_CAPABILITY = 40

_PROT_READ = 1
_PROT_WRITE = 2
_MAP_SHARED = 1
_MAP_FAILED = ctypes.c_void_p(-1).value

_libc = ctypes.CDLL(None, use_errno=True)
_mmap = _libc.mmap
_mmap.restype = ctypes.c_void_p
_mmap.argtypes = (
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_long,
)


class _FilterProgram(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filters", ctypes.c_char_p))


def unshare(flags: int) -> None:
    """Leave the namespaces that `flags` name for new ones.

    Raises:
        OSError: the kernel refuses.
    """
    _check(_libc.unshare(flags), "unshare")


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """Mount a file system, or change a mount.

    Raises:
        OSError: the kernel refuses.
    """
    result = _libc.mount(
        source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode() or None
    )
    _check(result, f"mount {target}")


def unmount(target: str) -> None:
    """Take a mount away.

    Raises:
        OSError: the kernel refuses.
    """
    _check(_libc.umount2(target.encode(), 0), f"unmount {target}")


def die_with_parent() -> None:
    """SIGKILL this process when the thread that forked it ends."""
    _prctl(_PR_SET_PDEATHSIG, 9)


def drop_capabilities() -> None:
    """Empty every capability set, the bounding and ambient ones included."""
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    for capability in range(_LAST_CAPABILITY + 1):
        _prctl(_PR_CAPBSET_DROP, capability)
    header = (ctypes.c_uint32 * 2)(_LINUX_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    _check(_libc.capset(header, nothing), "capset")


def no_new_privileges() -> None:
    """Let nothing executed from here on gain rights."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def set_dumpable(dumpable: bool) -> None:
    """Set whether it is dumpable.

    If not: no core dump, no reading by the user's others, and /proc/self is root's.
    """
    _prctl(_PR_SET_DUMPABLE, int(dumpable))


def give_memory_back() -> None:
    """Return what the allocator holds free, as of malloc_trim(3)."""
    _libc.malloc_trim(0)


def load_seccomp(program: bytes) -> None:
    """Filter this process's system calls from here on. `program` is an array of `struct sock_filter`."""
    loaded = _FilterProgram(len(program) // 8, program)
    _check(_libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(loaded), 0, 0), "seccomp")


def _prctl(option: int, value: int) -> None:
    _check(_libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0), f"prctl {option}")


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def map_shared(descriptor: int, size: int) -> int:
    """Map `size` bytes of a file, seen by whoever else has it mapped; return the address.

    Nothing of Python's stands for the mapping, and the descriptor can be closed.

    Raises:
        OSError: the kernel refuses.
    """
    address: int | None = _mmap(None, size, _PROT_READ | _PROT_WRITE, _MAP_SHARED, descriptor, 0)
    if address is None or address == _MAP_FAILED:
        number = ctypes.get_errno()
        raise OSError(number, f"mmap: {os.strerror(number)}")
    return address


def keep(*values: object) -> None:
    """Keep these for as long as the process lives."""
    for value in values:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(value))


def hide_from_collector(*values: object) -> None:
    """Keep these for as long as the process lives, where no look through all objects finds them."""
    keep(*values)
    for value in values:
        ctypes.pythonapi.PyObject_GC_UnTrack(ctypes.c_void_p(id(value)))
