"""The module's parameters: paths, shapes, dtypes and first values."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.core.probes.probe import About, Fault, ModuleLook, Probe, lacks_module
from app.core.verdict import Visibility

if TYPE_CHECKING:
    from app.core.problem import Case, Manifest


class ParametersProbe(Probe, frozen=True, kw_only=True, tag="parameters"):
    """The module's parameters have the reference's paths, shapes, dtypes and initial spread."""

    visibility: Visibility = Visibility.SAMPLE
    """Whether Run takes it too."""

    about = About.PARAMETERS
    passes_stubs = True

    def look(self, *, has_module: bool) -> ModuleLook | None:
        return ModuleLook()

    def faults(self, manifest: "Manifest", case: "Case") -> Iterator[Fault]:
        yield from lacks_module(manifest)
