"""What `problem.toml` says of the module and of probes, checked beyond its types."""

from collections.abc import Iterator

import numpy as np

from app.core.generators import generate
from app.core.problem import (
    AccuracyProbe,
    Case,
    CheckpointProbe,
    GradientProbe,
    Manifest,
    ParametersProbe,
    Probe,
    TransformsProbe,
)
from app.core.verdict import Visibility

Fault = tuple[str, str]
"""A place in the file, and what is wrong there."""

_REPEATED = "-again"
_POINTS_LIMIT = 100
_FLOATS = ("float16", "bfloat16", "float32", "float64")


def probe_faults(manifest: Manifest) -> Iterator[Fault]:
    """All that is wrong with the module, the probes, and what is left for Run."""
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
        for key, reason in _faults(manifest, probe, cases[probe.case]):
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


def _faults(manifest: Manifest, probe: Probe, case: Case) -> Iterator[Fault]:
    if not 0 <= probe.points <= _POINTS_LIMIT:
        yield "points", f"points must be from 0 to {_POINTS_LIMIT}"
    match probe:
        case ParametersProbe():
            yield from _lacks_module(manifest)
        case CheckpointProbe():
            yield from _lacks_module(manifest)
            yield from _draw_faults(probe)
        case GradientProbe():
            yield from _draw_faults(probe)
            yield from _gradient_faults(manifest, case)
        case TransformsProbe():
            yield from _transforms_faults(manifest, case)
        case AccuracyProbe():
            yield from _accuracy_faults(manifest, probe, case)


def _lacks_module(manifest: Manifest) -> Iterator[Fault]:
    if manifest.module is None:
        yield "kind", "this probe needs [module] with the name of the class that it looks into"


def _draw_faults(probe: CheckpointProbe | GradientProbe) -> Iterator[Fault]:
    if probe.seed < 0:
        yield "seed", "a seed must not be negative"
    if not 0 < probe.std < float("inf"):
        yield "std", "the standard deviation must be a number above zero"


def _gradient_faults(manifest: Manifest, case: Case) -> Iterator[Fault]:
    for output in manifest.entry.named_outputs:
        if output.dtype not in _FLOATS:
            yield "kind", f"an answer of dtype {output.dtype} has no gradient"
    if manifest.module is None and not _arrays(case, _FLOATS):
        yield "case", f"{case.name!r} has no array of floats to take a gradient by, and there is no [module]"


def _transforms_faults(manifest: Manifest, case: Case) -> Iterator[Fault]:
    if manifest.module is None:
        if not _arrays(case):
            yield "case", f"{case.name!r} has no array for jax.jit and jax.vmap to trace"
    elif not manifest.module.inputs:
        yield "kind", "this probe calls the module itself: [module] needs `inputs`, in the order of the call"
    else:
        for name in manifest.module.inputs:
            if name in case.arguments and name not in _arrays(case):
                yield "case", f"the module's input {name!r} is no array in {case.name!r}"


def _accuracy_faults(manifest: Manifest, probe: AccuracyProbe, case: Case) -> Iterator[Fault]:
    if not 0 < probe.full <= 1:
        yield "full", "the fraction of right labels must be above 0 and at most 1"
    if probe.part is not None and not 0 <= probe.part < probe.full:
        yield "part", "points begin below `full`, and not below 0"
    if case.fresh:
        yield "case", f"{case.name!r} is drawn anew for each submission, and the labels would not follow"
    if sum(isinstance(other, AccuracyProbe) and other.case == case.name for other in manifest.probes) > 1:
        yield "case", f"another accuracy probe counts the labels of {case.name!r} already"
    if manifest.entry.structure != "array":
        yield "kind", "labels are counted in an answer of one array only"
    try:
        labels = np.asarray(generate(probe.labels))
    except ValueError as error:
        yield "labels", str(error)
        return
    if labels.ndim != 1 or labels.size == 0 or labels.dtype.kind not in "iu":
        yield "labels", "labels are a row of whole numbers, dtype int32, one for each example"


def _run_faults(manifest: Manifest) -> Iterator[Fault]:
    counted = {probe.case for probe in manifest.probes if isinstance(probe, AccuracyProbe)}
    shown = [
        *(case.visibility for case in manifest.cases if case.name not in counted),
        *(probe.visibility for probe in manifest.probes),
    ]
    if Visibility.SAMPLE not in shown:
        reason = "Run has nothing to run: every sample case is counted by an accuracy probe that is hidden"
        yield "$.probes", reason


def _arrays(case: Case, dtypes: tuple[str, ...] = ()) -> list[str]:
    """The arguments that are arrays, of any or of one of these dtypes."""
    made = {name: generate(argument) for name, argument in case.arguments.items()}
    return [
        name
        for name, value in made.items()
        if isinstance(value, np.ndarray) and (not dtypes or value.dtype.name in dtypes)
    ]
