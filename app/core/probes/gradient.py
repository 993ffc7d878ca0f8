"""The gradient of the answer."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.core.probes.probe import DrawingProbe, Fault, ModuleLook, array_arguments

if TYPE_CHECKING:
    from app.core.problem import Case, Manifest

_FLOATS = ("float16", "bfloat16", "float32", "float64")


class GradientProbe(DrawingProbe, frozen=True, kw_only=True, tag="gradient"):
    """The gradient of a fixed scalar of the answer is the reference's.

    By every parameter of the module with `normal(0, std)` values handed in, or, in a problem without a
    module, by every array argument.
    """

    call_mode = "gradient"
    scales_tolerance = True

    def look(self, *, has_module: bool) -> ModuleLook | None:
        return ModuleLook(seed=self.seed, std=self.std if has_module else None, draws=self.draws)

    def faults(self, manifest: "Manifest", case: "Case") -> Iterator[Fault]:
        yield from super().faults(manifest, case)
        if self.draws and manifest.module is None:
            yield "draws", "there is no [module] whose parameters could be drawn"
        for output in manifest.entry.named_outputs:
            if output.dtype not in _FLOATS:
                yield "kind", f"an answer of dtype {output.dtype} has no gradient"
        if manifest.module is None and not array_arguments(case, _FLOATS):
            reason = f"{case.name!r} has no array of floats to take a gradient by, and there is no [module]"
            yield "case", reason
