"""`problem.toml` as bytes → a checked `Manifest`."""

import tomllib
import unicodedata
import uuid
from collections.abc import Sequence

import msgspec

from app.catalog.file_text import NotUtf8, read_text
from app.catalog.probe_checks import probe_faults
from app.core.generators import generate
from app.core.problem import DEFAULT_DTYPE, Entry, Manifest, ModuleStage
from app.core.verdict import Visibility
from app.errors import ProblemError

_FILE = "problem.toml"
_DTYPES = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "bfloat16", "float32", "float64", "complex64", "complex128"),
)
_POSITION_LIMIT = 999_999
_OUTPUTS_LIMIT = 32
_OUTPUT_NAME_LIMIT = 60
_STAGES_LIMIT = 64
_STAGE_NAME_LIMIT = 80
ID_LIMIT, SLUG_LIMIT = 64, 100
"""Characters for which the database has room."""
NAME_LIMIT = 200
"""Characters of a title or a track."""
SUMMARY_LIMIT = 1000
ROWS_LIMIT = 200
"""How many rows a verdict may have: cases, those drawn anew, and probes."""


def read_manifest(data: bytes) -> Manifest:
    """Parse and check `problem.toml`.

    Raises:
        ProblemError: it is not TOML, a key is unknown, missing or of the wrong type, or two parts contradict.
    """
    try:
        manifest = msgspec.convert(tomllib.loads(read_text(data)), Manifest)
    except NotUtf8 as error:
        raise ProblemError(f"{_FILE}: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ProblemError(f"{_FILE}: not valid TOML: {error}") from error
    except RecursionError as error:
        raise ProblemError(f"{_FILE}: not valid TOML: brackets are nested too deeply") from error
    except msgspec.ValidationError as error:
        raise ProblemError(f"{_FILE}: {_place_first(str(error))}") from error
    _check_identity(manifest)
    _check_sizes(manifest)
    _check_outputs(manifest.entry)
    _check_cases(manifest)
    _check_probes(manifest)
    if manifest.module is not None:
        _check_stages(manifest.module.stages, manifest.entry.parameters)
    return manifest


def _place_first(message: str) -> str:
    """Put the place first, which an author looks for; msgspec says "reason - at `$.key`"."""
    reason, separator, place = message.rpartition(" - at ")
    return f"{place.strip('`')}: {reason}" if separator else f"$: {message}"


def _refuse(place: str, reason: str) -> ProblemError:
    return ProblemError(f"{_FILE}: {place}: {reason}")


def _check_identity(manifest: Manifest) -> None:
    if not 0 <= manifest.position <= _POSITION_LIMIT:
        raise _refuse("$.position", f"must be from 0 to {_POSITION_LIMIT:,}")
    try:
        uuid.UUID(manifest.id)
    except ValueError as error:
        raise _refuse("$.id", f"{manifest.id!r} is not a UUID") from error
    for place, name in [("$.entry.function", manifest.entry.function)] + [
        ("$.entry.parameters", name) for name in manifest.entry.parameters
    ]:
        if not name.isidentifier():
            raise _refuse(place, f"{name!r} is not a Python name")
    for index, name in enumerate(manifest.packages):
        if not name.isidentifier():
            raise _refuse(
                f"$.packages[{index}]", f"{name!r} is not a name that `import` takes, such as 'einops'"
            )


def _check_sizes(manifest: Manifest) -> None:
    """Bound what pages show of every problem, and of every verdict; and what a database takes."""
    for key, text, limit in (("id", manifest.id, ID_LIMIT), ("slug", manifest.slug, SLUG_LIMIT)):
        if len(text) > limit:
            raise _refuse(f"$.{key}", f"has {len(text):,} characters; at most {limit:,} are allowed")
    for key, text, limit in (
        ("title", manifest.title, NAME_LIMIT),
        ("track", manifest.track, NAME_LIMIT),
        ("summary", manifest.summary, SUMMARY_LIMIT),
    ):
        if len(text) > limit:
            raise _refuse(f"$.{key}", f"has {len(text):,} characters; at most {limit:,} are allowed")
        _check_shown(f"$.{key}", text)
    rows = len(manifest.cases) + sum(case.fresh for case in manifest.cases) + len(manifest.probes)
    if rows > ROWS_LIMIT:
        raise _refuse(
            "$.cases",
            f"with those drawn anew and the probes there are {rows:,}; at most {ROWS_LIMIT} are allowed",
        )


def _check_shown(place: str, text: str) -> None:
    """Refuse what a list could not show, or PostgreSQL not store."""
    if not text.strip():
        raise _refuse(place, "must not be empty: lists and pages show it")
    odd = [char for char in text if unicodedata.category(char) == "Cc" and char not in "\t\n"]
    if odd:
        raise _refuse(place, f"has a control character (U+{ord(odd[0]):04X})")


def _check_outputs(entry: Entry) -> None:
    place = "$.entry.outputs"
    if entry.structure == "array" and entry.outputs:
        raise _refuse("$.entry.structure", "several outputs need 'tuple' or 'dict'")
    if entry.structure != "array" and not 1 <= len(entry.outputs) <= _OUTPUTS_LIMIT:
        raise _refuse(
            place, f"a {entry.structure} needs 1 to {_OUTPUTS_LIMIT} outputs, each with its name and dtype"
        )
    if entry.outputs and entry.output_dtype != DEFAULT_DTYPE:
        raise _refuse("$.entry.output_dtype", "is for a single array; each of several outputs has its dtype")
    for index, output in enumerate(entry.outputs):
        if not _is_output_name(output.name):
            reason = f"1 to {_OUTPUT_NAME_LIMIT} printable characters are needed, none of them a backtick"
            raise _refuse(f"{place}[{index}].name", reason)
        if output.name in [other.name for other in entry.outputs[:index]]:
            raise _refuse(f"{place}[{index}].name", f"the name {output.name!r} is used twice")
    for index, output in enumerate(entry.named_outputs):
        if output.dtype not in _DTYPES:
            where = f"{place}[{index}].dtype" if entry.outputs else "$.entry.output_dtype"
            raise _refuse(where, f"{output.dtype!r} is none of {', '.join(_DTYPES)}")


def _is_output_name(name: str) -> bool:
    return 1 <= len(name) <= _OUTPUT_NAME_LIMIT and name.isprintable() and "`" not in name


def _check_cases(manifest: Manifest) -> None:
    names = [case.name for case in manifest.cases] + [probe.name for probe in manifest.probes]
    names += [drawn for case in manifest.cases for drawn in case.fresh_names]
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
    for place, reason in probe_faults(manifest):
        raise _refuse(place, reason)


def _check_stages(stages: Sequence[ModuleStage], parameters: Sequence[str]) -> None:
    """Refuse the first stage that could not be told apart or found, or that names what is not there."""
    if len(stages) > _STAGES_LIMIT:
        raise _refuse("$.module.stages", f"more than {_STAGES_LIMIT} stages are not recorded")
    names: set[str] = set()
    for index, stage in enumerate(stages):
        place = f"$.module.stages[{index}]"
        if not 0 < len(stage.name) <= _STAGE_NAME_LIMIT:
            raise _refuse(f"{place}.name", f"must have 1 to {_STAGE_NAME_LIMIT} characters")
        if stage.name in names:
            raise _refuse(f"{place}.name", f"the name {stage.name!r} is used twice")
        if not all(stage.path.split(".")):
            raise _refuse(f"{place}.path", f"{stage.path!r} is not names joined by dots, such as 'blocks.0'")
        if of := stage.attention:
            for name in (of.queries, of.keys, of.values):
                if name not in names:
                    raise _refuse(f"{place}.attention", f"{name!r} is no stage before this one")
            if of.heads not in parameters:
                raise _refuse(f"{place}.attention", f"{of.heads!r} is not a parameter of the entry")
        names.add(stage.name)
