"""The reference page of `problem.toml`, written from its schema."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from app.catalog import markdown, problem_folder, problem_schema, statement
from app.catalog.markup import quiz
from app.catalog.problem_schema import Schema
from app.catalog.rules.manifest_checks import ROWS_LIMIT
from app.core.generators import Generator
from app.core.probes.probe import Probe
from app.core.probes.table import CLASSES

_TABLES = (
    ("Manifest", "At the top", "Keys in front of the first table, and the tables that follow."),
    ("Entry", "`[entry]`", ""),
    ("Output", "`[[entry.outputs]]`", ""),
    ("ModuleClass", "`[module]`", ""),
    ("ModuleStage", "`[[module.stages]]`", ""),
    ("Attention", "`attention` of a stage", ""),
    ("Case", "`[[cases]]`", ""),
)
_LAST_TABLES = (
    ("Tolerance", "`[tolerance]`", ""),
    ("Limits", "`[limits]`", ""),
    ("WrongVariant", "`[variants.NAME]`", ""),
    ("AlsoRight", "`[also_right.NAME]`", ""),
    ("Equivalent", '`[equivalent."MUTANT"]`', ""),
)
_TITLES = {name: title for name, title, _ in (*_TABLES, *_LAST_TABLES)} | {"Draw": "A draw"}
_WORDS = {
    problem_schema.SLUG_PATTERN: "lower-case words joined by hyphens",
    problem_schema.IDENTIFIER_PATTERN: "a Python name",
    problem_schema.NO_BACKTICK_PATTERN: "no backtick",
}
_TYPES = {"string": "text", "integer": "whole number", "number": "number", "boolean": "`true`, `false`"}
_HEADINGS = ("key", "default", "allowed", "meaning")
_INTRODUCTION = f"""\
Every key of `problem.toml`, every generator and every probe. An unknown key is an error; where the default is
"needed", the key must be there. [authors.md](../authors.md) says what a problem is and how it proves itself,
and [the tutorial](../tutorials/first-problem.md) writes one.

Editors complete and check these keys by [{problem_schema.FILE_NAME}]({problem_schema.FILE_NAME}), where the
first line names it, as `jaxercise new` writes it:

```toml
#:schema ../../docs/reference/{problem_schema.FILE_NAME}
```
"""


def problem_page(made: str) -> str:
    """Return the page; `made` says that it is made from the code."""
    definitions: dict[str, Schema] = problem_schema.problem_schema()["definitions"]
    parts = [f"# Keys of problem.toml\n\n{_INTRODUCTION}\n{made} (`app/core/problem.py`)\n"]
    parts += [_section(*table, definitions) for table in _TABLES]
    parts += [_arguments(definitions), _probes(definitions)]
    parts += [_section(*table, definitions) for table in _LAST_TABLES]
    return "\n".join([*parts, _files()])


def _section(name: str, title: str, words: str, definitions: Mapping[str, Schema], *, level: int = 2) -> str:
    definition = definitions[name]
    words = words or str(definition["description"])
    return f"{'#' * level} {title}\n\n{words}\n\n{_table(_rows(definition, definitions))}"


def _arguments(definitions: Mapping[str, Schema]) -> str:
    words = (
        "An argument of a case is a number, which arrives as a float, or a table whose `generator` says how "
        'an array is made: `x = { generator = "normal", shape = [4], seed = 2 }`. The same keys give the '
        "same bytes for ever. In a case with `fresh`, every `seed` is drawn anew."
    )
    kinds = [
        _section(kind.__name__, f"`{_tag(definitions[kind.__name__])}`", "", definitions, level=3)
        for kind in get_args(Generator)
    ]
    return "\n".join([f"## Arguments\n\n{words}\n", *kinds])


def _probes(definitions: Mapping[str, Schema]) -> str:
    shared = problem_schema.docstrings_of_fields(Probe)
    first = definitions[next(iter(CLASSES.values())).__name__]
    every = {key: first["properties"][key] for key in ("kind", "name", "case", "visibility", "points")}
    every["kind"] = {"enum": list(CLASSES), "description": every["kind"]["description"]}
    every["visibility"] = every["visibility"] | {"default": "hidden"}
    words = (
        "A check beyond the answers; `kind` says which. These keys every kind has; those of "
        "`parameters` are samples where nothing else is said."
    )
    rows = _rows({"properties": every, "required": ("kind", "name", "case")}, definitions)
    parts = [f"## `[[probes]]`\n\n{words}\n\n{_table(rows)}"]
    for kind, probe in CLASSES.items():
        definition = definitions[probe.__name__]
        own = {key: of for key, of in definition["properties"].items() if key not in {*shared, "kind"}}
        table = _table(_rows({**definition, "properties": own}, definitions)) if own else "No keys besides.\n"
        parts.append(f"### `{kind}`\n\n{definition['description']}\n\n{table}")
    parts.append(_section("Draw", "A draw", "", definitions, level=3))
    return "\n".join(parts)


def _files() -> str:
    rows = [
        ("a file", "at most 1 MiB, and no link; names that begin with a dot are passed over"),
        ("`statement.md`", f"at most {problem_folder.STATEMENT_LIMIT_BYTES:,} bytes"),
        ("a paragraph of it", f"at most {markdown.PARAGRAPH_LIMIT:,} characters"),
        ("its headings", f"at most {markdown.HEADINGS_LIMIT}"),
        ("its hints, quizzes and recaps", f"at most {statement.BLOCKS_LIMIT}"),
        ("the choices of its quizzes", f"at most {quiz.CHOICES_LIMIT}"),
        ("cases, those drawn anew, and probes", f"together at most {ROWS_LIMIT}"),
    ]
    return f"## Bounds of a folder\n\n{_table([('of what', 'bound'), *rows])}"


def _rows(definition: Schema, definitions: Mapping[str, Schema]) -> list[Sequence[str]]:
    required = problem_schema.required_keys(definition)
    rows: list[Sequence[str]] = [_HEADINGS]
    for key, of in definition["properties"].items():
        default = "needed" if key in required else _default(of)
        allowed = ", ".join(_allowed(of, definitions))
        rows.append((f"`{key}`", default, allowed, str(of["description"])))
    return rows


def _default(of: Schema) -> str:
    value = of.get("default")
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, float):
        return f"`{value:g}`"
    return f"`{value}`" if value not in ([], (), {}) else "none"


def _allowed(of: Schema, definitions: Mapping[str, Schema]) -> Iterator[str]:
    """Yield what a value may be, and its bounds."""
    if "enum" in of:
        yield ", ".join(f"`{choice}`" for choice in of["enum"])
    elif "allOf" in of or "$ref" in of:
        yield from _referred(of, definitions)
    elif "anyOf" in of:
        yield _choice(of["anyOf"])
    elif of["type"] == "array":
        yield f"a list of {_several(of['items'])}"
    elif of["type"] == "object":
        yield f"a table of {_several(of['additionalProperties'])}"
    else:
        yield "a UUID" if of.get("format") == "uuid" else _TYPES[of["type"]]
    yield from _bounds(of)


def _referred(of: Schema, definitions: Mapping[str, Schema]) -> Iterator[str]:
    name = _name(of["allOf"][0] if "allOf" in of else of)
    if "enum" in definitions[name]:
        yield ", ".join(f"`{choice}`" for choice in definitions[name]["enum"])
    else:
        yield _linked("a table", name)


def _linked(words: str, name: str) -> str:
    """Lead on to the section of a table, by what its heading is called in addresses."""
    anchor = re.sub(r"[^\w\- ]", "", _TITLES[name].lower()).replace(" ", "-")
    return f"[{words}](#{anchor})"


def _choice(choices: Sequence[Schema]) -> str:
    return "a number or a [generator](#arguments)" if any("$ref" in one for one in choices) else "a number"


def _several(items: Schema) -> str:
    """Say what a list, or the values of a table, may hold."""
    if "anyOf" in items:
        is_probe = any(_name(one) == next(iter(CLASSES.values())).__name__ for one in items["anyOf"])
        return "[probes](#probes)" if is_probe else f"{_choice(items['anyOf'])} each"
    if "$ref" in items:
        return _linked("tables", _name(items))
    return {"string": "texts", "integer": "whole numbers"}[items["type"]]


def _bounds(of: Schema) -> Iterator[str]:
    low, high = of.get("minimum"), of.get("maximum")
    if low is not None and high is not None:
        yield f"{low:,} to {high:,}"
    elif low is not None:
        yield f"at least {low:,}"
    elif high is not None:
        yield f"at most {high:,}"
    if "exclusiveMinimum" in of:
        yield f"above {of['exclusiveMinimum']:,}"
    if "exclusiveMaximum" in of:
        yield f"below {of['exclusiveMaximum']:,}"
    if "minLength" in of:
        yield "not empty"
    if "maxLength" in of:
        yield f"at most {of['maxLength']:,} characters"
    if "minItems" in of:
        yield f"at least {of['minItems']}"
    if "maxItems" in of:
        yield f"at most {of['maxItems']}"
    if "pattern" in of:
        yield _WORDS[of["pattern"]]


def _name(of: Schema) -> str:
    return str(of.get("$ref", "")).rpartition("/")[2]


def _tag(definition: Schema) -> Any:
    return definition["properties"]["generator"]["enum"][0]


def _table(rows: Sequence[Sequence[str]]) -> str:
    lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
