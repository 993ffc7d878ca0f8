"""What `problem.toml` says of the module and of probes, checked beyond its types."""

import keyword
from collections.abc import Iterator

from app.catalog.rules.toml_lines import Place
from app.catalog.rules.typed_faults import Fault, did_you_mean
from app.core.probes.probe import Probe
from app.core.problem import Case, Entry, Manifest, ModuleClass
from app.core.verdict import Visibility


def probe_faults(place: Place, probe: Probe, manifest: Manifest, case: Case) -> Iterator[Fault]:
    """Yield all that is wrong with one probe, which looks into `case`."""
    for key, reason in probe.faults(manifest, case):
        yield (*place, *((key,) if isinstance(key, str) else key)), reason


def module_faults(module: ModuleClass, entry: Entry) -> Iterator[Fault]:
    """Yield what is wrong with the module itself; its stages are checked apart."""
    if not module.name.isidentifier() or keyword.iskeyword(module.name):
        yield ("module", "name"), f"{module.name!r} is not a Python name"
    for index, name in enumerate(module.inputs):
        if name not in entry.parameters:
            reason = f"{name!r} is not a parameter of the entry{did_you_mean(name, entry.parameters)}"
            yield ("module", "inputs", index), reason
    for path, words in module.words.items():
        if not path or not words.strip():
            reason = "a path and what the statement says of it must not be empty"
            yield ("module", "words", path), reason


def run_faults(manifest: Manifest) -> Iterator[Fault]:
    """Yield that Run has nothing to run, though there are sample cases."""
    shown = [
        *(case.visibility for case in manifest.cases if case.name not in manifest.replaced_cases),
        *(probe.visibility for probe in manifest.probes),
    ]
    if Visibility.SAMPLE not in shown:
        reason = "Run has nothing to run: every sample case is counted by an accuracy probe that is hidden"
        yield ("probes",), reason
