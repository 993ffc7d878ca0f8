"""What is worth a word in the submitted text itself; never a reason to refuse it."""

import ast
from collections.abc import Iterator, Sequence

from sandbox.forbidden_names import dotted_uses, imported_names
from sandbox.inside.submitted_text import plain_text

_LIMIT = 6
_NAME_LIMIT = 80
_HIDDEN_STATE = ("numpy.random.", "random.")
# These hold a state of their own, made from a seed.
_OWN_STATE = (
    "default_rng",
    "Generator",
    "SeedSequence",
    "PCG64",
    "Philox",
    "MT19937",
    "RandomState",
    "Random",
)
_SEES_ALL_NAMES = frozenset({"locals", "vars", "eval", "exec", "dir"})
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def static_notes(tree: ast.Module, entry: str) -> tuple[str, ...]:
    """Write a few sentences on `tree`, whose function `entry` is graded; each certain, and none twice."""
    nodes = list(ast.walk(tree))  # Once: to walk a text takes longer than to look at what is found.
    found = [
        *_unused_parameters(tree, entry),
        *_hidden_state(nodes),
        *_mutable_defaults(nodes),
        *_prints_in_loops(nodes),
    ]
    return tuple(dict.fromkeys(found))[:_LIMIT]


def _unused_parameters(tree: ast.Module, entry: str) -> Iterator[str]:
    function = next((n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == entry), None)
    if function is None or _is_unwritten(function):
        return
    body = [node for statement in function.body for node in ast.walk(statement)]
    read = {node.id for node in body if isinstance(node, ast.Name)}
    if read & _SEES_ALL_NAMES:
        return
    given = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    unused = [f"`{plain_text(name, _NAME_LIMIT)}`" for name in given if name not in read and name[0] != "_"]
    # Where most are unused, it is not a slip: the function is not finished yet.
    if 0 < len(unused) <= max(1, len(given) // 2):
        parameters = "parameter" if len(unused) == 1 else "parameters"
        yield f"line {function.lineno}: `{entry}` never uses its {parameters} {', '.join(unused[:8])}."


def _is_unwritten(function: ast.FunctionDef) -> bool:
    """Say whether the body is a docstring and a `raise`, `pass` or `...`, as in a starter."""
    return all(
        isinstance(statement, ast.Raise | ast.Pass)
        or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
        for statement in function.body
    )


def _hidden_state(nodes: Sequence[ast.AST]) -> Iterator[str]:
    for found in sorted([*imported_names(nodes), *dotted_uses(nodes)], key=lambda use: use.line):
        drawn = found.name.startswith(_HIDDEN_STATE)
        if drawn and not any(part in _OWN_STATE for part in found.name.split(".")):
            name = found.name.replace("numpy.", "np.", 1) if found.name.startswith("numpy.") else found.name
            yield (
                f"line {found.line}: `{plain_text(name, _NAME_LIMIT)}` draws from a state that every call "
                "changes, "
                "so the same seed need not give the same numbers. Draw from `nnx.Rngs` or from a key of "
                "`jax.random`."
            )
            return


def _mutable_defaults(nodes: Sequence[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if not isinstance(node, _Function):
            continue
        positional = [*node.args.posonlyargs, *node.args.args]
        pairs = [
            *zip(positional[len(positional) - len(node.args.defaults) :], node.args.defaults, strict=True),
            *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True),
        ]
        for argument, default in pairs:
            if isinstance(default, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp):
                name = plain_text(argument.arg, _NAME_LIMIT)
                yield (
                    f"line {default.lineno}: the default of `{name}` is made once and shared by all calls, "
                    "so what "
                    "one call puts into it the next one finds. Use None, and make it inside."
                )


def _prints_in_loops(nodes: Sequence[ast.AST]) -> Iterator[str]:
    for loop in nodes:
        if not isinstance(loop, ast.For | ast.While | ast.AsyncFor):
            continue
        for statement in loop.body:
            for node in ast.walk(statement):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                    yield f"line {node.lineno}: this `print` is in a loop and writes every time round."
                    return
