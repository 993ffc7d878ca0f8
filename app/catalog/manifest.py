"""`problem.toml` as bytes → a checked `Manifest`."""

import tomllib
import uuid

import msgspec

from app.catalog.stage_checks import stage_fault
from app.core.generators import generate
from app.core.problem import Manifest
from app.core.verdict import Visibility
from app.errors import ProblemError

_FILE = "problem.toml"


def read_manifest(data: bytes) -> Manifest:
    """Parse and check `problem.toml`.

    Raises:
        ProblemError: it is not TOML, a key is unknown, missing or of the wrong type, or two parts contradict.
    """
    try:
        manifest = msgspec.convert(tomllib.loads(data.decode()), Manifest)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProblemError(f"{_FILE}: not valid TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise ProblemError(f"{_FILE}: {_place_first(str(error))}") from error
    _check_identity(manifest)
    _check_cases(manifest)
    _check_probes(manifest)
    if manifest.module is not None and (fault := stage_fault(manifest.module.stages)):
        raise _refuse(*fault)
    return manifest


def _place_first(message: str) -> str:
    """msgspec says "reason - at `$.key`"; the place is what an author looks for first."""
    reason, separator, place = message.rpartition(" - at ")
    return f"{place.strip('`')}: {reason}" if separator else f"$: {message}"


def _refuse(place: str, reason: str) -> ProblemError:
    return ProblemError(f"{_FILE}: {place}: {reason}")


def _check_identity(manifest: Manifest) -> None:
    try:
        uuid.UUID(manifest.id)
    except ValueError as error:
        raise _refuse("$.id", f"{manifest.id!r} is not a UUID") from error
    for place, name in [("$.entry.function", manifest.entry.function)] + [
        ("$.entry.parameters", name) for name in manifest.entry.parameters
    ]:
        if not name.isidentifier():
            raise _refuse(place, f"{name!r} is not a Python name")


def _check_cases(manifest: Manifest) -> None:
    names = [case.name for case in manifest.cases] + [probe.name for probe in manifest.probes]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise _refuse("$.cases", f"the name {twice[0]!r} is used twice")
    if not any(case.visibility is Visibility.SAMPLE for case in manifest.cases):
        raise _refuse(
            "$.cases", "at least one case must have visibility 'sample', for Run to have something to run"
        )
    wanted = set(manifest.entry.parameters)
    for index, case in enumerate(manifest.cases):
        place = f"$.cases[{index}].arguments"
        for name in sorted(wanted ^ set(case.arguments)):
            raise _refuse(
                place, f"{name!r} is {'missing' if name in wanted else 'not a parameter of the entry'}"
            )
        for name, argument in case.arguments.items():
            try:
                generate(argument)
            except ValueError as error:
                raise _refuse(f"{place}.{name}", str(error)) from error


def _check_probes(manifest: Manifest) -> None:
    names = {case.name for case in manifest.cases}
    if manifest.probes and manifest.module is None:
        raise _refuse("$.module", "probes need the name of the module class that they look into")
    for index, probe in enumerate(manifest.probes):
        if probe.case not in names:
            raise _refuse(f"$.probes[{index}].case", f"there is no case {probe.case!r}")
