"""How far a value may lie from the reference's."""

import msgspec
import numpy as np
from numpy.typing import NDArray


class Tolerance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value `a` matches the reference's `e` where `|a - e| <= absolute + relative * |e|`.

    The scale comes from the reference alone (as in `numpy.isclose`), so a learner's NaN or
    infinity can never widen it.
    """

    absolute: float = 1e-5
    relative: float = 1e-4

    def __post_init__(self) -> None:
        for name in ("absolute", "relative"):
            value = getattr(self, name)
            if not 0 <= value < 1:
                raise ValueError(f"{name} must be at least 0 and below 1, not {value}")

    def allowed(self, reference: NDArray[np.inexact]) -> NDArray[np.float64]:
        """Return how far from each number of `reference` another may lie, in its shape."""
        return np.asarray(self.absolute + self.relative * np.abs(reference), dtype=np.float64)
