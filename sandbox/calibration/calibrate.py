"""The slowdown of this machine: looked up by boot and processor, or measured, and kept in a folder."""

import hashlib
import logging
import platform
from pathlib import Path

import msgspec

from sandbox.calibration.calibration import Calibration
from sandbox.calibration.measure import Runs, Times, measure
from sandbox.calibration.workload import REVISION
from sandbox.environment import describe_environment
from sandbox.interface import SandboxError
from sandbox.whole_file import write_whole

_BOOT = Path("/proc/sys/kernel/random/boot_id")

_log = logging.getLogger("sandbox")


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    boot: str
    revision: int
    times: Times


async def calibrate(sandbox: Runs, folder: Path, *, boot: Path = _BOOT) -> Calibration:
    """Return what was measured since this boot, on this processor; measure where nothing was.

    Where the machine is busy, or the measurement fails, an older figure stays, or else none is assumed.
    """
    file = folder / _name()
    this_boot = _read(boot)
    kept = _look_up(file)
    if kept is not None and kept.boot == this_boot:
        return _current(kept.times)
    try:
        times = await measure(sandbox)
    except SandboxError as error:
        _log.warning("%s", error)
        times = None
    if times is not None:
        _keep(file, _Kept(boot=this_boot, revision=REVISION, times=times))
        return _current(times)
    if kept is not None:
        return Calibration(slowdown=kept.times.slowdown, note="measured before the last boot")
    return Calibration(note="not measured: the machine is busy")


def _current(times: Times) -> Calibration:
    return Calibration(slowdown=times.slowdown, is_current=True, note="measured since the last boot")


def _name() -> str:
    """Name the file for host, processor and versions: several hosts may share a folder."""
    environment = describe_environment(jailed=True)
    about = (platform.node(), environment["cpu"], environment["jaxlib"], environment["jax"])
    return f"calibration-{hashlib.sha256(repr(about).encode()).hexdigest()[:16]}.json"


def _look_up(file: Path) -> _Kept | None:
    try:
        kept = msgspec.json.decode(file.read_bytes(), type=_Kept)
    except (OSError, msgspec.DecodeError):
        return None
    return kept if kept.revision == REVISION else None


def _keep(file: Path, kept: _Kept) -> None:
    try:
        write_whole(file, msgspec.json.encode(kept))
    except OSError as error:
        _log.warning("the machine's speed could not be kept: %s", error)


def _read(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""
