"""Write the reference pages beside this file from the code: settings, outcomes, metrics and problems.

`make reference` runs it, and a test compares what is committed with what it gives. It needs the installed
application, so it is none of `scripts/`, which run before anything is installed.
"""

import ast
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le, MaxLen
from pydantic.fields import FieldInfo

import app.metrics
from app.catalog.problem_schema import FILE_NAME, docstrings_of_fields, schema_text
from app.core.outcome import Outcome
from app.settings import Settings
from app.web.outcome_words import outcome_words
from docs.reference.problem_page import problem_page

FOLDER = Path(__file__).parent
_CHECKOUT = FOLDER.parents[1]
_MADE = "Made from the code by `make reference`; change it there."
_KINDS = {
    "Counter": "counter",
    "Gauge": "gauge",
    "GaugeMetricFamily": "gauge",
    "CounterMetricFamily": "counter",
    "Histogram": "histogram",
}


def pages() -> dict[str, str]:
    """Return the text of every reference page, and of the schema, by its file name."""
    return {
        "settings.md": _settings(),
        "outcomes.md": _outcomes(),
        "metrics.md": _metrics(),
        "problem.md": problem_page(_MADE),
        FILE_NAME: schema_text(),
    }


def _settings() -> str:
    meanings = docstrings_of_fields(Settings)
    rows = [
        (f"`JAXERCISE_{name.upper()}`", _default(field), _allowed(field), meanings[name])
        for name, field in Settings.model_fields.items()
    ]
    return _page(
        "Settings",
        "Every setting is an environment variable, or a file [in a folder of secrets]"
        "(../operators/secrets.md). "
        f"A value that is not allowed stops the start and names the variable. {_MADE} "
        f"({_source(Settings)})",
        _table(("variable", "default", "allowed", "meaning"), rows),
    )


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return "this machine's"
    value = field.default
    if isinstance(value, Path) and value.is_absolute():
        value = value.relative_to(_CHECKOUT)  # Where a checkout has it.
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _allowed(field: FieldInfo) -> str:
    bare = _without_extras(field.annotation)
    bounds = {type(bound): bound for bound in field.metadata}
    if get_origin(bare) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(bare))
    if bare is bool:
        return "`true`, `false`"
    if bare in (int, float):
        low, high = bounds.get(Ge), bounds.get(Le)
        kind = "whole number" if bare is int else "number"
        return f"{kind}, {low.ge} to {high.le}" if low and high else kind
    if bare is Path:
        return "folder"
    longest = bounds.get(MaxLen)
    return f"text, at most {longest.max_length} characters" if longest else "text"


def _without_extras(annotation: Any) -> Any:
    """Return what is left of a type without `Annotated` and `None`."""
    while get_origin(annotation) in (Annotated, Union, types.UnionType):
        annotation = next(part for part in get_args(annotation) if part is not type(None))
    return annotation


def _outcomes() -> str:
    meanings = docstrings_of_fields(Outcome)
    rows = [(f"`{outcome}`", outcome_words(outcome).word, meanings[outcome.name]) for outcome in Outcome]
    return _page(
        "Outcomes",
        "A case ends in one of these; a submission has the severest of its cases. Mildest first. "
        f"[grading.md](../grading.md) has an example of each. {_MADE} ({_source(Outcome)})",
        _table(("outcome", "on the page", "meaning"), rows),
    )


def _metrics() -> str:
    rows = [(f"`{name}`", kind, meaning) for name, kind, meaning in _declared_metrics()]
    return _page(
        "Metrics",
        "What `/metrics` gives Prometheus. A histogram `x` is `x_bucket`, `x_sum` and `x_count`. "
        "[monitoring.md](../operators/monitoring.md) says how to read them and what to alert on. "
        f"{_MADE} (`app/metrics`)",
        _table(("metric", "kind", "meaning"), rows),
    )


def _declared_metrics() -> Iterator[tuple[str, str, str]]:
    """Yield name with labels, kind and meaning of each metric that a module of `app/metrics` declares."""
    for folder in app.metrics.__path__:
        for module in sorted(Path(folder).glob("*.py")):
            for node in ast.walk(ast.parse(module.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in _KINDS:
                    yield _declared(node)


def _declared(call: ast.Call) -> tuple[str, str, str]:
    kind = _KINDS[ast.unparse(call.func)]
    name, meaning = (ast.literal_eval(argument) for argument in call.args[:2])
    given = [*call.args[2:3], *(keyword.value for keyword in call.keywords if keyword.arg == "labels")]
    labels = [label for argument in given for label in ast.literal_eval(argument)]
    suffix = "_total" if kind == "counter" else ""
    return f"{name}{suffix}" + (f"{{{','.join(labels)}}}" if labels else ""), kind, meaning + "."


def _source(owner: type) -> str:
    return f"`{owner.__module__.replace('.', '/')}.py`"


def _page(title: str, introduction: str, body: str) -> str:
    return f"# {title}\n\n{introduction}\n\n{body}"


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def main() -> None:
    for name, text in pages().items():
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()
