"""A reference's outputs as they once were, kept beside it, to notice drift between environments."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.core.tolerance import Tolerance
from app.errors import ProblemError
from app.grading.plan.checks import Check
from app.grading.reference.outputs import ReferenceOutput
from sandbox.arrays import unpack_array

FILE_NAME = "outputs.json"


class StoredOutputs(msgspec.Struct, frozen=True, kw_only=True):
    """`outputs.json`: numbers in row-major order by check, and where they were computed.

    One of several outputs has the key `check/output`; complex numbers are their real and imaginary parts.
    """

    version: str
    environment: dict[str, str]
    outputs: dict[str, list[float]]


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """How far today's outputs lie from the stored ones, as a fraction of the tolerance."""

    worst: float
    where: str

    @property
    def is_tolerable(self) -> bool:
        return self.worst <= 1.0


def collect_outputs(
    version: str, environment: dict[str, str], checks: Sequence[Check], answers: Sequence[ReferenceOutput]
) -> StoredOutputs:
    """Collect today's outputs of cases and checkpoints; what other checks give follows from these."""
    outputs = {
        f"{check.name}/{name}" if name else check.name: _numbers(unpack_array(array))
        for check, answer in zip(checks, answers, strict=True)
        if check.has_own_answer
        for name, array in answer.arrays.items()
    }
    return StoredOutputs(version=version, environment=environment, outputs=outputs)


def read_outputs(folder: Path) -> StoredOutputs | None:
    """Return what is stored in a reference's folder; None where nothing is.

    Raises:
        ProblemError: the file cannot be read, or is not one that `write_outputs` has written.
    """
    path = folder / FILE_NAME
    try:
        return msgspec.json.decode(path.read_bytes(), type=StoredOutputs)
    except FileNotFoundError:
        return None
    except OSError as fault:
        raise ProblemError(f"{path} cannot be read: {fault.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise ProblemError(
            f"{path} is not what `jaxercise regrade --store-outputs` writes ({fault}): "
            "restore it, or store it anew with that command"
        ) from None


def write_outputs(folder: Path, outputs: StoredOutputs) -> None:
    """Store them beside the reference.

    Raises:
        ProblemError: the file cannot be written.
    """
    path = folder / FILE_NAME
    try:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(outputs), indent=0) + b"\n")
    except OSError as fault:
        raise ProblemError(f"{path} cannot be written: {fault.strerror}") from None


def measure_drift(stored: StoredOutputs, today: StoredOutputs, tolerance: Tolerance) -> Drift:
    """Return the largest difference in units of what the tolerance allows; infinite where shapes differ."""
    worst = Drift(worst=0.0, where="")
    for name, numbers in today.outputs.items():
        before, now = np.asarray(stored.outputs.get(name, [])), np.asarray(numbers)
        if before.shape != now.shape:
            return Drift(worst=float("inf"), where=name)
        if now.size == 0:
            continue
        allowed = tolerance.allowed(before)
        drift = np.abs(now - before)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = float(np.where(drift > 0, drift / allowed, 0.0).max())
        if ratio > worst.worst:
            worst = Drift(worst=ratio, where=name)
    return worst


def _numbers(array: NDArray[np.generic]) -> list[float]:
    flat = array.ravel()
    if np.iscomplexobj(flat):
        flat = np.stack([flat.real, flat.imag], axis=-1).ravel()
    return [float(number) for number in flat]
