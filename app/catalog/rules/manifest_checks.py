"""What the types of a manifest cannot say: values that contradict each other, or name what is not there."""

import keyword
import unicodedata
import uuid
from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np

from app.catalog.rules.probe_checks import module_faults, probe_faults, run_faults
from app.catalog.rules.size_checks import multiple_faults
from app.catalog.rules.toml_lines import Place
from app.catalog.rules.typed_faults import Fault, did_you_mean, listed, nearest
from app.core.generators import Argument, Integers, Uniform, generate
from app.core.probes.probe import Probe
from app.core.probes.table import AnyProbe
from app.core.problem import (
    DEFAULT_DTYPE,
    Case,
    Entry,
    Manifest,
    ModuleClass,
    ModuleStage,
    WrongVariant,
)
from app.core.verdict import Visibility

ROWS_LIMIT = 200
"""How many rows a verdict may have: cases, those drawn anew, and probes."""
DTYPES = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "bfloat16", "float32", "float64", "complex64", "complex128"),
)
OUTPUTS_LIMIT = 32
OUTPUT_NAME_LIMIT = 60
STAGES_LIMIT = 64
STAGE_NAME_LIMIT = 80


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """As much of a manifest as is what its types want; a part that is not is left out.

    So what is wrong in one part hides nothing of the others, and nothing is told that only follows from it.
    """

    keys: Mapping[str, object]
    """All of it, as it stands in the file."""
    faulty: tuple[Place, ...]
    entry: Entry | None
    module: ModuleClass | None
    cases: Mapping[int, Case]
    probes: Mapping[int, Probe]
    variants: Mapping[str, WrongVariant]

    @classmethod
    def of(cls, keys: Mapping[str, object], *, faulty: Sequence[Place]) -> "Draft":
        """Read the parts whose places have nothing faulty in them."""

        def sound(name: str) -> Iterator[tuple[int | str, object]]:
            found = keys.get(name)
            items = found.items() if isinstance(found, dict) else enumerate(_list(found))
            return ((key, item) for key, item in items if _is_sound(faulty, (name, key)))

        has = {name: name in keys and _is_sound(faulty, (name,)) for name in ("entry", "module")}
        return cls(
            keys=keys,
            faulty=tuple(faulty),
            entry=msgspec.convert(keys["entry"], Entry) if has["entry"] else None,
            module=msgspec.convert(keys["module"], ModuleClass) if has["module"] else None,
            cases={int(index): msgspec.convert(item, Case) for index, item in sound("cases")},
            probes={int(index): msgspec.convert(item, AnyProbe) for index, item in sound("probes")},
            variants={str(key): msgspec.convert(item, WrongVariant) for key, item in sound("variants")},
        )

    def is_sound(self, *place: str | int) -> bool:
        """Say whether nothing is wrong with what stands there, by its types."""
        return _is_sound(self.faulty, place)

    @property
    def knows_names(self) -> bool:
        """Say whether every case and probe has a name of its own, so that any other is a fault."""
        for place in self.faulty:
            # This may be `[[case]]`.
            is_unknown = len(place) == 1 and place[0] not in Manifest.__struct_fields__
            if (is_unknown and _list(self.keys[str(place[0])])) or (
                place[0] in ("cases", "probes") and place[-1] == "name"
            ):
                return False
        names = [name for part in ("cases", "probes") for _, name in self.names(part)]
        count = len(_list(self.keys.get("cases"))) + len(_list(self.keys.get("probes")))
        return bool(self.names("cases")) and len(set(names)) == count

    @property
    def has_module(self) -> bool:
        """Say whether there is a module, be it readable or not."""
        return "module" in self.keys

    def declared(self, name: str) -> list[str] | None:
        """Return the names below `[variants]` or `[also_right]`, faulty ones too; None of no table."""
        found = self.keys.get(name, {})
        return list(found) if isinstance(found, dict) else None

    def names(self, part: str) -> list[tuple[int, str]]:
        """Return the names of cases or probes with their places, of those with faults too."""
        return [
            (index, item["name"])
            for index, item in enumerate(_list(self.keys.get(part)))
            if isinstance(item, dict) and isinstance(item.get("name"), str)
        ]

    def manifest(self, entry: Entry) -> Manifest:
        """Return what is sound of the parts that probes look at, as a manifest without identity."""
        return Manifest(
            id="",
            slug="",
            position=0,
            title="",
            track="",
            summary="",
            entry=entry,
            module=self.module,
            cases=tuple(self.cases.values()),
            probes=tuple(self.probes.values()),
        )


def _is_sound(faulty: Sequence[Place], place: Place) -> bool:
    return all(other[: len(place)] != place and place[: len(other)] != other for other in faulty)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def draft_faults(draft: Draft) -> Iterator[Fault]:
    """Yield all that is wrong with a manifest beyond its types, as far as it can be read."""
    yield from _identity_faults(draft)
    yield from _shown_faults(draft.keys)
    if draft.entry is not None:
        faults = list(_entry_faults(draft.entry))
        yield from faults
        if any("parameters" in place for place, _ in faults):
            draft = msgspec.structs.replace(draft, entry=None)
    if draft.entry is not None:
        yield from _output_faults(draft.entry)
        if draft.module is not None:
            parameters = draft.entry.parameters
            yield from module_faults(draft.module, draft.entry)
            yield from _stage_faults(draft.module.stages, parameters)
    yield from _name_faults(draft)
    yield from _case_faults(draft)
    if draft.entry is not None:
        yield from multiple_faults(draft.entry, draft.cases)
    yield from _probe_faults(draft)
    yield from _row_faults(draft)
    yield from _variant_faults(draft)


def _identity_faults(draft: Draft) -> Iterator[Fault]:
    for key in ("title", "track", "summary"):
        text = draft.keys.get(key)
        if isinstance(text, str) and text and not text.strip():
            yield (key,), "must not be blank"
    for key in ("title", "track"):
        text = draft.keys.get(key)
        if isinstance(text, str) and text.strip() and not text.isprintable():
            yield (key,), f"{text[:60]!r} must be one line of printable characters"
    slug = draft.keys.get("slug")
    if isinstance(slug, str) and slug.isdecimal():
        yield ("slug",), f"{slug!r} would be taken for a position by every command; add a word to it"
    found = draft.keys.get("id")
    if isinstance(found, str) and not _is_uuid(found):
        yield (
            ("id",),
            f'{found[:60]!r} is not a UUID; `python3 -c "import uuid; print(uuid.uuid4())"` makes one',
        )
    for index, name in _texts(draft.keys.get("packages")):
        if not _is_python_name(name):
            yield (
                ("packages", index),
                f"{name!r} is not a name that `import` takes, such as 'einops'",
            )
    for index, name in _texts(draft.keys.get("forbidden")):
        if not all(map(_is_python_name, name.split("."))):
            yield (
                ("forbidden", index),
                f"{name!r} is not a name with dots, such as 'nnx.MultiHeadAttention'",
            )


def _shown_faults(keys: Mapping[str, object]) -> Iterator[Fault]:
    """Tell of what a list could not show, or PostgreSQL not store."""
    for key in ("title", "track", "summary"):
        text = keys.get(key)
        if not isinstance(text, str) or not text:
            continue
        odd = [char for char in text if unicodedata.category(char) == "Cc" and char not in "\t\n"]
        if odd:
            yield (key,), f"has a control character (U+{ord(odd[0]):04X}); take it out"


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def _texts(value: object) -> Iterator[tuple[int, str]]:
    for index, item in enumerate(_list(value)):
        if isinstance(item, str):
            yield index, item


def _is_python_name(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)


def _entry_faults(entry: Entry) -> Iterator[Fault]:
    if not _is_python_name(entry.function):
        yield ("entry", "function"), f"{entry.function!r} is not a Python name"
    for index, name in enumerate(entry.parameters):
        if not _is_python_name(name):
            yield ("entry", "parameters", index), f"{name!r} is not a Python name"
        elif name in entry.parameters[:index]:
            yield ("entry", "parameters", index), f"the name {name!r} is used twice"


def _output_faults(entry: Entry) -> Iterator[Fault]:
    place = ("entry", "outputs")
    if entry.structure == "array" and entry.outputs:
        yield ("entry", "structure"), "several outputs need 'tuple' or 'dict'"
    if entry.structure != "array" and not 1 <= len(entry.outputs) <= OUTPUTS_LIMIT:
        yield place, f"a {entry.structure} needs 1 to {OUTPUTS_LIMIT} outputs, each with its name and dtype"
    if entry.outputs and entry.output_dtype != DEFAULT_DTYPE:
        reason = "is for a single array; each of several outputs has its dtype"
        yield ("entry", "output_dtype"), reason
    names = [output.name for output in entry.outputs]
    for index, name in enumerate(names):
        if not (1 <= len(name) <= OUTPUT_NAME_LIMIT and name.isprintable() and "`" not in name):
            reason = f"1 to {OUTPUT_NAME_LIMIT} printable characters are needed, none of them a backtick"
            yield (*place, index, "name"), reason
        if name in names[:index]:
            yield (*place, index, "name"), f"the name {name!r} is used twice"
    for index, output in enumerate(entry.named_outputs):
        if output.dtype not in DTYPES:
            reason = f"{output.dtype!r} is none of {listed(DTYPES)}{did_you_mean(output.dtype, DTYPES)}"
            yield ((*place, index, "dtype") if entry.outputs else ("entry", "output_dtype")), reason


def _name_faults(draft: Draft) -> Iterator[Fault]:
    """Tell names that cases and probes share, and those of calls that are made a second time."""
    cases, probes = draft.names("cases"), draft.names("probes")
    seen: set[str] = set()
    for part, index, name in [("cases", *one) for one in cases] + [("probes", *one) for one in probes]:
        if name in seen:
            yield (part, index, "name"), f"the name {name!r} is used twice; each case and probe has its own"
        seen.add(name)
    for index, case in draft.cases.items():
        for drawn in set(case.fresh_names) & seen:
            reason = (
                f"what `fresh` draws of it is called {drawn!r}, which is the name of another; take another"
            )
            yield ("cases", index, "name"), reason
    for _, name in cases:
        for part, other, again in [("cases", *one) for one in cases] + [("probes", *one) for one in probes]:
            if again == f"{name}-again":
                reason = f"{again!r} is the name under which {name!r} is called a second time; take another"
                yield (part, other, "name"), reason


def _case_faults(draft: Draft) -> Iterator[Fault]:
    for index, item in enumerate(_list(draft.keys.get("cases"))):
        arguments = item.get("arguments") if isinstance(item, dict) else None
        if isinstance(arguments, dict):
            place = ("cases", index, "arguments")
            if draft.entry is not None:
                yield from _missing_arguments(place, arguments, draft.entry.parameters)
            for name, argument in arguments.items():
                if draft.is_sound(*place, name):
                    yield from argument_faults((*place, name), msgspec.convert(argument, Argument))


def _missing_arguments(
    place: Place, arguments: Mapping[str, object], parameters: Sequence[str]
) -> Iterator[Fault]:
    missing = [name for name in parameters if name not in arguments]
    for name in arguments:
        if name not in parameters:
            meant = nearest(name, missing)
            missing = [other for other in missing if other != meant]
            rest = f"did you mean `{meant}`?" if meant else f"they are {', '.join(parameters)}"
            yield (*place, name), f"the entry has no parameter {name!r}; {rest}"
    for name in missing:
        yield (*place, name), "is missing: every parameter of the entry needs an argument in every case"


def argument_faults(place: Place, argument: Argument) -> Iterator[Fault]:
    """Yield why no array can be made of an argument."""
    if isinstance(argument, Integers | Uniform) and not argument.low < argument.high:
        yield (*place, "high"), "must be above `low`"
        return
    try:
        with np.errstate(all="ignore"):
            made = np.asarray(generate(argument))
    except (ValueError, OverflowError, MemoryError) as error:
        yield place, str(error)
        return
    if not isinstance(argument, int | float) and not np.isfinite(made).all():
        yield place, f"gives numbers that {made.dtype} cannot hold; take smaller ones"


def _probe_faults(draft: Draft) -> Iterator[Fault]:
    names = [name for _, name in draft.names("cases")]
    cases = {case.name: case for case in draft.cases.values()}
    manifest = None if draft.entry is None else draft.manifest(draft.entry)
    reported = {("", "")}
    for index, probe in draft.probes.items():
        place = ("probes", index)
        if probe.case not in names:
            if draft.knows_names:
                yield (*place, "case"), f"there is no case {probe.case!r}{did_you_mean(probe.case, names)}"
        elif manifest is not None and probe.case in cases and draft.has_module == bool(draft.module):
            for found, reason in probe_faults(place, probe, manifest, cases[probe.case]):
                # What a kind needs of the problem is one fault, however many probes need it.
                if (found[-1], reason) not in reported:
                    yield found, reason
                reported.add((found[-1], reason) if found[-1] == "kind" else ("", ""))


def _row_faults(draft: Draft) -> Iterator[Fault]:
    """Bound the rows of a verdict, and see that Run has some; both of parts that are read whole."""
    if not draft.is_sound("cases") or not draft.is_sound("probes") or "cases" not in draft.keys:
        return
    cases, probes = draft.cases.values(), draft.probes.values()
    rows = len(cases) + sum(case.fresh for case in cases) + len(probes)
    if rows > ROWS_LIMIT:
        reason = f"with those drawn anew and the probes there are {rows:,}; at most {ROWS_LIMIT} are allowed"
        yield ("cases",), reason
    if all(case.visibility is not Visibility.SAMPLE for case in cases):
        reason = "at least one case must have visibility 'sample', for Run to have something to run"
        yield ("cases",), reason
    elif draft.entry is not None:
        yield from run_faults(draft.manifest(draft.entry))


def _stage_faults(stages: Sequence[ModuleStage], parameters: Sequence[str]) -> Iterator[Fault]:
    """Tell stages that could not be told apart or found, or that name what is not there."""
    if len(stages) > STAGES_LIMIT:
        yield ("module", "stages"), f"more than {STAGES_LIMIT} stages are not recorded"
    names: list[str] = []
    for index, stage in enumerate(stages):
        place = ("module", "stages", index)
        if not 0 < len(stage.name) <= STAGE_NAME_LIMIT:
            yield (*place, "name"), f"must have 1 to {STAGE_NAME_LIMIT} characters"
        if stage.name in names:
            yield (*place, "name"), f"the name {stage.name!r} is used twice"
        if not all(stage.path.split(".")):
            yield (*place, "path"), f"{stage.path!r} is not names joined by dots, such as 'blocks.0'"
        if of := stage.attention:
            for key, name in (("queries", of.queries), ("keys", of.keys), ("values", of.values)):
                if name not in names:
                    reason = f"{name!r} is no stage before this one{did_you_mean(name, names)}"
                    yield (*place, "attention", key), reason
            if of.heads not in parameters:
                reason = f"{of.heads!r} is not a parameter of the entry{did_you_mean(of.heads, parameters)}"
                yield (*place, "attention", "heads"), reason
        names.append(stage.name)


def _variant_faults(draft: Draft) -> Iterator[Fault]:
    gradable = [name for _, name in (*draft.names("cases"), *draft.names("probes"))]
    for name, variant in draft.variants.items():
        place = ("variants", name)
        if not variant.fails:
            yield (*place, "fails"), "names nothing: a variant must fail at least one case or probe"
        for index, failed in enumerate(variant.fails):
            if failed not in gradable and draft.knows_names:
                reason = f"there is no case or probe {failed!r}{did_you_mean(failed, gradable)}"
                yield (*place, "fails", index), reason
            elif failed in variant.fails[:index]:
                yield (*place, "fails", index), f"{failed!r} is named twice"
