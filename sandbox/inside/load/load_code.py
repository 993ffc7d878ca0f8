"""Submitted text → a module whose entry function can be called, or the reason why not."""

import ast
import io
import linecache
import sys
from types import ModuleType

import msgspec

from sandbox.forbidden_names import first_forbidden
from sandbox.inside.load.entry import entry_fault
from sandbox.inside.load.leftovers import NOTEBOOK, is_notebook, leftover
from sandbox.inside.load.newer_python import newer_syntax
from sandbox.inside.load.static_notes import static_notes
from sandbox.inside.report.errors import describe
from sandbox.inside.submitted_text import FILE_NAME, plain_text
from sandbox.interface import ForbiddenUse, Loaded, Refusal
from sandbox.protocol import Load

_MESSAGE_LIMIT = 500
_NULS = "the text holds NUL characters, as one in UTF-16 does that was read as another: save it as UTF-8"


def load(request: Load, module: ModuleType) -> Loaded:
    """Parse, check names, execute into `module`, and check the entry function's signature."""
    code = _as_in_a_file(request.code)
    if "\0" in code:
        before = code.partition("\0")[0]
        return Loaded(refusal=Refusal.SYNTAX_ERROR, message=_NULS, line=before.count("\n") + 1)
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
        words = ForbiddenUse(name=found.name).in_words
        return Loaded(refusal=Refusal.FORBIDDEN_NAME, message=words, line=found.line)
    notes = static_notes(tree, request.function)
    step_into(module, code)
    try:
        exec(compiled, module.__dict__)
    except BaseException as error:
        raised = describe(error)
        line = raised.frames[-1].line if raised.frames else None
        return Loaded(refusal=Refusal.IMPORT_RAISED, message=raised.message, line=line, raised=raised)
    refused = entry_fault(module, tree, request.function, request.parameters)
    return msgspec.structs.replace(refused or Loaded(), notes=notes)


def _as_in_a_file(code: str) -> str:
    """Return the text as Python reads it from a file: no byte-order mark in front, one kind of line ends.

    Editors of Windows put such a mark there, and programs that join files a second one.
    """
    return io.StringIO(code.lstrip("\ufeff"), newline=None).read()


def _syntax_error(code: str, error: SyntaxError) -> Loaded:
    newer = newer_syntax(code, error)
    if newer is not None:
        return Loaded(refusal=Refusal.SYNTAX_ERROR, message=newer.message, line=newer.line)
    if found := leftover(code, error):
        return Loaded(refusal=Refusal.SYNTAX_ERROR, message=found.message, line=found.line)
    reason = plain_text(error.msg or "invalid syntax", _MESSAGE_LIMIT)
    return Loaded(refusal=Refusal.SYNTAX_ERROR, message=reason, line=error.lineno)


def step_into(module: ModuleType, code: str) -> None:
    """Have Python take `module` for what is imported as `solution`, and `code` for its file's text.

    So pickles, annotations and tracebacks find their own, where one process has several such modules.
    """
    code = _as_in_a_file(code)
    # The parser ends no line at a form feed or U+2028, where `str.splitlines` does.
    lines = io.StringIO(code).readlines()
    linecache.cache[FILE_NAME] = (len(code), None, lines, FILE_NAME)
    module.__file__ = FILE_NAME
    sys.modules["solution"] = module


def load_trusted(code: str) -> ModuleType:
    """Make a module of code that is known to load; whatever it raises ends the run."""
    module = ModuleType("solution")
    step_into(module, code)
    exec(compile(_as_in_a_file(code), FILE_NAME, "exec", dont_inherit=True), module.__dict__)
    return module
