"""The JSON Schema of `problem.toml`, made from the structs that read it.

Editors complete and check keys by it (`#:schema …` in the first line, as Taplo and Even Better TOML read it),
and the reference page is written from it. It is of draft 7, the newest that those know whole.
"""

import ast
import inspect
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

import msgspec

from app.catalog.rules.manifest_checks import (
    DTYPES,
    OUTPUT_NAME_LIMIT,
    OUTPUTS_LIMIT,
    STAGE_NAME_LIMIT,
    STAGES_LIMIT,
)
from app.core import problem
from app.core.generators import Generator
from app.core.probes.accuracy import AccuracyProbe
from app.core.probes.probe import Draw
from app.core.probes.table import CLASSES
from app.core.tolerance import Tolerance

FILE_NAME = "problem.schema.json"
SLUG_PATTERN = "^[a-z0-9]+(-[a-z0-9]+)*$"
IDENTIFIER_PATTERN = r"^[^\W\d]\w*$"
NO_BACKTICK_PATTERN = "^[^`]+$"

Schema = dict[str, Any]

_DRAFT = "http://json-schema.org/draft-07/schema#"
_PYTHONS_END = r"(?!\n)"
"""Of a pattern: elsewhere `$` is the end and nothing else."""
_TITLE = "A problem of Jaxercise"
_DTYPE: Schema = {"enum": list(DTYPES)}

RULES: Mapping[tuple[type, str], Schema] = {
    (problem.Manifest, "id"): {"format": "uuid"},
    (problem.Manifest, "cases"): {"minItems": 1},
    (problem.Entry, "function"): {"pattern": IDENTIFIER_PATTERN},
    (problem.Entry, "output_dtype"): _DTYPE,
    (problem.Entry, "outputs"): {"maxItems": OUTPUTS_LIMIT},
    (problem.Output, "name"): {"maxLength": OUTPUT_NAME_LIMIT, "pattern": NO_BACKTICK_PATTERN},
    (problem.Output, "dtype"): _DTYPE,
    (problem.ModuleClass, "stages"): {"maxItems": STAGES_LIMIT},
    (problem.ModuleStage, "name"): {"minLength": 1, "maxLength": STAGE_NAME_LIMIT},
    (AccuracyProbe, "full"): {"exclusiveMinimum": 0, "maximum": 1},
    (AccuracyProbe, "part"): {"minimum": 0},
}
"""What a key allows beyond its type, which checks of the catalogue refuse otherwise."""

STRUCTS: Mapping[str, type[msgspec.Struct]] = {
    struct.__name__: struct
    for struct in (
        problem.Manifest,
        problem.Entry,
        problem.Output,
        problem.ModuleClass,
        problem.ModuleStage,
        problem.Attention,
        problem.Case,
        *get_args(Generator),
        *CLASSES.values(),
        Draw,
        Tolerance,
        problem.Limits,
        problem.WrongVariant,
        problem.AlsoRight,
        problem.Equivalent,
    )
}
"""Every table that `problem.toml` may hold, by the name of its definition."""


def problem_schema() -> Schema:
    """Return the schema, in the order in which the structs have their keys.

    Raises:
        KeyError: a key has no sentence below it.
    """
    (root,), components = msgspec.json.schema_components(
        [problem.Manifest], ref_template="#/definitions/{name}"
    )
    definitions = {
        name: _table(component, STRUCTS[name]) if "properties" in component else _described(component)
        for name, component in components.items()
    }
    return {"$schema": _DRAFT, "title": _TITLE, "allOf": [root], "definitions": definitions}


def schema_text() -> str:
    """Return the schema as the file that editors read."""
    return json.dumps(problem_schema(), indent=2, ensure_ascii=False) + "\n"


def docstrings_of_fields(owner: type) -> dict[str, str]:
    """Return the text that stands below each field of a class, by the field; inherited ones too."""
    found: dict[str, str] = {}
    for ancestor in reversed(owner.__mro__):
        if ancestor.__module__.startswith(("app.", "sandbox.")):
            found.update(_texts_below(ancestor))
    return found


def _texts_below(owner: type) -> Iterator[tuple[str, str]]:
    (tree,) = ast.parse(inspect.getsource(owner)).body
    assert isinstance(tree, ast.ClassDef)
    for field, below in zip(tree.body, tree.body[1:], strict=False):
        target = field.target if isinstance(field, ast.AnnAssign) else getattr(field, "targets", [None])[0]
        if (
            isinstance(target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
        ):
            yield target.id, _one_line(str(below.value.value))


def _table(component: Schema, owner: type[msgspec.Struct]) -> Schema:
    """Return the definition of one struct."""
    meanings = docstrings_of_fields(owner)
    tag = owner.__struct_config__.tag_field
    if tag is not None:
        meanings[tag] = "Which kind it is."
    return _described(component) | {
        "properties": {
            key: _key(of_type, meanings[key], _rules_of(owner, key))
            for key, of_type in component["properties"].items()
        }
    }


def _rules_of(owner: type, key: str) -> Schema:
    return next((RULES[one, key] for one in owner.__mro__ if (one, key) in RULES), {})


def _key(of_type: Schema, meaning: str, rules: Schema) -> Schema:
    """Return what is allowed under one key; TOML knows no null, so such a key is left out instead."""
    bare = dict(of_type)
    default = bare.pop("default", None)
    bare.pop("discriminator", None)
    if "items" in bare:
        bare["items"] = _without_null(bare["items"])
    bare = _without_null(bare)
    if "pattern" in bare:
        bare["pattern"] = bare["pattern"].removesuffix(_PYTHONS_END)
    if enum := rules.get("enum", bare.get("enum")):
        bare = {"enum": enum}
    elif "$ref" in bare:
        bare = {"allOf": [bare]}  # Beside a reference draft 7 hears nothing else.
    bare |= {"description": meaning} | rules
    if default is not None and not (isinstance(default, Mapping) and default):
        bare["default"] = default
    return bare


def _without_null(of_type: Schema) -> Schema:
    """Return a type without null, choices among choices as one list of them, and OpenAPI's own words."""
    if "additionalProperties" in of_type and isinstance(of_type["additionalProperties"], dict):
        return of_type | {"additionalProperties": _without_null(of_type["additionalProperties"])}
    if "anyOf" not in of_type:
        return of_type
    choices = list(_choices(of_type))
    return choices[0] if len(choices) == 1 else {"anyOf": choices}


def _choices(of_type: Schema) -> Iterator[Schema]:
    for choice in of_type["anyOf"]:
        if "anyOf" in choice:
            yield from _choices(choice)
        elif choice != {"type": "null"}:
            yield choice


def _described(component: Schema) -> Schema:
    return component | {"description": _one_line(component.get("description", ""))}


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def required_keys(definition: Schema) -> Sequence[str]:
    """Return the keys that a table must have."""
    required: Sequence[str] = definition.get("required", ())
    return required
