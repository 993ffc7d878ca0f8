"""How many labels a trained model gets right."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from app.core.generators import Argument, generate
from app.core.probes.probe import Fault, Probe

if TYPE_CHECKING:
    from app.core.problem import Case, Manifest


class AccuracyProbe(Probe, frozen=True, kw_only=True, tag="accuracy"):
    """For trained models: the fraction of `labels` that the answer to `case` gets right.

    The answer is one label, or one row of scores, an example. From `part` on it earns points in proportion,
    from `full` on all of them. The case itself is not compared with the reference.
    """

    labels: Argument
    """The right labels: a row of whole numbers, one an example."""
    full: float
    """The fraction of right labels that earns all points."""
    part: float | None = None
    """The fraction above which points begin; where it is not given, there are none below `full`."""

    replaces_case = True

    def faults(self, manifest: "Manifest", case: "Case") -> Iterator[Fault]:
        if not 0 < self.full <= 1:
            yield "full", "the fraction of right labels must be above 0 and at most 1"
        if self.part is not None and not 0 <= self.part < self.full:
            yield "part", "points begin below `full`, and not below 0"
        if case.fresh:
            yield "case", f"{case.name!r} is drawn anew for each submission, and the labels would not follow"
        if sum(isinstance(other, AccuracyProbe) and other.case == case.name for other in manifest.probes) > 1:
            yield "case", f"another accuracy probe counts the labels of {case.name!r} already"
        if manifest.entry.structure != "array":
            yield "kind", "labels are counted in an answer of one array only"
        yield from self._label_faults()

    def _label_faults(self) -> Iterator[Fault]:
        try:
            labels = np.asarray(generate(self.labels))
        except ValueError as error:
            yield "labels", str(error)
            return
        if labels.ndim != 1 or labels.size == 0 or labels.dtype.kind not in "iu":
            yield "labels", "labels are a row of whole numbers, dtype int32, one for each example"
