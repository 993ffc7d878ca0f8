"""The schema of `problem.toml` allows what reading it allows, and says of every key what it means."""

import copy
import json
import tomllib
from collections.abc import Iterator
from typing import Any

import jsonschema
import msgspec
import pytest

from app.catalog import problem_schema as made
from app.catalog.manifest import read_manifest
from app.core.probes.table import CLASSES
from app.errors import ProblemError
from tests.support.checkout import CHECKOUT
from tests.support.toy_problem import MANIFEST

_SCHEMA = made.problem_schema()
_CHECKED = jsonschema.Draft7Validator(_SCHEMA, format_checker=jsonschema.FormatChecker())
_FOLDERS = ("problems", "tests/far_problems/problems")
_PACKAGES = sorted(file for folder in _FOLDERS for file in (CHECKOUT / folder).glob("*/problem.toml"))
_ARRAY = """
[[module.stages]]
name = "inner"
path = "inner.0"

[[probes]]
kind = "accuracy"
name = "labels"
case = "other-seed"
labels = { generator = "integers", shape = [4], seed = 1, low = 0, high = 2 }
full = 0.9
part = 0.5

[tolerance]
absolute = 0.1
"""
_PLACES = {
    "Manifest": (),
    "Entry": ("entry",),
    "Output": ("entry", "outputs", 0),
    "ModuleClass": ("module",),
    "ModuleStage": ("module", "stages", 0),
    "Case": ("cases", 0),
    "Normal": ("cases", 0, "arguments", "x"),
    "Uniform": ("cases", 1, "arguments", "x"),
    "Integers": ("probes", 2, "labels"),
    "Key": ("cases", 0, "arguments", "seed"),
    "ParametersProbe": ("probes", 0),
    "CheckpointProbe": ("probes", 1),
    "Draw": ("probes", 1, "draws", "shift"),
    "AccuracyProbe": ("probes", 2),
    "Tolerance": ("tolerance",),
    "Limits": ("limits",),
    "WrongVariant": ("variants", "subtracts"),
    "AlsoRight": ("also_right", "scale_first"),
}
_ODD = {
    made.SLUG_PATTERN: "Not A Slug",
    made.IDENTIFIER_PATTERN: "2 words",
    made.NO_BACKTICK_PATTERN: "a`b",
}


def _whole() -> dict[str, Any]:
    """Return a problem that has a table of every kind for which there are rules, but for outputs."""
    whole = tomllib.loads(MANIFEST + _ARRAY)
    whole["cases"][0]["arguments"]["seed"] = {"generator": "key", "seed": 1}
    whole["probes"][1]["draws"] = {"shift": {"std": 0.5}}
    return whole


def _with_outputs() -> dict[str, Any]:
    whole = tomllib.loads(MANIFEST)
    whole["entry"] |= {"structure": "tuple", "outputs": [{"name": "y"}]}
    return whole


def _toml(value: Any) -> str:
    match value:
        case dict():
            return f"{{ {', '.join(f'{json.dumps(key)} = {_toml(of)}' for key, of in value.items())} }}"
        case list():
            return f"[{', '.join(map(_toml, value))}]"
        case _:
            return json.dumps(value)


def _is_read(manifest: dict[str, Any]) -> bool:
    try:
        read_manifest("".join(f"{key} = {_toml(of)}\n" for key, of in manifest.items()).encode())
    except ProblemError:
        return False
    return True


def _changed(name: str, key: str, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(_with_outputs() if "Output" in (name, key.capitalize()[:-1]) else _whole())
    table: Any = changed
    if (name, key) == ("Case", "name"):
        return dict(json.loads(json.dumps(changed).replace('"short"', json.dumps(value))))
    for step in _PLACES[name]:
        table = table[step]
    table[key] = [dict(table[key][0], name=f"n{n}") for n in range(value)] if key in _LISTS else value
    return changed


_LISTS = ("outputs", "stages")


def _beyond(rules: dict[str, Any]) -> Iterator[Any]:
    """Yield a value beyond each bound."""
    for keyword, bound in rules.items():
        match keyword:
            case "minimum":
                yield bound - 1
            case "maximum" | "maxItems":
                yield bound + 1
            case "exclusiveMinimum" | "exclusiveMaximum":
                yield bound
            case "maxLength":
                yield "x" * (bound + 1)
            case "minLength":
                yield ""
            case "minItems":
                yield []
            case "pattern":
                yield _ODD[bound]
            case "enum" | "format":
                yield "nonsense"


def _at(rules: dict[str, Any]) -> Iterator[Any]:
    """Yield the last value within each bound."""
    for keyword, bound in rules.items():
        match keyword:
            case "minimum" | "maximum" | "maxItems":
                yield bound
            case "maxLength":
                yield "x" * bound
            case "enum":
                yield bound[0]


_RULES = [
    pytest.param((name, key), of, id=f"{name}.{key}")
    for name in _PLACES
    for key, of in _SCHEMA["definitions"][name]["properties"].items()
    if key not in ("generator", "kind", "dtype") and [*_beyond(of), *_at(of)]
]


def test_every_rule_is_tried() -> None:
    tried = {parameter.values[0] for parameter in _RULES}
    assert {(struct.__name__, key) for struct, key in made.RULES} - tried == {("Output", "dtype")}


@pytest.mark.parametrize(("place", "rules"), _RULES)
def test_a_bound_is_where_reading_has_it(place: tuple[str, str], rules: dict[str, Any]) -> None:
    """An editor marks what would be refused, and nothing that would not."""
    for value in _beyond(rules):
        changed = _changed(*place, value)
        assert not _is_read(changed), value
        assert not _CHECKED.is_valid(changed), value
    for value in _at(rules):
        changed = _changed(*place, value)
        assert _is_read(changed), value
        assert _CHECKED.is_valid(changed), value


def test_the_problems_of_those_tests_are_right_themselves() -> None:
    """Else everything would be refused, and the bounds would have been looked at by nobody."""
    for whole in (_whole(), _with_outputs()):
        assert _is_read(whole)
        assert list(_CHECKED.iter_errors(whole)) == []


@pytest.mark.parametrize("file", _PACKAGES, ids=lambda file: file.parent.name)
def test_a_problem_that_loads_is_right_for_an_editor(file: Any) -> None:
    assert list(_CHECKED.iter_errors(tomllib.loads(file.read_text()))) == []


def test_a_misspelt_key_is_marked_wherever_it_stands() -> None:
    for place in _PLACES.values():
        changed = _with_outputs() if "outputs" in place else _whole()
        table: Any = changed
        for step in place:
            table = table[step]
        table["titel"] = 1
        assert not _CHECKED.is_valid(changed), place


def test_every_table_and_key_is_described() -> None:
    definitions = _SCHEMA["definitions"]
    jsonschema.Draft7Validator.check_schema(_SCHEMA)
    assert set(made.STRUCTS) == {name for name, of in definitions.items() if "properties" in of}
    for name, definition in definitions.items():
        assert definition["description"], name
        for key, of in definition.get("properties", {}).items():
            assert of["description"].endswith("."), (name, key)


@pytest.mark.parametrize("name", sorted(made.STRUCTS))
def test_defaults_are_those_of_the_structs(name: str) -> None:
    """And a key that has none must be there."""
    definition = _SCHEMA["definitions"][name]
    for field in msgspec.structs.fields(made.STRUCTS[name]):
        said = definition["properties"][field.encode_name]
        assert (field.encode_name in made.required_keys(definition)) is field.required
        if "default" in said:
            default = field.default_factory() if callable(field.default_factory) else field.default
            assert json.loads(json.dumps(said["default"])) == json.loads(msgspec.json.encode(default))


def test_the_text_is_the_schema() -> None:
    assert json.loads(made.schema_text()) == json.loads(json.dumps(_SCHEMA))


def test_the_bounds_of_an_ancestor_hold_for_every_kind_of_probe() -> None:
    for probe in CLASSES.values():
        assert _SCHEMA["definitions"][probe.__name__]["properties"]["points"]["maximum"] == 100
