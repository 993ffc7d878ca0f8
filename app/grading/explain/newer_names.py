"""Names of Python's own library that are newer than the Python that runs."""

import sys
from collections.abc import Mapping

from app.core.machine import PYTHON_VERSION
from app.grading.explain.rule import FUNCTION, NAME, Asked, Rule, rule

_3_12, _3_13, _3_14 = (3, 12), (3, 13), (3, 14)

OF_MODULES: Mapping[str, Mapping[tuple[int, int], str]] = {
    "asyncio": {_3_12: "eager_task_factory create_eager_task_factory", _3_13: "QueueShutDown EventLoop"},
    "base64": {_3_13: "z85encode z85decode"},
    "calendar": {
        _3_12: "Month Day JANUARY FEBRUARY MARCH APRIL MAY JUNE JULY "
        "AUGUST SEPTEMBER OCTOBER NOVEMBER DECEMBER"
    },
    "collections.abc": {_3_12: "Buffer"},
    "concurrent.futures": {_3_14: "InterpreterPoolExecutor"},
    "copy": {_3_13: "replace"},
    "csv": {_3_12: "QUOTE_STRINGS QUOTE_NOTNULL"},
    "enum": {_3_13: "EnumDict"},
    "functools": {_3_14: "Placeholder"},
    "glob": {_3_13: "translate"},
    "heapq": {_3_14: "heapify_max heappush_max heappop_max heappushpop_max heapreplace_max"},
    "inspect": {_3_12: "markcoroutinefunction getasyncgenstate getasyncgenlocals BufferFlags"},
    "itertools": {_3_12: "batched"},
    "logging": {_3_12: "getHandlerByName getHandlerNames"},
    "math": {_3_12: "sumprod", _3_13: "fma"},
    "mimetypes": {_3_13: "guess_file_type"},
    "operator": {_3_14: "is_none is_not_none"},
    "os": {_3_13: "process_cpu_count", _3_14: "reload_environ"},
    "pathlib": {_3_13: "UnsupportedOperation"},
    "posixpath": {_3_12: "isjunction splitroot", _3_13: "isdevdrive"},
    "queue": {_3_13: "ShutDown"},
    "random": {_3_12: "binomialvariate"},
    "re": {_3_13: "PatternError"},
    "statistics": {_3_13: "kde kde_random"},
    "sys": {_3_12: "monitoring activate_stack_trampoline", _3_14: "remote_exec"},
    "threading": {_3_12: "settrace_all_threads setprofile_all_threads"},
    "types": {_3_12: "get_original_bases", _3_13: "CapsuleType"},
    "typing": {
        _3_12: "override TypeAliasType",
        _3_13: "TypeIs ReadOnly NoDefault get_protocol_members is_protocol",
        _3_14: "evaluate_forward_ref",
    },
    "uuid": {_3_14: "uuid6 uuid7 uuid8"},
    "warnings": {_3_13: "deprecated"},
}
"""By module, what has come with which version; a test holds the list to what is there."""
_OF_CLASSES: Mapping[str, Mapping[tuple[int, int], str]] = {
    "Path": {_3_12: "walk is_junction with_segments", _3_13: "from_uri full_match", _3_14: "copy move"},
    "PosixPath": {_3_12: "walk is_junction with_segments", _3_13: "from_uri full_match", _3_14: "copy move"},
    "Decimal": {_3_14: "from_number"},
    "Fraction": {_3_12: "is_integer", _3_14: "from_number"},
    "Queue": {_3_13: "shutdown"},
    "Random": {_3_12: "binomialvariate"},
    "array": {_3_13: "clear"},
    "complex": {_3_14: "from_number"},
    "date": {_3_14: "strptime"},
    "float": {_3_14: "from_number"},
    "int": {_3_12: "is_integer"},
    "time": {_3_14: "strptime"},
}
_MODULES: Mapping[tuple[int, int], str] = {
    _3_13: "dbm.sqlite3",
    _3_14: "annotationlib compression compression.zstd concurrent.interpreters string.templatelib",
}
_BUILTINS: Mapping[tuple[int, int], str] = {_3_13: "PythonFinalizationError _IncompleteInputError"}
_PARAMETERS: Mapping[str, Mapping[tuple[int, int], str]] = {
    "TypeVar": {_3_12: "infer_variance", _3_13: "default"},
    "ParamSpec": {_3_12: "infer_variance", _3_13: "default"},
    "TypeVarTuple": {_3_13: "default"},
    "rmtree": {_3_12: "onexc"},
    "dataclass": {_3_14: "doc"},
    "make_dataclass": {_3_12: "module", _3_14: "decorator"},
    "glob": {_3_13: "recurse_symlinks"},
    "relative_to": {_3_12: "walk_up"},
    "exists": {_3_12: "follow_symlinks"},
}
_ADVICE = {
    "itertools.batched": "Slices do the same: `[x[i : i + n] for i in range(0, len(x), n)]`.",
    "math.sumprod": "`sum(a * b for a, b in zip(p, q))` does the same.",
    "typing.override": "Leave it out: nothing changes when the code runs.",
}


def _came_with(names: Mapping[tuple[int, int], str], name: str) -> tuple[int, int] | None:
    """Return the version that has brought `name`, where that is newer than the one that runs."""
    return next(
        (version for version in names if name in names[version].split() and version > sys.version_info[:2]),
        None,
    )


def _said(name: str, version: tuple[int, int] | None) -> str:
    if version is None:
        return ""
    advice = _ADVICE.get(name, "")
    sentence = f"`{name}` is Python {version[0]}.{version[1]}; here {PYTHON_VERSION} runs."
    return f"{sentence} {advice}" if advice else sentence


def _of_module(module: str, name: str) -> str:
    shown = "os.path" if module == "posixpath" else module
    return _said(f"{shown}.{name}", _came_with(OF_MODULES.get(module, {}), name))


def _of_class(asked: Asked) -> str:
    return _said(f"{asked[1]}.{asked[2]}", _came_with(_OF_CLASSES.get(asked[1], {}), asked[2]))


def _parameter(asked: Asked) -> str:
    version = _came_with(_PARAMETERS.get(asked[1], {}), asked[2])
    return _said(f"{asked[1]}(…, {asked[2]}=…)", version)


RULES: tuple[Rule, ...] = (
    rule(
        "NameError",
        r"name '" + NAME + "' is not defined",
        lambda asked: _said(asked[1], _came_with(_BUILTINS, asked[1])),
    ),
    rule(
        "TypeError",
        FUNCTION + r"\(\) got an unexpected keyword argument '" + NAME + "'",
        lambda asked: _parameter(asked),
    ),
    rule(
        "TypeError",
        FUNCTION + r"\.__init__\(\) got an unexpected keyword argument '" + NAME + "'",
        lambda asked: _parameter(asked),
    ),
    rule(
        "TypeError",
        r"map\(\) takes no keyword arguments",
        lambda asked: _said("map(…, strict=…)", (3, 14)) if "strict" in asked.line else "",
    ),
    rule(
        "TypeError",
        r"unhashable type: 'slice'",
        lambda _: _said("A slice as a key, or in a set,", (3, 12)).replace("`", ""),
    ),
    rule(
        "AttributeError",
        r"module '([\w.]{1,120})' has no attribute '" + NAME + "'",
        lambda asked: _of_module(asked[1], asked[2]),
    ),
    rule(
        "ImportError",
        r"cannot import name '" + NAME + r"' from '([\w.]{1,120})'",
        lambda asked: _of_module(asked[2], asked[1]),
    ),
    rule(
        "AttributeError",
        r"(?:type object )?'(?:[\w.]{1,80}\.)?(\w{1,80})' (?:object )?has no attribute '" + NAME + "'",
        _of_class,
    ),
    rule(
        "ModuleNotFoundError",
        r"No module named '([\w.]{1,120})'",
        lambda asked: _said(asked[1], _came_with(_MODULES, asked[1])),
    ),
)
