"""What a run must not see, reach or leave behind."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from sandbox.checks.isolation_check import IsolationCheck, text, whatever_it_printed

_NETWORK = text("""
import socket
families = {"IPv4": 2, "IPv6": 10, "netlink": 16, "packets": 17, "the kernel's ciphers": 38, "VSOCK": 40}
for name, family in families.items():
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW):
        refused(f"a socket for {name}", lambda: socket.socket(family, kind))
local = socket.socket(socket.AF_UNIX)
refused("a Unix socket is bound", lambda: local.bind("\\0jaxercise-self-check"))
refused("a Unix socket connects", lambda: local.connect("\\0jaxercise-self-check-2"))
""")

_PROCESSES = text("""
if seen := [name for name in os.listdir("/proc") if name.isdigit()]: print(len(seen), "processes in /proc")
reached = 0
for pid in range(1, 1 << 16):
    try: os.kill(pid, 0)
    except OSError: continue
    # Its own threads answer too; tgkill finds them in its own process only.
    if libc.syscall({"x86_64": 234, "aarch64": 131}[_machine], os.getpid(), pid, 0) != 0: reached += 1
if reached: print(reached, "processes that a signal reaches")
impossible("a signal to everybody reaches somebody", lambda: os.kill(-1, 0))
""")

_PLACES = """
places = [f"{folder}/jaxercise-self-check" for folder in ("/tmp", "/dev/shm", "/var/tmp")]
"""
_WRITE = text(
    _PLACES
    + """
for place in places:
    try: open(place, "w").close()
    except OSError: pass
"""
)
_FIND = text(
    _PLACES
    + """
for place in places:
    if os.path.lexists(place):
        print(place, "was there")
        os.unlink(place)
"""
)

_LIBRARIES = text("""
import jax, sandbox
for file in (jax.__file__, sandbox.__file__, os.__file__, "/usr/bin/env"):
    refused(f"{file} is opened for writing", lambda: os.close(os.open(file, os.O_RDWR)))
for file in ("/jax", "/usr/lib/python", jax.__file__, sandbox.__file__, os.__file__):
    folder = os.path.dirname(file)
    if os.access(folder, os.W_OK): print(folder, "can be written to")
""")

_CACHE = text("""
import jax
compartment = jax.config.jax_compilation_cache_dir
parent = os.path.dirname(compartment)
impossible("the cache's compartment is listed", lambda: os.listdir(compartment))
for folder in (parent, compartment):
    def write():
        os.close(os.open(f"{folder}/self-check", os.O_CREAT | os.O_WRONLY, 0o600))
        os.unlink(f"{folder}/self-check")
    def make():
        os.mkdir(f"{folder}/self-check-folder")
        os.rmdir(f"{folder}/self-check-folder")
    refused(f"a program is written to {folder}", write)
    refused(f"a compartment is made in {folder}", make)
    refused(f"the mode of {folder} is changed", lambda: os.chmod(folder, os.stat(folder).st_mode & 0o7777))
""")

_ENVIRONMENT = text("""
known = {"PATH", "HOME", "LANG", "LC_CTYPE", "PWD", "LD_LIBRARY_PATH", "PYTHONHASHSEED"}
known_starts = ("JAX_", "XLA_", "TF_", "TENSORFLOW_", "OPENBLAS_", "OMP_", "TPU_", "KMP_", "GRPC_", "LIBTPU_")
unknown = [name for name in os.environ if name not in known and not name.startswith(known_starts)]
if unknown: print("variables that no run needs:", *unknown)
""")

_DESCRIPTORS = text("""
import fcntl, stat
kinds = {stat.S_IFREG: "a file", stat.S_IFDIR: "a folder", stat.S_IFCHR: "a device"}
sockets = writing = 0
for number in range(3, 4096):
    try: mode = os.fstat(number).st_mode
    except OSError: continue
    if stat.S_ISSOCK(mode): sockets += 1
    elif stat.S_ISFIFO(mode):
        if fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY: writing += 1
        else: print("descriptor", number, "is a pipe that can be read")
    elif (kind := kinds.get(stat.S_IFMT(mode))): print("descriptor", number, "is", kind)
if sockets != 1: print(sockets, "sockets are open")
if writing > 1: print(writing, "more pipes can be written to")
if os.isatty(0) or os.isatty(1) or os.isatty(2): print("a terminal is open")
""")

_POISON = text("""
import builtins, jax, jax.numpy, numpy
builtins.poison = numpy.poison = jax.numpy.poison = jax.poison = True
os.environ["POISON"] = "1"
jax.config.update("jax_enable_x64", True)
numpy.random.seed(4711)
jax.numpy.asarray = numpy.asarray = None
""")
_POISONED = text("""
import builtins, jax, jax.numpy, numpy
for module in (builtins, jax, jax.numpy, numpy):
    if hasattr(module, "poison"): print(module.__name__, "is changed")
if "POISON" in os.environ: print("the environment is changed")
if jax.config.jax_enable_x64: print("JAX's settings are changed")
if jax.numpy.asarray is None or numpy.asarray is None: print("a function is gone")
""")

_MEETINGS = text("""
import fcntl
file = os.open(os.__file__, os.O_RDONLY)
for name, command in (("F_SETLK", fcntl.F_SETLK), ("F_OFD_SETLK", 37)):
    lock = bytearray(32)
    refused(f"a shared file is locked with {name}", lambda: fcntl.fcntl(file, command, bytes(lock)))
refused("a shared file is locked with flock", lambda: fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB))
refused("a shared file gets a lease", lambda: fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK))
refused("files are watched", lambda: checked(libc.inotify_init1(0)))
def segment():
    number = libc.shmget(0, 4096, 0o1600)
    checked(number)
    libc.shmctl(number, 0, None)
def semaphore():
    number = libc.semget(0, 1, 0o1600)
    checked(number)
    libc.semctl(number, 0, 0)
def queue():
    number = libc.msgget(0, 0o1600)
    checked(number)
    libc.msgctl(number, 0, None)
refused("System V memory is made", segment)
refused("a System V semaphore is made", semaphore)
refused("a System V queue is made", queue)
queues = {"x86_64": 240, "aarch64": 180}
refused("a POSIX queue is opened", lambda: system_call(queues, b"jaxercise-self-check", 0, 0, None))
""")

_TERMINALS = text("""
for path in ("/dev/tty", "/dev/ptmx", "/dev/pts/ptmx", "/dev/console"):
    impossible(f"{path} is opened", lambda: os.open(path, os.O_RDWR | os.O_NOCTTY))
if os.path.isdir("/dev/pts"):
    def count():
        if not any(name.isdigit() for name in os.listdir("/dev/pts")): raise OSError(errno.EPERM, "")
    impossible("terminals are counted", count)
for request in (0x5412, 0x100005412, 0x541C):
    refused("keys are typed into a terminal", lambda: checked(libc.ioctl(0, ctypes.c_ulong(request), b"x")))
""")


def checks(hidden: Iterable[Path]) -> Sequence[IsolationCheck]:
    """Return the checks; `hidden` are files and folders of this host that no run may find at their paths."""
    return (
        _check("no network", "A run reaches no network of any kind.", _NETWORK),
        _check(
            "no host files", "A run finds no file of the host, of the service or of its data.", _files(hidden)
        ),
        _check("no other processes", "A run neither sees nor signals another process.", _PROCESSES),
        _check("nothing is left behind", "A file that one run wrote is gone for the next.", _WRITE, _FIND),
        _check("libraries are read-only", "A run changes no library that others import.", _LIBRARIES),
        _check("the cache is closed", "A run neither writes to the compilation cache nor lists it.", _CACHE),
        _check("the environment is bare", "A run inherits no variable of the service.", _ENVIRONMENT),
        _check(
            "no stray descriptors",
            "A run holds the standard streams, one channel, and a pipe to say its line.",
            _DESCRIPTORS,
        ),
        _check("no poisoned process", "What one run does to JAX, the next does not see.", _POISON, _POISONED),
        _check("no meeting places", "Two runs share no lock, watch, queue or memory.", _MEETINGS),
        _check("no terminals", "A run opens no terminal and types into none.", _TERMINALS),
    )


def _files(hidden: Iterable[Path]) -> str:
    fixed = ["/etc/passwd", "/etc/shadow", "/root", "/home", "/var", "/sys/kernel", "/proc/1/environ"]
    fixed += ["/proc/self/mem", "/dev/mem", "/dev/kmsg", "/dev/vda", "/dev/sda"]
    paths = dict.fromkeys([*fixed, *map(str, hidden)])
    return text(f"""
for path in {list(paths)!r}:
    if os.path.lexists(path): print(path, "is there")
impossible("the root is left by ..", lambda: os.close(os.open("/../../etc/hostname", os.O_RDONLY)))
""")


def _check(name: str, sentence: str, *texts: str) -> IsolationCheck:
    return IsolationCheck(name=name, sentence=sentence, texts=texts, breach=whatever_it_printed)
