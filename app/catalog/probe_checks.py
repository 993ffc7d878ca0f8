"""What `problem.toml` says of the module and of probes, checked beyond its types."""

from collections.abc import Iterator

from app.core.probes.probe import Fault
from app.core.problem import Manifest
from app.core.verdict import Visibility

_REPEATED = "-again"
_POINTS_LIMIT = 100


def probe_faults(manifest: Manifest) -> Iterator[Fault]:
    """Yield all that is wrong with the module, the probes, and what is left for Run; places first."""
    yield from _module_faults(manifest)
    cases = {case.name: case for case in manifest.cases}
    for name in cases:
        again = f"{name}{_REPEATED}"
        if again in cases or any(probe.name == again for probe in manifest.probes):
            yield "$.cases", f"{again!r} is the name under which {name!r} is called a second time"
    for index, probe in enumerate(manifest.probes):
        place = f"$.probes[{index}]"
        if probe.case not in cases:
            yield f"{place}.case", f"there is no case {probe.case!r}"
            continue
        if not 0 <= probe.points <= _POINTS_LIMIT:
            yield f"{place}.points", f"points must be from 0 to {_POINTS_LIMIT}"
        for key, reason in probe.faults(manifest, cases[probe.case]):
            yield f"{place}.{key}", reason
    yield from _run_faults(manifest)


def _module_faults(manifest: Manifest) -> Iterator[Fault]:
    module = manifest.module
    if module is None:
        return
    for name in module.inputs:
        if name not in manifest.entry.parameters:
            yield "$.module.inputs", f"{name!r} is not a parameter of the entry"
    for path, words in module.words.items():
        if not path or not words.strip():
            yield "$.module.words", "a path and what the statement says of it must not be empty"


def _run_faults(manifest: Manifest) -> Iterator[Fault]:
    shown = [
        *(case.visibility for case in manifest.cases if case.name not in manifest.replaced_cases),
        *(probe.visibility for probe in manifest.probes),
    ]
    if Visibility.SAMPLE not in shown:
        reason = "Run has nothing to run: every sample case is counted by an accuracy probe that is hidden"
        yield "$.probes", reason
