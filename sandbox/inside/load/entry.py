"""Whether a loaded text has the entry function, and whether that can be called with what arrives."""

import ast
import inspect
import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from types import ModuleType
from typing import Any

from sandbox.inside.submitted_text import plain_text
from sandbox.interface import Loaded, Refusal

_MESSAGE_LIMIT = 500
_SHOWN = 8
_PROGRAM = 'under `if __name__ == "__main__":`, which is not run here'
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def entry_fault(module: ModuleType, tree: ast.Module, name: str, parameters: Sequence[str]) -> Loaded | None:
    """Return why the function `name` of a loaded text cannot be called with `parameters`; None if it can."""
    function = module.__dict__.get(name)
    if not callable(function):
        return _missing(tree, name)
    line = next((node.lineno for node in tree.body if getattr(node, "name", None) == name), None)
    if isinstance(function, type) and any(
        isinstance(node, ast.ClassDef) and node.name == name for node in tree.body
    ):
        message = (
            f"{name} is a class, and calling it only makes an instance: a function {name} is called here"
        )
        return Loaded(refusal=Refusal.MISSING_FUNCTION, message=message, line=line)
    wanted = f"{name}({', '.join(parameters)})"
    given = _parameter_names(function, len(parameters))
    if given is None:
        message = f"{wanted} is called, but yours is {_signature_text(function, name)}"
        return Loaded(refusal=Refusal.BAD_SIGNATURE, message=message, line=line)
    if given != list(parameters) and sorted(given) == sorted(parameters):
        message = f"{wanted} is called, but your parameters stand in another order: {', '.join(given)}"
        return Loaded(refusal=Refusal.BAD_SIGNATURE, message=message, line=line)
    return None


def _missing(tree: ast.Module, name: str) -> Loaded:
    """Say what a text has in the entry function's place."""
    if not tree.body:
        message = f"there is no code in the text: a function named {name} is called here"
        return Loaded(refusal=Refusal.MISSING_FUNCTION, message=message)
    for node in reversed(tree.body):
        if isinstance(node, _Function) and node.name == name:
            message = (
                f"{name} is no function any more when the code has run: a decorator or later line did that"
            )
            return Loaded(refusal=Refusal.MISSING_FUNCTION, message=message, line=node.lineno)
    for place, found, line in _inside_others(tree, ""):
        if found == name:
            message = f"{name} is defined {place}: move it out, to the left edge"
            return Loaded(refusal=Refusal.MISSING_FUNCTION, message=message, line=line)
    if (quoted := _in_quotes(tree, name)) is not None:
        message = f"{name} stands in a text in quotes, which is not run: take the quotes around the code away"
        return Loaded(refusal=Refusal.MISSING_FUNCTION, message=message, line=quoted)
    there = [node for node in tree.body if isinstance(node, _Function)]
    near = get_close_matches(name.lower(), [node.name.lower() for node in there], n=1, cutoff=0.7)
    if near:
        meant = next(node for node in there if node.name.lower() == near[0])
        message = (
            f"there is no function named {name}: is {plain_text(meant.name, _MESSAGE_LIMIT)} meant to be it?"
        )
        return Loaded(refusal=Refusal.MISSING_FUNCTION, message=message, line=meant.lineno)
    names = ", ".join(node.name for node in there[:_SHOWN])
    defined = f"; your code defines {plain_text(names, _MESSAGE_LIMIT)}" if there else ""
    return Loaded(refusal=Refusal.MISSING_FUNCTION, message=f"there is no function named {name}{defined}")


def _in_quotes(tree: ast.Module, name: str) -> int | None:
    """Return the line of a text that stands by itself and has the function in it; None where none has."""
    defined = re.compile(rf"^\s*(?:async )?def\s+{re.escape(name)}\s*\(", re.MULTILINE)
    for node in tree.body:
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))) if defined.search(text):
                return node.lineno
    return None


def _inside_others(parent: ast.AST, place: str) -> Iterator[tuple[str, str, int]]:
    """Yield what is defined, but does not stand by itself: where in words, its name and its line."""
    for node in ast.iter_child_nodes(parent):
        if place and isinstance(node, _Function | ast.ClassDef):
            yield place, node.name, node.lineno
        elif place == _PROGRAM and isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield place, node.id, node.lineno
        elif place == _PROGRAM and isinstance(node, ast.alias):
            yield place, node.asname or node.name, node.lineno
        yield from _inside_others(node, _place_in(node) or place)


def _place_in(node: ast.AST) -> str:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return f"inside the function {plain_text(name, _MESSAGE_LIMIT)}"
        case ast.ClassDef(name=name):
            return f"inside the class {plain_text(name, _MESSAGE_LIMIT)}"
        case ast.If(test=test) if "__main__" in ast.unparse(test):
            return _PROGRAM
        case ast.If() | ast.For() | ast.While() | ast.Try() | ast.Match():
            return "where the code does not come by"
    return ""


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
