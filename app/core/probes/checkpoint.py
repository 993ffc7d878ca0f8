"""The answer with parameters handed in, which zero initialisation cannot hide mistakes from."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.core.probes.probe import About, DrawingProbe, Fault, ModuleLook, lacks_module

if TYPE_CHECKING:
    from app.core.problem import Case, Manifest


class CheckpointProbe(DrawingProbe, frozen=True, kw_only=True, tag="checkpoint"):
    """With every parameter replaced by path with `normal(0, std)` values, the answer is the reference's."""

    about = About.ANSWER

    def look(self, *, has_module: bool) -> ModuleLook | None:
        return ModuleLook(seed=self.seed, std=self.std, draws=self.draws)

    def faults(self, manifest: "Manifest", case: "Case") -> Iterator[Fault]:
        yield from lacks_module(manifest)
        yield from super().faults(manifest, case)
