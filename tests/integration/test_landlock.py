"""Landlock alone, with no mount and no filter round it: a plain process of this host applies it and tries."""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.interface import RunRequest, RunResult
from sandbox.isolation.landlock import landlock_abi
from sandbox.jailed import open_supervisor
from sandbox.limits import Limits
from tests.support.checkout import CHECKOUT

pytestmark = pytest.mark.jail


_ABI = landlock_abi()
_PROLOGUE = """
import os, signal, socket, subprocess
from sandbox.isolation import landlock
from sandbox.inside import libc
def tried(step):
    try: step()
    except OSError as error: return type(error).__name__
    return "done"
def restrict(abi={abi}):
    libc.no_new_privileges()
    landlock.restrict(landlock.allowed_paths(cache_folder={cache!r}, writable_cache={writable}), abi=abi)
"""
needs_landlock = pytest.mark.skipif(_ABI < 1, reason="this kernel has no Landlock")


def _say(code: str, *, cache: Path = Path("/nonexistent"), writable: bool = False, abi: int = _ABI) -> str:
    """What `code` prints in a process of its own."""
    prologue = _PROLOGUE.format(abi=abi, cache=str(cache), writable=writable)
    ran = subprocess.run(
        [sys.executable, "-c", prologue + code],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A folder that no rule names: pytest's own lie in /tmp, where a run may write."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        yield Path(folder)


@needs_landlock
def test_what_no_mount_hides_is_refused_all_the_same(elsewhere: Path) -> None:
    """Every one of these works until Landlock is applied."""
    (elsewhere / "file").write_text("secret")
    code = f"""
place = {str(elsewhere)!r}
def everything():
    return [
        tried(lambda: open("/etc/passwd").read()),
        tried(lambda: os.listdir("/etc")),
        tried(lambda: os.listdir("/")),
        tried(lambda: open(place + "/file").read()),
        tried(lambda: open(place + "/file", "a").close()),
        tried(lambda: open(place + "/new", "w").close()),
        tried(lambda: os.unlink(place + "/new")),
        tried(lambda: os.mkdir(place + "/folder")),
        tried(lambda: os.rmdir(place + "/folder")),
        tried(lambda: os.symlink("x", place + "/link")),
    ]
print(set(everything()))
open(place + "/new", "w").close()
os.mkdir(place + "/folder")
os.unlink(place + "/link")
restrict()
tries = everything()
print(set(tries[:7] + tries[8:]), tries[7])
"""
    before, after = _say(code).splitlines()
    assert before == "{'done'}"
    # mkdir looks whether the name is taken before it asks.
    assert after == "{'PermissionError'} FileExistsError"


@needs_landlock
def test_what_a_run_needs_stays_allowed() -> None:
    """Libraries are read and executed, /tmp and /dev/shm are written, the small devices answer."""
    code = """
import tempfile
restrict()
with tempfile.TemporaryDirectory(dir="/tmp") as folder, tempfile.TemporaryFile(dir="/dev/shm") as file:
    os.mkdir(f"{folder}/below")
    open(f"{folder}/one", "w").write("words")
    os.symlink("one", f"{folder}/link")
    os.rename(f"{folder}/one", f"{folder}/below/two") if landlock._ABI >= 2 else None
    file.write(b"x"); file.truncate(0)
open("/dev/null", "w").write("x"); open("/dev/zero", "rb").read(1); open("/dev/urandom", "rb").read(1)
open("/proc/cpuinfo").read(1)
print(subprocess.run(["/usr/bin/true"]).returncode, len(os.listdir("/usr/lib")) > 0)
"""
    assert _say(code) == "0 True"


@needs_landlock
def test_nothing_in_the_run_s_own_folders_is_executed() -> None:
    """What a submission brings along as a program does not start."""
    code = """
import shutil, tempfile
with tempfile.TemporaryDirectory(dir="/tmp") as folder:
    shutil.copy("/usr/bin/true", f"{folder}/mine")
    print(tried(lambda: subprocess.run([f"{folder}/mine"])))
    restrict()
    print(tried(lambda: subprocess.run([f"{folder}/mine"])))
    print(tried(lambda: subprocess.run(["/usr/bin/true"])))
"""
    assert _say(code).split() == ["done", "PermissionError", "done"]


@needs_landlock
def test_the_cache_is_opened_by_name_and_never_listed(elsewhere: Path) -> None:
    """Where a compartment's own mode would let it be listed, this does not; only trusted code fills it."""
    (elsewhere / "compartment").mkdir()
    (elsewhere / "compartment" / "program").write_text("compiled")
    code = f"""
restrict()
place = {str(elsewhere / "compartment")!r}
print(
    tried(lambda: open(place + "/program").read()),
    tried(lambda: os.listdir(place)),
    tried(lambda: open(place + "/program", "w")),
    tried(lambda: open(place + "/another", "w")),
    tried(lambda: os.mkdir(place + "/folder")),
)
"""
    refused, done = "PermissionError", "done"
    assert _say(code, cache=elsewhere).split() == [done, *[refused] * 4]
    assert _say(code, cache=elsewhere, writable=True).split() == [done, refused, done, done, done]


@pytest.mark.skipif(_ABI < 4, reason="this kernel's Landlock knows no network")
def test_no_tcp_is_bound_or_connected() -> None:
    """Even in a process that a filter forgot, and in the host's own network."""
    code = """
listening = socket.create_server(("127.0.0.1", 0))
def meet(): socket.create_connection(listening.getsockname(), timeout=5)
def bind(): socket.create_server(("127.0.0.1", 0))
print(tried(meet), tried(bind))
restrict()
print(tried(meet), tried(bind))
"""
    assert _say(code).splitlines() == ["done done", "PermissionError PermissionError"]


@pytest.mark.skipif(_ABI < 6, reason="this kernel's Landlock knows no scopes")
def test_no_signal_and_no_abstract_socket_leaves() -> None:
    """Its own children it may signal; whoever was there before it may not."""
    code = """
outsider = subprocess.Popen(["/usr/bin/sleep", "30"])
listening = socket.socket(socket.AF_UNIX)
listening.bind("\\0jaxercise-landlock-%d" % os.getpid())
listening.listen()
def meet(): socket.socket(socket.AF_UNIX).connect(listening.getsockname())
print(tried(meet), tried(lambda: os.kill(outsider.pid, 0)))
child = os.fork()
if child == 0:
    restrict()
    own = subprocess.Popen(["/usr/bin/sleep", "30"])
    print(tried(meet), tried(lambda: os.kill(outsider.pid, signal.SIGKILL)), tried(own.kill), flush=True)
    own.wait()
    os._exit(0)
os.waitpid(child, 0)
outsider.kill()
outsider.wait()
"""
    assert _say(code).splitlines() == ["done done", "PermissionError PermissionError done"]


@needs_landlock
@pytest.mark.parametrize("abi", range(1, _ABI + 1))
def test_every_older_interface_is_asked_only_what_it_knows(abi: int) -> None:
    """A kernel refuses a whole ruleset for one bit that it has not learnt."""
    assert _say("restrict(); print(tried(lambda: open('/etc/passwd')))", abi=abi) == "PermissionError"


def test_without_landlock_nothing_is_lost_but_the_layer() -> None:
    """A kernel that has none runs what it ran before."""
    assert _say("restrict(); print(tried(lambda: open('/etc/passwd')))", abi=0) == "done"


@needs_landlock
def test_every_jailed_child_is_held_by_it(tmp_path: Path) -> None:
    """Mounts and modes would let it list its root and its parts; Landlock does not, nor the cache's mode."""
    tmp_path.chmod(0o755)
    code = """
import os, stat
for place in ("/", "/jail", "/jail/cache"):
    print(bool(os.stat(place).st_mode & stat.S_IROTH and os.access(place, os.R_OK)))
    try: os.listdir(place)
    except PermissionError: print("refused")
"""

    async def run() -> RunResult:
        async with open_supervisor(cache=tmp_path) as supervisor:
            return await supervisor.run(RunRequest(code=code, parameters=(), calls=()), limits=Limits())

    expected = ["True", "refused", "True", "refused", "False", "refused"]
    assert asyncio.run(run()).stdout.split() == expected
