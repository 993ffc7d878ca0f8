"""Run and waiting times, of real processes and of written files."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.procfs.schedule import TreeSchedule, counts_waiting_times, stolen_seconds

counts = pytest.mark.skipif(not counts_waiting_times(), reason="needs /proc/PID/schedstat")


@contextmanager
def _running(*codes: str) -> Iterator[list[int]]:
    processes = [subprocess.Popen([sys.executable, "-c", code]) for code in codes]
    try:
        yield [process.pid for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _on_one_processor(code: str) -> str:
    chosen = min(os.sched_getaffinity(0))
    return f"import os, time; os.sched_setaffinity(0, [{chosen}])\n{code}"


@counts
def test_who_shares_a_processor_waits_and_who_sleeps_does_not() -> None:
    """Of three that spin on one processor each waits for the others."""
    spin = _on_one_processor("while True: pass")
    with _running(spin, spin, spin, _on_one_processor("time.sleep(60)")) as pids:
        schedules = [TreeSchedule(pid) for pid in pids]
        while any(schedule.look().ran_seconds < 0.3 for schedule in schedules[:3]):
            time.sleep(0.05)
        seen = [schedule.look() for schedule in schedules]
    for spinning in seen[:3]:
        assert spinning.waited_seconds > spinning.ran_seconds
    assert seen[3].waited_seconds < min(spinning.waited_seconds for spinning in seen[:3])


@counts
def test_threads_and_children_count_and_stay_counted() -> None:
    code = (
        "import os, threading, time\n"
        "def burn():\n"
        "    end = time.process_time() + 0.2\n"
        "    while time.process_time() < end: pass\n"
        "    time.sleep(60)\n"
        "if os.fork() == 0:\n"
        "    threading.Thread(target=burn, daemon=True).start()\n"
        "time.sleep(60)\n"
    )
    with _running(code) as [pid]:
        schedule = TreeSchedule(pid)
        while schedule.look().ran_seconds < 0.2:
            time.sleep(0.05)
    assert schedule.look().ran_seconds >= 0.2


def test_a_wait_that_is_not_over_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel adds it up only once the thread runs again."""
    (tmp_path / "task" / "7").mkdir(parents=True)
    thread = tmp_path / "task" / "7"
    (thread / "schedstat").write_text("2000000000 1000000000 5\n")
    now = 100.0
    monkeypatch.setattr("sandbox.procfs.schedule.tree_of", lambda pid: [tmp_path])
    monkeypatch.setattr("time.monotonic", lambda: now)
    schedule, waited = TreeSchedule(1), []
    for letter in "RRRRS":
        (thread / "stat").write_text(f"7 (a) b) {letter} 1 1")
        waited.append(schedule.look().waited_seconds)
        now += 3.0
    assert waited == [1.0, 1.0, 4.0, 7.0, 1.0]


def test_where_the_kernel_does_not_tell(tmp_path: Path) -> None:
    (tmp_path / "schedstat").write_text("0\n")
    assert not counts_waiting_times(tmp_path / "schedstat")
    assert not counts_waiting_times(tmp_path / "not there")


def test_stolen_time_is_that_of_one_processor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stat = tmp_path / "stat"
    ticks = os.sysconf("SC_CLK_TCK")
    stat.write_text(f"cpu  1 2 3 4 5 6 7 {8 * ticks} 0 0\ncpu0 1\n")
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    assert stolen_seconds(stat) == 2.0
    assert stolen_seconds(tmp_path / "not there") == 0.0
