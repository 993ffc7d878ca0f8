"""Whether who begins with the starter can get anywhere, and whether solutions are what the grader can call.

All are read as text, never run.
"""

import ast
from collections.abc import Iterator, Sequence

from app.catalog.faults import PackageFault
from app.catalog.file_text import BYTE_ORDER_MARK
from app.core.problem import Entry
from app.core.submission import CODE_LIMIT_BYTES
from sandbox.forbidden_names import first_forbidden

STARTER = "starter.py"
_SHOWN = 300
_PLAIN_VALUES = (ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.JoinedStr)
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def starter_faults(entry: Entry, forbidden: Sequence[str], starter: str) -> Iterator[PackageFault]:
    """Yield why the grader would refuse a text that is built on `starter`, for what the starter has."""
    if (size_bytes := len(starter.encode())) > CODE_LIMIT_BYTES:
        reason = f"has {size_bytes:,} bytes; at most {CODE_LIMIT_BYTES:,} can be sent in"
        yield _fault(STARTER, None, reason)
        return
    yield from code_faults(STARTER, starter, entry, forbidden)


def code_faults(
    file: str, code: str, entry: Entry | None, forbidden: Sequence[str] = ()
) -> Iterator[PackageFault]:
    """Yield why the grader would not call a text: no Python, no entry function, other parameters.

    What `forbidden` names is looked for as in a submission. Without an `entry` only the syntax is looked at.
    """
    try:
        tree = ast.parse(code.lstrip(BYTE_ORDER_MARK))
    except SyntaxError as error:
        yield _fault(file, error.lineno, f"is no Python: {error.msg}")
        return
    except (ValueError, RecursionError, MemoryError) as error:
        yield _fault(file, None, f"is no Python: {str(error) or 'it is nested too deeply'}")
        return
    if entry is None:
        return
    if not tree.body:
        begins = "; it is what learners begin with" if file == STARTER else ""
        yield _fault(file, None, f"has no code; define `{entry.function}`{begins}")
        return
    yield from _entry_faults(file, entry, tree)
    if found := first_forbidden(tree, forbidden):
        yield _fault(file, found.line, f"uses {found.name}, which `forbidden` in problem.toml rules out")


def _fault(file: str, line: int | None, reason: str) -> PackageFault:
    return PackageFault(file=file, line=line, reason=reason)


def _entry_faults(file: str, entry: Entry, tree: ast.Module) -> Iterator[PackageFault]:
    """Tell that the entry function is not there, or cannot be called with what arrives."""
    found = next((node for node in reversed(list(_bound(tree))) if _name(node) == entry.function), None)
    if found is None:
        there = [node.name for node in tree.body if isinstance(node, _Function)]
        defined = f"; it defines {', '.join(there[:8])}" if there else ""
        reason = f"does not define `{entry.function}`, which entry.function in problem.toml names{defined}"
        yield _fault(file, None, reason)
        return
    match found:
        case ast.AsyncFunctionDef(lineno=line):
            yield _fault(file, line, f"`{entry.function}` is an `async def`, and it is called plainly")
        case ast.ClassDef(lineno=line):
            yield _fault(file, line, f"`{entry.function}` is a class, and a function of this name is called")
        case ast.FunctionDef():
            yield from _parameter_faults(file, entry, found.lineno, found.args)
        case ast.Name():
            yield from _assigned_faults(file, entry, tree, found)


def _assigned_faults(file: str, entry: Entry, tree: ast.Module, name: ast.Name) -> Iterator[PackageFault]:
    """Tell of what is plainly no function; of most values only a run could tell."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and name in node.targets:
            if isinstance(node.value, ast.Lambda):
                yield from _parameter_faults(file, entry, node.lineno, node.value.args)
            elif isinstance(node.value, _PLAIN_VALUES):
                value = ast.unparse(node.value)[:_SHOWN]
                yield _fault(file, node.lineno, f"`{entry.function}` is no function, but {value}")


def _parameter_faults(file: str, entry: Entry, line: int, names: ast.arguments) -> Iterator[PackageFault]:
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
        yield _fault(file, line, f"`entry` in problem.toml calls {wanted}, but this is {has}")


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
