"""All that keeps a value from being of a msgspec type, with what is allowed; msgspec tells the first only."""

import datetime
import difflib
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

import msgspec
from msgspec import inspect

from app.catalog.rules.toml_lines import Place

Fault = tuple[Place, str]
NO_SUCH_KEY = "there is no such key"
_SHOWN = 60
_NEAR = 0.6


def typed_faults(value: object, kind: object) -> Iterator[Fault]:
    """Yield every fault of plain data that should be of `kind`, each with its place.

    Numbers must be finite, for no key means anything else; only a plain argument of a case may be infinite.
    """
    yield from _faults(value, _described(kind), ())


def nearest(name: str, names: Iterable[str]) -> str:
    """Return the one of `names` that looks most like a misspelt one; empty where none does."""
    by_lower = {other.casefold().replace("-", "_"): other for other in names}
    found = difflib.get_close_matches(name.casefold().replace("-", "_"), by_lower, n=1, cutoff=_NEAR)
    return by_lower[found[0]] if found else ""


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Ask whether a near name was meant, as the end of a sentence; empty where none is near."""
    found = nearest(name, names)
    return f"; did you mean `{found}`?" if found else ""


def listed(names: Iterable[object]) -> str:
    """Name what may stand somewhere."""
    return ", ".join(f"'{name}'" for name in names)


@lru_cache
def _described(kind: object) -> inspect.Type:
    return inspect.type_info(kind)


def _faults(value: object, kind: inspect.Type, place: Place, words: str = "") -> Iterator[Fault]:
    match kind:
        case inspect.Metadata():
            said = kind.extra_json_schema or {}
            if "enum" not in said:
                yield from _faults(value, kind.type, place, str(said.get("description", "")))
            elif value not in said["enum"]:
                yield place, _none_of(value, said["enum"])
        case inspect.StructType():
            yield from _table_faults(value, kind, place)
        case inspect.UnionType():
            yield from _choice_faults(value, kind, place)
        case inspect.VarTupleType() if isinstance(value, list):
            for index, item in enumerate(value):
                yield from _faults(item, kind.item_type, (*place, index))
        case inspect.DictType() if isinstance(value, dict):
            for key, item in value.items():
                yield from _faults(item, kind.value_type, (*place, key))
        case _:
            if reason := _plain_fault(value, kind, words):
                yield place, reason


def _table_faults(value: object, kind: inspect.StructType, place: Place) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield place, f"must be a table, not {_shown(value)}"
        return
    fields = {field.encode_name: field for field in kind.fields}
    allowed = [*([kind.tag_field] if kind.tag_field else []), *fields]
    missing = [name for name, field in fields.items() if field.required and name not in value]
    found = []
    for key in value:
        if key in allowed:
            continue
        meant = nearest(key, [name for name in allowed if name not in value])
        # A key that is misspelt is one fault, and not two.
        missing = [name for name in missing if name != meant]
        rest = f"did you mean `{meant}`?" if meant else f"the keys here are {', '.join(sorted(allowed))}"
        found.append(((*place, key), f"{NO_SUCH_KEY}; {rest}"))
    for name in missing:
        found.append(((*place, name), f"is missing: {_expected(fields[name].type)}"))
    for name, item in value.items():
        if name in fields:
            found.extend(_faults(item, fields[name].type, (*place, name)))
    if not found and hasattr(kind.cls, "__post_init__"):
        found.extend((place, reason) for reason in _whole_faults(value, kind.cls))
    yield from found


def _whole_faults(value: object, kind: type) -> Iterator[str]:
    """Yield what a type says of its values together, which are right one by one."""
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        yield str(error).partition(" - at `")[0]


def _choice_faults(value: object, kind: inspect.UnionType, place: Place) -> Iterator[Fault]:
    tables = {str(table.tag): table for table in kind.types if isinstance(table, inspect.StructType)}
    plain = [
        other.type if isinstance(other, inspect.Metadata) else other
        for other in kind.types
        if not isinstance(other, inspect.StructType | inspect.NoneType)
    ]
    if tables and isinstance(value, dict):
        yield from _tagged_faults(value, tables, place)
    elif not tables:
        yield from (found for other in plain for found in _faults(value, other, place))
    elif not plain or type(value) not in (int, float):
        tag_field = next(table.tag_field for table in tables.values())
        table = f"a table with `{tag_field}`" if tag_field else "a table"
        yield place, f"must be {'a number or ' if plain else ''}{table}, not {_shown(value)}"


def _tagged_faults(
    value: Mapping[str, object], tables: Mapping[str, inspect.StructType], place: Place
) -> Iterator[Fault]:
    """Yield the faults of a table whose key says of which kind it is, where there are several kinds."""
    tag_field = next(table.tag_field for table in tables.values())
    if tag_field is None:
        yield from _table_faults(value, next(iter(tables.values())), place)
    elif tag_field not in value:
        yield (*place, tag_field), f"is missing: it must be one of {listed(tables)}"
    elif not isinstance(tag := value[tag_field], str) or tag not in tables:
        yield (*place, tag_field), _none_of(tag, list(tables))
    else:
        yield from _table_faults(value, tables[tag], place)


def _plain_fault(value: object, kind: inspect.Type, words: str) -> str:
    """Return why a value is not of a type without parts; empty where it is."""
    match kind:
        case inspect.EnumType(cls=cls):
            names = [str(member.value) for member in cls]
            return "" if isinstance(value, str) and value in names else _none_of(value, names)
        case inspect.LiteralType(values=names):
            return "" if isinstance(value, str) and value in names else _none_of(value, list(map(str, names)))
        case inspect.StrType():
            return _text_fault(value, kind, words)
        case inspect.IntType() | inspect.FloatType():
            return "" if _is_number(value, kind) else f"must be {_expected(kind)}, not {_shown(value)}"
        case inspect.BoolType():
            return "" if isinstance(value, bool) else f"must be {_expected(kind)}, not {_shown(value)}"
        case _:
            return f"must be {_expected(kind)}, not {_shown(value)}"


def _none_of(value: object, names: Sequence[str]) -> str:
    near = did_you_mean(value, names) if isinstance(value, str) else ""
    return f"{_shown(value)} is none of {listed(names)}{near}"


def _text_fault(value: object, kind: inspect.StrType, words: str) -> str:
    if not isinstance(value, str):
        return f"must be text in quotes, not {_shown(value)}"
    if kind.min_length is not None and len(value) < kind.min_length:
        return "must not be empty"
    if kind.max_length is not None and len(value) > kind.max_length:
        return f"has {len(value):,} characters; at most {kind.max_length:,} are allowed"
    if kind.pattern is not None and not re.search(kind.pattern, value):
        return f"{_shown(value)} must be {words}"
    return ""


def _is_number(value: object, kind: inspect.IntType | inspect.FloatType) -> bool:
    whole = type(value) is int
    if not whole and (isinstance(kind, inspect.IntType) or type(value) is not float):
        return False
    assert isinstance(value, int | float)
    if not whole and not math.isfinite(value):
        return False
    return not (
        (kind.ge is not None and value < kind.ge)
        or (kind.gt is not None and value <= kind.gt)
        or (kind.le is not None and value > kind.le)
        or (kind.lt is not None and value >= kind.lt)
    )


def _expected(kind: inspect.Type) -> str:
    """Say what may stand there."""
    match kind:
        case inspect.Metadata():
            said = kind.extra_json_schema or {}
            return f"one of {listed(said['enum'])}" if "enum" in said else _expected(kind.type)
        case inspect.EnumType(cls=cls):
            return f"one of {listed(str(member.value) for member in cls)}"
        case inspect.LiteralType(values=values):
            return f"one of {listed(values)}"
        case inspect.IntType() | inspect.FloatType():
            what = "a whole number" if isinstance(kind, inspect.IntType) else "a number"
            return f"{what}{_bounds(kind)}"
        case inspect.StrType():
            return "text in quotes"
        case inspect.BoolType():
            return "true or false"
        case inspect.VarTupleType():
            return "a list"
        case _:
            return "a table"


def _bounds(kind: inspect.IntType | inspect.FloatType) -> str:
    if kind.ge is not None and kind.le is not None:
        return f" from {kind.ge:,} to {kind.le:,}"
    words = [
        f"{said} {bound:,}"
        for said, bound in (
            ("at least", kind.ge),
            ("above", kind.gt),
            ("at most", kind.le),
            ("below", kind.lt),
        )
        if bound is not None
    ]
    return f" {' and '.join(words)}" if words else ""


def _shown(value: object) -> str:
    """Show a value as an author wrote it, if it is short."""
    match value:
        case bool():
            return str(value).lower()
        case dict():
            return "a table"
        case list():
            return "a list"
        case datetime.date() | datetime.time():
            return "a date or time"
        case str() if len(value) > _SHOWN:
            return f"{value[:_SHOWN]!r}…"
        case int() if abs(value) >= 1 << 64:
            return "a number of more than 64 bits"
        case _:
            return repr(value)
