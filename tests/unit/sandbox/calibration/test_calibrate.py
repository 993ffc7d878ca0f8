"""When a machine's speed is measured, what is kept of it, and what is assumed where nothing is known."""

import asyncio
import os
from pathlib import Path

import numpy as np
import pytest

from sandbox.arrays import pack_array
from sandbox.calibration import measure as measuring
from sandbox.calibration.calibrate import calibrate
from sandbox.calibration.calibration import Calibration
from sandbox.calibration.measure import COMPILE_SECONDS, COMPUTE_SECONDS, busy_seconds
from sandbox.calibration.workload import ROUNDS
from sandbox.interface import CallResult, Ending, Loaded, RunRequest, RunResult
from sandbox.limits import Limits, Slowdown, scaled


class Machine:
    """Takes so many times as long as the machine of reference; its best round is neither first nor last."""

    def __init__(self, *, computing: float = 1.0, compiling: float = 1.0) -> None:
        self.computing, self.compiling = computing, compiling
        self.ending = Ending.FINISHED
        self.others_seconds = self.busy = 0.0
        self.asked = 0

    async def run(self, request: RunRequest, *, limits: Limits) -> RunResult:
        self.asked += 1
        self.busy += 1.0 + self.others_seconds
        rounds = np.array([9.0, 3.0, 1.0, 2.0, 5.0][:ROUNDS])
        seconds = [rounds * self.compiling * COMPILE_SECONDS, rounds * self.computing * COMPUTE_SECONDS]
        arrays = {"": pack_array(np.array(seconds, dtype=np.float32))}
        return RunResult(
            ending=self.ending,
            message="",
            loaded=Loaded(),
            calls=(CallResult(index=0, wall_seconds=1.0, arrays=arrays),),
            stdout="",
            stderr="",
            wall_seconds=1.0,
            cpu_seconds=1.0,
            peak_memory_bytes=0,
        )


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """One that has nothing else to do."""
    quiet = Machine(computing=1.5, compiling=3.0)
    monkeypatch.setattr(measuring, "busy_seconds", lambda: quiet.busy)
    monkeypatch.setattr("os.getloadavg", lambda: (0.1, 5.0, 5.0))
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    return quiet


def _calibrated(machine: Machine, folder: Path, *, boot: str = "first") -> Calibration:
    file = folder / "boot_id"
    file.write_text(f"{boot}\n")
    return asyncio.run(calibrate(machine, folder, boot=file))


def test_the_lowest_of_five_rounds_counts(machine: Machine, tmp_path: Path) -> None:
    found = _calibrated(machine, tmp_path)
    assert found.slowdown == Slowdown(computing=1.5, compiling=3.0)
    assert found.in_words() == {
        "slowdown_computing": "1.5",
        "slowdown_compiling": "3",
        "calibration": "measured since the last boot",
    }


def test_it_is_measured_once_a_boot(machine: Machine, tmp_path: Path) -> None:
    first = _calibrated(machine, tmp_path)
    machine.computing = 2.0
    assert _calibrated(machine, tmp_path) == first
    assert _calibrated(machine, tmp_path, boot="second").slowdown.computing == 2.0
    assert machine.asked == 2


def test_another_processor_has_its_own_figure(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hosts may share a data folder, and a virtual machine may move."""
    _calibrated(machine, tmp_path)
    about = {"cpu": "another", "jax": "1", "jaxlib": "1"}
    monkeypatch.setattr("sandbox.calibration.calibrate.describe_environment", lambda *, jailed: about)
    machine.computing = 2.0
    assert _calibrated(machine, tmp_path).slowdown.computing == 2.0


def test_no_figure_is_beyond_what_a_machine_can_be(machine: Machine, tmp_path: Path) -> None:
    machine.computing, machine.compiling = 0.01, 77.0
    assert _calibrated(machine, tmp_path).slowdown == Slowdown(computing=0.5, compiling=4.0)


def test_on_a_busy_machine_nothing_is_measured_and_the_old_figure_stays(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.getloadavg", lambda: (1.6, 0.0, 0.0))
    assert _calibrated(machine, tmp_path) == Calibration(note="not measured: the machine is busy")
    assert machine.asked == 0
    monkeypatch.setattr("os.getloadavg", lambda: (1.4, 9.0, 9.0))
    measured = _calibrated(machine, tmp_path)
    monkeypatch.setattr("os.getloadavg", lambda: (1.6, 0.0, 0.0))
    later = _calibrated(machine, tmp_path, boot="second")
    assert (later.slowdown, later.is_current) == (measured.slowdown, False)
    assert later.note == "measured before the last boot"


def test_what_was_measured_beside_other_work_is_not_kept(machine: Machine, tmp_path: Path) -> None:
    machine.others_seconds = 0.5
    assert not _calibrated(machine, tmp_path).is_current
    machine.others_seconds = 0.3
    assert _calibrated(machine, tmp_path).is_current


def test_a_measurement_that_fails_is_no_reason_to_stop(
    machine: Machine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    machine.ending = Ending.CRASHED
    assert _calibrated(machine, tmp_path).slowdown == Slowdown()
    assert "could not be measured" in caplog.text


@pytest.mark.parametrize("damage", [b"", b"{", b'{"boot": "first", "revision": 0, "times": {}}'])
def test_a_damaged_file_is_measured_anew(machine: Machine, tmp_path: Path, damage: bytes) -> None:
    _calibrated(machine, tmp_path)
    [file] = tmp_path.glob("calibration-*.json")
    file.write_bytes(damage)
    assert _calibrated(machine, tmp_path).is_current
    assert machine.asked == 2


def test_limits_are_scaled_and_what_may_be_slept_is_not() -> None:
    limits = Limits(cpu_seconds=10, compile_seconds=20, wall_seconds=60, idle_seconds=5)
    slow = scaled(limits, Slowdown(computing=2.0, compiling=3.0))
    assert (slow.cpu_seconds, slow.compile_seconds, slow.wall_seconds) == (20.0, 60.0, 180.0)
    assert (slow.idle_seconds, slow.memory_bytes) == (limits.idle_seconds, limits.memory_bytes)
    fast = scaled(limits, Slowdown(computing=0.5, compiling=0.5))
    assert (fast.cpu_seconds, fast.compile_seconds, fast.wall_seconds) == (5.0, 10.0, 60.0)


def test_busy_seconds_leave_out_idle_and_waiting_for_disks(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    stat.write_text("cpu  100 100 100 999999 999999 100 100 100 7 7\ncpu0 1\n")
    assert busy_seconds(stat) == pytest.approx(600 / os.sysconf("SC_CLK_TCK"))
    assert busy_seconds(tmp_path / "not there") == 0.0
