"""Whether a learner who begins with the starter can get anywhere: what the grader would refuse unseen.

The starter is read as text, never run.
"""

import ast
from collections.abc import Iterator

from app.catalog.file_text import BYTE_ORDER_MARK
from app.core.problem import Entry, Manifest
from app.core.submission import CODE_LIMIT_BYTES
from app.errors import ProblemError
from sandbox.forbidden_names import first_forbidden

_FILE = "starter.py"
_SHOWN = 300
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_PLAIN_VALUES = (ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.JoinedStr)


def require_usable_starter(manifest: Manifest, starter: str) -> None:
    """Raise where a learner's text that is built on `starter` would be refused for what the starter has.

    Raises:
        ProblemError: it is empty, too large to be sent in or no Python, lacks the entry function, has its
            parameters in another order, or uses a name that the problem forbids.
    """
    if (size_bytes := len(starter.encode())) > CODE_LIMIT_BYTES:
        raise _refuse(None, f"has {size_bytes:,} bytes; at most {CODE_LIMIT_BYTES:,} can be sent in")
    try:
        tree = ast.parse(starter.lstrip(BYTE_ORDER_MARK))
    except SyntaxError as error:
        raise _refuse(error.lineno, f"no Python: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise _refuse(None, f"no Python: {error}") from error
    if not tree.body:
        raise _refuse(None, f"it has no code, and `{manifest.entry.function}` is what learners begin with")
    _check_entry(manifest.entry, tree)
    if found := first_forbidden(tree, manifest.forbidden):
        raise _refuse(found.line, f"it uses {found.name}, which $.forbidden in problem.toml rules out")


def _refuse(line: int | None, reason: str) -> ProblemError:
    place = "" if line is None else f" line {line}:"
    return ProblemError(f"{_FILE}:{place} {reason}")


def _check_entry(entry: Entry, tree: ast.Module) -> None:
    """Refuse a starter whose entry function is not there, or cannot be called with what arrives."""
    place = "$.entry.function in problem.toml names"
    found = next((node for node in reversed(list(_bound(tree))) if _name(node) == entry.function), None)
    if found is None:
        there = [node.name for node in tree.body if isinstance(node, _Function)]
        defined = f"; it defines {', '.join(there[:8])}" if there else ""
        raise _refuse(None, f"{place} the function `{entry.function}`, which it does not define{defined}")
    match found:
        case ast.AsyncFunctionDef():
            raise _refuse(found.lineno, f"`{entry.function}` is an `async def`, and it is called plainly")
        case ast.ClassDef():
            raise _refuse(
                found.lineno, f"`{entry.function}` is a class, and a function of this name is called"
            )
        case ast.FunctionDef():
            _check_parameters(entry, found.lineno, found.args)
        case ast.Name():
            _check_assigned(entry, tree, found)


def _check_assigned(entry: Entry, tree: ast.Module, name: ast.Name) -> None:
    """Refuse what is plainly no function; of most values only a run could tell."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and name in node.targets:
            if isinstance(node.value, ast.Lambda):
                _check_parameters(entry, node.lineno, node.value.args)
            elif isinstance(node.value, _PLAIN_VALUES):
                raise _refuse(
                    node.lineno, f"`{entry.function}` is no function, but {ast.unparse(node.value)[:_SHOWN]}"
                )


def _check_parameters(entry: Entry, line: int, names: ast.arguments) -> None:
    positional = [argument.arg for argument in (*names.posonlyargs, *names.args)]
    count = len(entry.parameters)
    needed = len(positional) - len(names.defaults)
    fits = needed <= count and (count <= len(positional) or names.vararg is not None)
    keyword_only = [
        argument.arg
        for argument, default in zip(names.kwonlyargs, names.kw_defaults, strict=True)
        if default is None
    ]
    given = positional[:count]
    is_shuffled = given != list(entry.parameters) and sorted(given) == sorted(entry.parameters)
    if not fits or keyword_only or is_shuffled:
        wanted = f"{entry.function}({', '.join(entry.parameters)})"
        has = f"{entry.function}({ast.unparse(names)[:_SHOWN]})"
        raise _refuse(line, f"$.entry in problem.toml calls {wanted}, but it defines {has}")


def _bound(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield what may bind names when the text is loaded; what functions and classes hold stays inside."""
    waiting: list[ast.AST] = [tree]
    for node in waiting:
        yield node
        if not isinstance(node, _Function | ast.ClassDef | ast.Lambda) and not _is_for_programs(node):
            waiting.extend(ast.iter_child_nodes(node))


def _is_for_programs(node: ast.AST) -> bool:
    """Say whether it is `if __name__ == "__main__":`, under which nothing is run here."""
    return isinstance(node, ast.If) and "__main__" in ast.unparse(node.test)


def _name(node: ast.AST) -> str | None:
    """Return the name that a node binds."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Name(id=name, ctx=ast.Store()):
            return name
        case ast.alias(name=name, asname=asname):
            return asname or name
    return None
