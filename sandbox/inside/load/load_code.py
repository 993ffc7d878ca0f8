"""Submitted text → a module whose entry function can be called, or the reason why not."""

import ast
import inspect
import io
import linecache
import sys
from types import ModuleType
from typing import Any

import msgspec

from sandbox.inside.load.forbidden_names import first_forbidden, in_words
from sandbox.inside.load.leftovers import NOTEBOOK, is_notebook, leftover
from sandbox.inside.load.newer_python import newer_syntax
from sandbox.inside.load.static_notes import static_notes
from sandbox.inside.report.errors import describe
from sandbox.inside.submitted_text import FILE_NAME, plain_text
from sandbox.interface import Loaded, Refusal
from sandbox.protocol import Load

_MESSAGE_LIMIT = 500


def load(request: Load, module: ModuleType) -> Loaded:
    """Parse, check names, execute into `module`, and check the entry function's signature."""
    # Editors of Windows put a byte-order mark in front; Python drops it from a file, but not from a text.
    code = request.code.removeprefix("\ufeff")
    if is_notebook(code):
        return Loaded(refusal=Refusal.SYNTAX_ERROR, message=NOTEBOOK, line=1)
    try:
        tree = ast.parse(code, FILE_NAME)
        compiled = compile(tree, FILE_NAME, "exec", dont_inherit=True)
    except SyntaxError as error:
        return _syntax_error(code, error)
    except (ValueError, RecursionError, MemoryError) as error:
        reason = str(error) or "the code is nested too deeply to be compiled"
        return Loaded(refusal=Refusal.SYNTAX_ERROR, message=reason)
    if found := first_forbidden(tree, request.forbidden):
        return Loaded(refusal=Refusal.FORBIDDEN_NAME, message=in_words(found.name), line=found.line)
    notes = static_notes(tree, request.function)
    step_into(module, code)
    try:
        exec(compiled, module.__dict__)
    except BaseException as error:
        raised = describe(error)
        line = raised.frames[-1].line if raised.frames else None
        return Loaded(refusal=Refusal.IMPORT_RAISED, message=raised.message, line=line, raised=raised)
    return msgspec.structs.replace(_check_entry(request, module, tree), notes=notes)


def _syntax_error(code: str, error: SyntaxError) -> Loaded:
    newer = newer_syntax(code, error)
    if newer is not None:
        return Loaded(refusal=Refusal.SYNTAX_ERROR, message=newer.message, line=newer.line)
    reason = leftover(code, error) or plain_text(error.msg or "invalid syntax", _MESSAGE_LIMIT)
    return Loaded(refusal=Refusal.SYNTAX_ERROR, message=reason, line=error.lineno)


def step_into(module: ModuleType, code: str) -> None:
    """Have Python take `module` for what is imported as `solution`, and `code` for its file's text.

    So pickles, annotations and tracebacks find their own, where one process has several such modules.
    """
    code = code.removeprefix("\ufeff")
    # The parser ends no line at a form feed or U+2028, where `str.splitlines` does.
    lines = io.StringIO(code, newline=None).readlines()
    linecache.cache[FILE_NAME] = (len(code), None, lines, FILE_NAME)
    module.__file__ = FILE_NAME
    sys.modules["solution"] = module


def load_trusted(code: str) -> ModuleType:
    """Make a module of code that is known to load; whatever it raises ends the run."""
    module = ModuleType("solution")
    step_into(module, code)
    exec(compile(code.removeprefix("\ufeff"), FILE_NAME, "exec", dont_inherit=True), module.__dict__)
    return module


def _check_entry(request: Load, module: ModuleType, tree: ast.Module) -> Loaded:
    name = request.function
    function = module.__dict__.get(name)
    if not callable(function):
        there = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
        defined = f"; your code defines {plain_text(', '.join(there[:8]), _MESSAGE_LIMIT)}" if there else ""
        if (line := _line_when_main(tree, name)) is not None:
            message = (
                f'{name} is defined under `if __name__ == "__main__":`, which is not run here: move it out'
            )
            return Loaded(refusal=Refusal.MISSING_FUNCTION, message=message, line=line)
        return Loaded(refusal=Refusal.MISSING_FUNCTION, message=f"there is no function named {name}{defined}")
    wanted = f"{name}({', '.join(request.parameters)})"
    line = next((node.lineno for node in tree.body if getattr(node, "name", None) == name), None)
    given = _parameter_names(function, len(request.parameters))
    if given is None:
        found = _signature_text(function, name)
        return Loaded(
            refusal=Refusal.BAD_SIGNATURE, message=f"{wanted} is called, but yours is {found}", line=line
        )
    if given != list(request.parameters) and sorted(given) == sorted(request.parameters):
        message = f"{wanted} is called, but your parameters stand in another order: {', '.join(given)}"
        return Loaded(refusal=Refusal.BAD_SIGNATURE, message=message, line=line)
    return Loaded()


def _line_when_main(tree: ast.Module, name: str) -> int | None:
    """Return where `name` is defined for a text that is run as a program alone; None where it is not."""
    for node in tree.body:
        if isinstance(node, ast.If) and "__main__" in ast.unparse(node.test):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef) and inner.name == name:
                    return inner.lineno
    return None


def _parameter_names(function: Any, count: int) -> list[str] | None:
    """Return the names that `count` positional arguments bind to; None where they do not fit."""
    try:
        bound = inspect.signature(function).bind(*range(count))
    except TypeError:
        return None
    except ValueError:  # Some callables have no signature that can be read.
        return []
    return list(bound.arguments)


def _signature_text(function: Any, name: str) -> str:
    try:
        return plain_text(f"{name}{inspect.signature(function)}", _MESSAGE_LIMIT)
    except (TypeError, ValueError):
        return name
