"""The answer under JAX's transformations."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.core.probes.probe import Fault, ModuleLook, Probe, array_arguments

if TYPE_CHECKING:
    from app.core.problem import Case, Manifest

_SEED = 20_251
_STD = 0.3
"""Parameters are handed in here too, so that their creation order does not matter."""


class TransformsProbe(Probe, frozen=True, kw_only=True, tag="transforms"):
    """Under `jax.jit` and `jax.vmap` the answer stays what it is."""

    call_mode = "transforms"
    is_traced_first = True

    def look(self, *, has_module: bool) -> ModuleLook | None:
        return ModuleLook(seed=_SEED, std=_STD) if has_module else None

    def faults(self, manifest: "Manifest", case: "Case") -> Iterator[Fault]:
        if manifest.module is None:
            if not array_arguments(case):
                yield "case", f"{case.name!r} has no array for jax.jit and jax.vmap to trace"
        elif not manifest.module.inputs:
            yield (
                "kind",
                "this probe calls the module itself: [module] needs `inputs`, in the order of the call",
            )
        else:
            for name in manifest.module.inputs:
                if name in case.arguments and name not in array_arguments(case):
                    yield "case", f"the module's input {name!r} is no array in {case.name!r}"
