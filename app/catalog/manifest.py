"""`problem.toml` as bytes → a checked `Manifest`, or all that is wrong with it."""

import re
import tomllib

import msgspec

from app.catalog.faults import BrokenPackage, PackageFault
from app.catalog.rules.manifest_checks import Draft, draft_faults
from app.catalog.rules.text_faults import decoded
from app.catalog.rules.toml_lines import Place, TomlLines, key_text
from app.catalog.rules.typed_faults import NO_SUCH_KEY, typed_faults
from app.core.problem import Entry, Manifest

FILE = "problem.toml"
_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_TOML_WORDS = {
    "Cannot overwrite a value": "this key stands here twice",
    "Expected '=' after a key in a key/value pair": "a key is followed by `=` and its value",
    "Invalid value": "this is no value of TOML: text stands in quotes, and true and false are lower-case",
    "Expected newline or end of document after a statement": "nothing else may follow a value on its line",
    "Invalid date or datetime": "there is no such date or time",
    "Unterminated string": "a text has no closing quotes",
    "Unclosed array": "a list has no closing bracket",
    "Unclosed inline table": "a table in braces has no closing brace, or goes over several lines",
}
"""For the mistakes that are made most; the words of `tomllib` for all others."""


class ReadManifest(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in a `problem.toml`: the manifest, or its faults and as much as could be read."""

    manifest: Manifest | None
    faults: tuple[PackageFault, ...]
    draft: Draft | None
    """None where it is no TOML."""
    text: str

    @property
    def entry(self) -> Entry | None:
        """What solutions must define, where nothing is wrong with it."""
        is_faulty = any(fault.key.partition(".")[0] == "entry" for fault in self.faults)
        return None if self.draft is None or is_faulty else self.draft.entry

    @property
    def forbidden(self) -> tuple[str, ...]:
        """The names that solutions may not use, where nothing is wrong with them."""
        names = self.draft.keys.get("forbidden") if self.draft else None
        is_faulty = any(fault.key.startswith("forbidden") for fault in self.faults)
        return tuple(names) if isinstance(names, list) and not is_faulty else ()


def read_manifest(data: bytes) -> Manifest:
    """Parse and check `problem.toml`.

    Raises:
        BrokenPackage: it is not TOML, keys are unknown, missing or of the wrong type, or parts contradict.
    """
    found = examine_manifest(data)
    if found.manifest is None:
        raise BrokenPackage(found.faults)
    return found.manifest


def examine_manifest(data: bytes) -> ReadManifest:
    """Parse and check `problem.toml`, and find all that is wrong with it."""
    text, faults = decoded(FILE, data)
    keys: dict[str, object] = {}
    if not faults:
        try:
            keys = tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            faults = [_syntax_fault(text, error)]
    if not faults and not keys:
        required = ", ".join(field.name for field in msgspec.structs.fields(Manifest) if field.required)
        faults = [PackageFault(file=FILE, reason=f"is empty; it must have {required}")]
    if faults:
        return ReadManifest(manifest=None, faults=tuple(faults), draft=None, text=text)
    found = list(typed_faults(keys, Manifest))
    draft = Draft.of(keys, faulty=[place for place, _ in found])
    found += draft_faults(draft)
    if found:
        lines = TomlLines(text)
        faults = [manifest_fault(lines, place, _in_place(place, reason)) for place, reason in found]
        return ReadManifest(manifest=None, faults=tuple(faults), draft=draft, text=text)
    try:
        manifest = msgspec.convert(keys, Manifest)
    except msgspec.ValidationError as error:
        # A type that `typed_faults` does not know yet: better told in msgspec's words than not at all.
        reason, _, place = str(error).partition(" - at ")
        faults = [PackageFault(file=FILE, key=place.strip("`").removeprefix("$."), reason=reason)]
        return ReadManifest(manifest=None, faults=tuple(faults), draft=draft, text=text)
    return ReadManifest(manifest=manifest, faults=(), draft=draft, text=text)


def manifest_fault(lines: TomlLines, place: Place, reason: str) -> PackageFault:
    """Return a fault of one key of a `problem.toml` whose lines these are."""
    return PackageFault(file=FILE, line=lines.line_of(place), key=key_text(place), reason=reason)


def _in_place(place: Place, reason: str) -> str:
    """Say of a key that is not known where it stands, but is at the top, that it belongs there."""
    table = key_text(place[:-1])
    if table and NO_SUCH_KEY in reason and place[-1] in Manifest.__struct_fields__:
        return f"belongs in front of the first [table]; here it is a key of `{table}`"
    return reason


def _syntax_fault(text: str, error: Exception) -> PackageFault:
    """Say where the text stops being TOML."""
    if isinstance(error, RecursionError):
        return PackageFault(file=FILE, reason="is not valid TOML: lists or tables lie too deep in each other")
    said = str(error)
    found = _TOML_PLACE.search(said)
    reason = said[: found.start()] if found else said
    words = _TOML_WORDS.get(reason, reason)
    if found is None and "digits" in said:
        words = "a number has more digits than can be read"
    if found is None:
        return PackageFault(file=FILE, reason=f"is not valid TOML: {words}")
    if found[1] is None:
        line = len(text.rstrip().split("\n"))
        return PackageFault(file=FILE, line=line, reason=f"is not valid TOML: {words}, and the file ends")
    line, column = int(found[1]), int(found[2])
    return PackageFault(file=FILE, line=line, reason=f"is not valid TOML: column {column}: {words}")
