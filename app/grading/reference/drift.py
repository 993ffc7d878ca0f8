"""A reference's outputs as they once were, kept beside it, to notice drift between environments."""

import math
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.core.tolerance import Tolerance, is_exact, largest_error
from app.errors import ProblemError
from app.grading.plan.checks import Check
from app.grading.reference.outputs import ReferenceOutput
from sandbox.arrays import unpack_array

FILE_NAME = "outputs.json"


class StoredOutputs(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`outputs.json`: numbers in row-major order by check, and where they were computed.

    Integers and logical values are written as integers. One of several outputs has the key `check/output`;
    complex numbers are their real and imaginary parts.
    """

    version: str
    environment: dict[str, str]
    outputs: dict[str, list[int | float]]
    complex_names: list[str] = []
    """Which of `outputs` are complex."""


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """How far today's outputs lie from the stored ones, as a fraction of the tolerance."""

    worst: float
    where: str

    @property
    def is_tolerable(self) -> bool:
        return self.worst <= 1.0


class DriftReport(msgspec.Struct, frozen=True, kw_only=True):
    """What came of comparing today's outputs with the stored ones, where there was anything to compare."""

    said: str
    is_compared: bool = False
    is_tolerable: bool = True


def report_drift(stored: StoredOutputs | None, today: StoredOutputs, tolerance: Tolerance) -> DriftReport:
    """Return whether today's outputs are near enough to the stored ones, and what to say of it."""
    if stored is None:
        return DriftReport(said="nothing stored to compare with")
    if stored.version != today.version:
        return DriftReport(said="the problem has changed since its outputs were stored")
    drift = measure_drift(stored, today, tolerance)
    where = f", largest in {drift.where}" if drift.where else ""
    return DriftReport(
        said=f"{drift.worst:.3g} of the tolerance{where}",
        is_compared=True,
        is_tolerable=drift.is_tolerable,
    )


def collect_outputs(
    version: str, environment: dict[str, str], checks: Sequence[Check], answers: Sequence[ReferenceOutput]
) -> StoredOutputs:
    """Collect today's outputs of cases and checkpoints; what other checks give follows from these."""
    arrays = {
        f"{check.name}/{name}" if name else check.name: unpack_array(array)
        for check, answer in zip(checks, answers, strict=True)
        if check.has_own_answer
        for name, array in answer.arrays.items()
    }
    return StoredOutputs(
        version=version,
        environment=environment,
        outputs={name: _numbers(array) for name, array in arrays.items()},
        complex_names=[name for name, array in arrays.items() if np.iscomplexobj(array)],
    )


def read_outputs(folder: Path) -> StoredOutputs | None:
    """Return what is stored in a reference's folder; None where nothing is.

    Raises:
        ProblemError: the file cannot be read, or is not one that `write_outputs` has written.
    """
    path = folder / FILE_NAME
    try:
        # A pipe or a device would never come to its end.
        if path.exists() and not path.is_file():
            raise ProblemError(f"{path} cannot be read: it is no file")
        stored = msgspec.json.decode(path.read_bytes(), type=StoredOutputs)
    except FileNotFoundError:
        return None
    except OSError as fault:
        raise ProblemError(f"{path} cannot be read: {fault.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise ProblemError(
            f"{path} is not what `jaxercise regrade --store-outputs` writes ({fault}): "
            "restore it, or store it anew with that command"
        ) from None
    for name, numbers in stored.outputs.items():
        if np.asarray(numbers).dtype == object:
            raise ProblemError(f"{path} holds a number in {name} that no reference can give: restore it")
    return stored


def write_outputs(folder: Path, outputs: StoredOutputs) -> None:
    """Store them beside the reference.

    Raises:
        ProblemError: the file cannot be written, or a number is not finite, which JSON cannot say.
    """
    path = folder / FILE_NAME
    broken = [name for name, numbers in outputs.outputs.items() if not all(map(math.isfinite, numbers))]
    if broken:
        raise ProblemError(
            f"{path} is not written: the reference's answer to {', '.join(broken)} is not finite"
        )
    try:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(outputs), indent=0) + b"\n")
    except OSError as fault:
        raise ProblemError(f"{path} cannot be written: {fault.strerror}") from None


def measure_drift(stored: StoredOutputs, today: StoredOutputs, tolerance: Tolerance) -> Drift:
    """Return the largest difference in units of what the tolerance allows.

    Infinite where shapes differ, or where either is not finite.
    """
    worst = Drift(worst=0.0, where="")
    for name, numbers in today.outputs.items():
        before, now = np.asarray(stored.outputs.get(name, [])), np.asarray(numbers)
        if name in today.complex_names and before.shape == now.shape:
            before, now = before[::2] + 1j * before[1::2], now[::2] + 1j * now[1::2]
        # What has become integers is exact, even where an older file wrote them as floats.
        pair = (before, now) if is_exact(now) else (now, before)
        error = largest_error(*pair, tolerance)
        if error > worst.worst:
            worst = Drift(worst=error, where=name)
    return worst


def _numbers(array: NDArray[np.generic]) -> list[int | float]:
    flat = array.ravel()
    if is_exact(flat):
        return [int(number) for number in flat]
    if np.iscomplexobj(flat):
        flat = np.stack([flat.real, flat.imag], axis=-1).ravel()
    return [float(number) for number in flat]
