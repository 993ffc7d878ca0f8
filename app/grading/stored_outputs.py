"""A reference's outputs as they once were, kept beside it, to notice drift between environments."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from app.core.tolerance import Tolerance
from app.grading.graded_items import GradedItem
from app.grading.trusted_answers import TrustedAnswer
from sandbox.arrays import unpack_array

FILE_NAME = "outputs.json"


class StoredOutputs(msgspec.Struct, frozen=True, kw_only=True):
    """`outputs.json`: numbers in row-major order by item name, and where they were computed."""

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
    version: str, environment: dict[str, str], items: Sequence[GradedItem], answers: Sequence[TrustedAnswer]
) -> StoredOutputs:
    """Today's outputs of the items that have a value."""
    outputs = {
        item.name: [float(number) for number in np.ravel(unpack_array(answer.value))]
        for item, answer in zip(items, answers, strict=True)
        if answer.value is not None
    }
    return StoredOutputs(version=version, environment=environment, outputs=outputs)


def read_outputs(folder: Path) -> StoredOutputs | None:
    """What is stored in a reference's folder; None where nothing is."""
    try:
        return msgspec.json.decode((folder / FILE_NAME).read_bytes(), type=StoredOutputs)
    except FileNotFoundError:
        return None


def write_outputs(folder: Path, outputs: StoredOutputs) -> None:
    """Store them beside the reference."""
    (folder / FILE_NAME).write_bytes(msgspec.json.format(msgspec.json.encode(outputs), indent=0) + b"\n")


def measure_drift(stored: StoredOutputs, today: StoredOutputs, tolerance: Tolerance) -> Drift:
    """The largest difference in units of what the tolerance allows there; infinite where shapes differ."""
    worst = Drift(worst=0.0, where="")
    for name, numbers in today.outputs.items():
        before, now = np.asarray(stored.outputs.get(name, [])), np.asarray(numbers)
        if before.shape != now.shape:
            return Drift(worst=float("inf"), where=name)
        if now.size == 0:
            continue
        allowed = tolerance.absolute + tolerance.relative * np.abs(before)
        ratio = float((np.abs(now - before) / allowed).max())
        if ratio > worst.worst:
            worst = Drift(worst=ratio, where=name)
    return worst
