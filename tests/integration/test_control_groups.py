"""Groups of whichever version this host gives, with real processes in them and no jail."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from sandbox.cgroups.folder import ClaimedFolder
from sandbox.cgroups.interface import ControlGroups, RunGroup, open_control_groups
from sandbox.cgroups.own_groups import own_groups
from sandbox.limits import Limits, hard_memory_bytes

_LIMITS = Limits(memory_bytes=32 << 20, processes=8)
_PATIENCE_SECONDS = 60.0
_BEGIN = "import os, sys, time\nsys.stdin.readline()\n"


@pytest.fixture
def groups() -> Iterator[ControlGroups]:
    found = open_control_groups()
    if found is None:
        pytest.skip("needs control groups that this host lets us use: docs/operators/hosts.md")
    with closing(found):
        yield found


@contextmanager
def _in_group(groups: ControlGroups, code: str) -> Iterator[tuple[RunGroup, "subprocess.Popen[str]"]]:
    """A process that runs `code` once it is in a group of its own."""
    group = groups.make(_LIMITS)
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _BEGIN + code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdin is not None
    try:
        group.add(process.pid)
        process.stdin.write("\n")
        process.stdin.flush()
        yield group, process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        asyncio.run(group.remove())


def _folders() -> set[Path]:
    """List those of all services, in every hierarchy."""
    parents = {parent for group in own_groups() for parent in (group.folder, group.folder.parent)}
    return {folder for parent in parents for folder in parent.glob("jaxercise-*-*")}


async def _holds_too_much_now(group: RunGroup) -> bool:
    """Watch for the first look alone, which the watch takes before it waits for anything."""
    watching = asyncio.ensure_future(group.memory_exceeded())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    is_met = watching.done()
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    return is_met


def _read_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_it_is_said_beforehand_whether_a_group_will_have_a_freezer(groups: ControlGroups) -> None:
    """As `jaxercise doctor` says it; and the look leaves no folder behind."""
    before = _folders()
    can_freeze = groups.can_freeze
    assert _folders() == before
    group = groups.make(_LIMITS, to_be_frozen=True)
    try:
        assert (group.freezer is not None) is can_freeze
    finally:
        asyncio.run(group.remove())


def test_too_much_memory_is_noticed(groups: ControlGroups) -> None:
    """By the alarm, not by looking again and again: it comes before the kernel would end the process."""
    with _in_group(groups, "hoard = [b'x' * (1 << 20) for _ in range(500)]; time.sleep(99)") as (group, _):
        asyncio.run(asyncio.wait_for(group.memory_exceeded(), _PATIENCE_SECONDS))
        assert not group.memory_was_hit
        peak = group.peak_memory_bytes
    assert peak is None or _LIMITS.memory_bytes < peak <= hard_memory_bytes(_LIMITS)


def test_a_little_memory_is_no_matter(groups: ControlGroups) -> None:
    code = "hoard = b'x' * ({} << 20); print('held', flush=True); time.sleep(99)"
    for megabytes, is_too_much in ((8, False), (40, True)):
        with _in_group(groups, code.format(megabytes)) as (group, process):
            assert _read_line(process) == "held\n"
            assert asyncio.run(_holds_too_much_now(group)) is is_too_much


def test_files_that_the_kernel_caches_are_not_too_much_memory(groups: ControlGroups, tmp_path: Path) -> None:
    """It drops them when the memory is wanted."""
    kind = subprocess.run(["stat", "-f", "-c", "%T", tmp_path], capture_output=True, text=True, check=True)
    if kind.stdout.strip() == "tmpfs":
        pytest.skip("files in a tmpfs are memory, not a cache of something else")
    large = tmp_path / "large"
    code = (
        f"with open({str(large)!r}, 'wb') as file:\n"
        "    for _ in range(60): file.write(bytes(1 << 20)); file.flush(); os.fsync(file.fileno())\n"
        "print('written', flush=True); time.sleep(99)"
    )

    async def watch(group: RunGroup, process: "subprocess.Popen[str]") -> None:
        watched = asyncio.ensure_future(group.memory_exceeded())
        assert await asyncio.to_thread(_read_line, process) == "written\n"
        assert not watched.done()
        watched.cancel()
        assert not await _holds_too_much_now(group)

    with _in_group(groups, code) as (group, process):
        asyncio.run(watch(group, process))
        assert process.poll() is None
        peak = group.peak_memory_bytes
    assert peak is None or peak > 0.9 * _LIMITS.memory_bytes, "the files count until then"


def test_where_nobody_watches_the_kernel_ends_the_process(groups: ControlGroups) -> None:
    with _in_group(groups, "hoard = b'x' * (1 << 28)") as (group, process):
        assert process.wait(_PATIENCE_SECONDS) == -signal.SIGKILL
        assert group.memory_was_hit


def test_where_the_watch_is_given_up_the_kernel_ends_the_process(groups: ControlGroups) -> None:
    """A run that is held up for a watch that is gone would look like one that is idle."""
    with _in_group(groups, "sys.stdin.readline(); hoard = b'x' * (1 << 28)") as (group, process):
        assert not asyncio.run(_holds_too_much_now(group))
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.wait(_PATIENCE_SECONDS) == -signal.SIGKILL
        assert group.memory_was_hit


def test_processor_time_of_ended_children_counts(groups: ControlGroups) -> None:
    """Even where nobody waits for them."""
    code = (
        "import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "for _ in range(2):\n"
        "    if os.fork() == 0:\n"
        "        while time.process_time() < 0.4: pass\n"
        "        os._exit(0)\n"
        "try: os.wait()\n"
        "except ChildProcessError: print('ended', flush=True)\n"
        "time.sleep(99)"
    )
    with _in_group(groups, code) as (group, process):
        assert _read_line(process) == "ended\n"
        seconds = group.cpu_seconds
    if "processor time" not in groups.description:
        assert seconds is None
        return
    assert seconds is not None
    assert 0.7 < seconds < _PATIENCE_SECONDS


def test_processes_beyond_the_limit_are_refused(groups: ControlGroups) -> None:
    """As root too, whom the limit on a user's processes does not bind."""
    if "processes" not in groups.description:
        pytest.skip("the processes of a group cannot be limited on this host")
    code = (
        "started = 1\n"
        "try:\n"
        "    while os.fork(): started += 1\n"
        "    time.sleep(99)\n"
        "except BlockingIOError: print(started, flush=True)\n"
        "time.sleep(99)"
    )
    with _in_group(groups, code) as (group, process):
        assert not group.processes_were_refused
        assert _read_line(process) == f"{_LIMITS.processes}\n"
        assert group.processes_were_refused


def test_a_process_that_has_ended_needs_no_group(groups: ControlGroups) -> None:
    """Its end is reported elsewhere."""
    process = subprocess.Popen(["/bin/true"])
    process.wait()
    group = groups.make(_LIMITS)
    group.add(process.pid)
    asyncio.run(group.remove())


_SERVICE = """
import os, signal, subprocess, sys, time
from sandbox.cgroups.interface import open_control_groups
from sandbox.limits import Limits
groups = open_control_groups()
group = groups.make(Limits())
if "with a run" in sys.argv:
    group.add(subprocess.Popen(["sleep", "99"]).pid)
print("ready", flush=True)
time.sleep(99)
"""


@contextmanager
def _service(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVICE, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert _read_line(process) == "ready\n"
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_what_a_killed_service_left_is_removed(groups: ControlGroups) -> None:
    """And nothing of one that lives, whatever its process id."""
    with _service() as living:
        of_living = {folder for folder in _folders() if f"-{living.pid}-" in folder.name}
        # What waiting jails are frozen by stands beside it, and has no runs.
        with_runs = {folder for folder in of_living if any(folder.glob("run-*"))}
        with _service() as killed:
            of_killed = {folder for folder in _folders() if f"-{killed.pid}-" in folder.name}
        assert with_runs
        assert of_killed <= _folders(), "it had no time to clean up"
        another = open_control_groups()
        assert another is not None
        another.close()
        left = _folders()
    assert not of_killed & left
    assert of_living <= left
    assert all(any(folder.glob("run-*")) for folder in with_runs)


def test_a_group_with_a_process_in_it_is_left_alone(groups: ControlGroups) -> None:
    """A run may outlive its service for a moment."""
    with _service("with a run") as service:
        os.kill(service.pid, signal.SIGKILL)
        service.wait()
        another = open_control_groups()
        assert another is not None
        another.close()
        assert any(f"-{service.pid}-" in folder.name for folder in _folders())


def test_a_folder_with_a_reused_process_id_is_stale(groups: ControlGroups, tmp_path: Path) -> None:
    """Who holds the lock lives; the number in the name is for people."""
    own = f"jaxercise-{os.getpid()}-999999"
    (tmp_path / own / "run-1").mkdir(parents=True)
    with closing(ClaimedFolder(tmp_path)) as claimed:
        assert [folder.name for folder in tmp_path.iterdir()] == [claimed.path.name]
        with closing(ClaimedFolder(tmp_path)) as second:
            assert {folder.name for folder in tmp_path.iterdir()} == {claimed.path.name, second.path.name}
    assert list(tmp_path.iterdir()) == []
