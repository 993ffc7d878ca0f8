"""What a run must not become, and what it must not ask of the kernel."""

from collections.abc import Sequence

from sandbox.checks.isolation_check import IsolationCheck, text, whatever_it_printed

_PRIVILEGES = text("""
if libc.prctl(39, 0, 0, 0, 0) != 1: print("it may gain privileges by executing a file")
sets = (ctypes.c_uint32 * 6)()
checked(libc.capget((ctypes.c_uint32 * 2)(0x20080522, 0), sets))
if any(sets): print("it has capabilities")
if any(libc.prctl(23, number, 0, 0, 0) == 1 for number in range(41)): print("it could be given capabilities")
if 0 in (os.getuid(), os.geteuid(), os.getgid()): print("it is root")
refused("it becomes root", lambda: os.setuid(0))
refused("it becomes another user", lambda: os.setuid(12345))
""")

_NAMESPACES = text("""
kinds = {
    "user": 0x10000000, "mount": 0x20000, "process": 0x20000000, "network": 0x40000000, "IPC": 0x8000000
}
def clone(flags):
    number = {"x86_64": 56, "aarch64": 220}[_machine]
    pid = libc.syscall(number, ctypes.c_ulong(flags | signal.SIGCHLD), None, None, None, None)
    if pid == 0: os._exit(0)
    checked(pid)
for name, flag in kinds.items():
    refused(f"a new {name} namespace by unshare", lambda: checked(libc.unshare(flag)))
    refused(f"a new {name} namespace by clone", lambda: clone(flag))
refused("another namespace is entered", lambda: checked(libc.setns(-1, 0)))
refused("another root directory", lambda: os.chroot("/"))
""")

_TRACING = text("""
refused("it is traced", lambda: checked(libc.ptrace(0, 0, None, None)))
for name, numbers in (
    ("process_vm_readv", {"x86_64": 310, "aarch64": 270}),
    ("process_vm_writev", {"x86_64": 311, "aarch64": 271}),
):
    refused(f"memory is reached by {name}", lambda: system_call(numbers, os.getpid(), None, 0, None, 0, 0))
refused("a descriptor is fetched from another process", lambda: system_call({"any": 438}, -1, 0, 0))
""")

_MOUNTS = text("""
nowhere = b"/jaxercise-self-check/nowhere"
refused("a file system is mounted", lambda: checked(libc.mount(b"none", nowhere, b"tmpfs", 0, None)))
refused("a file system is unmounted", lambda: checked(libc.umount2(nowhere, 0)))
refused("the root is exchanged", lambda: system_call({"x86_64": 155, "aarch64": 41}, nowhere, nowhere))
refused("a mount is copied", lambda: system_call({"any": 428}, -100, nowhere, 1))
refused("a file system is opened", lambda: system_call({"any": 430}, b"tmpfs", 0))
handles = {"x86_64": 303, "aarch64": 264}
refused("a file gets a handle", lambda: system_call(handles, -100, nowhere, None, None, 0))
""")

_KERNEL = text("""
buffer = ctypes.create_string_buffer(256)
for name, numbers, *arguments in (
    ("keyctl", {"x86_64": 250, "aarch64": 219}, 0, -3, 0),
    ("io_uring_setup", {"any": 425}, 1, buffer),
    ("bpf", {"x86_64": 321, "aarch64": 280}, 0, buffer, 48),
    ("perf_event_open", {"x86_64": 298, "aarch64": 241}, buffer, 0, -1, -1, 0),
    ("userfaultfd", {"x86_64": 323, "aarch64": 282}, 1),
    ("kcmp", {"x86_64": 312, "aarch64": 272}, os.getpid(), os.getpid(), 0, 0, 0),
    ("personality", {"x86_64": 135, "aarch64": 92}, ctypes.c_ulong(0xFFFFFFFF)),
):
    refused(f"{name} answers", lambda: system_call(numbers, *arguments))
""")

_OTHER_TABLES = text("""
import mmap
def by_interrupt():
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(bytes.fromhex("b814000000cd80c3"))  # mov eax, 20 (getpid); int 0x80; ret
    ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
if _machine == "x86_64":
    fatal("an x32 system call is not the end", lambda: libc.syscall(0x40000000 | 39))
    fatal("a 32-bit system call is not the end", by_interrupt)
""")


def checks() -> Sequence[IsolationCheck]:
    """Return the checks, which are the same on every host."""
    return (
        _check("no privileges", "A run has no capability and can gain none.", _PRIVILEGES),
        _check("no new namespaces", "A run makes and enters no namespace.", _NAMESPACES),
        _check("no tracing", "A run traces no process and reads no other's memory.", _TRACING),
        _check("no mounts", "A run changes nothing about what is mounted.", _MOUNTS),
        _check("a small kernel", "Keyrings, io_uring, BPF and the like do not answer a run.", _KERNEL),
        _check("one system-call table", "A 32-bit or x32 system call ends the process.", _OTHER_TABLES),
    )


def _check(name: str, sentence: str, code: str) -> IsolationCheck:
    return IsolationCheck(name=name, sentence=sentence, texts=(code,), breach=whatever_it_printed)
