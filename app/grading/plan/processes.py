"""Which trusted texts may share a process: not one that would change what another's calls give."""

import ast
import re
from collections.abc import Iterator, Sequence

_FOR_A_WHOLE_PROCESS = re.compile(
    r"config\.update|[\"']jax_|environ|register|seterr|set_printoptions|set_mesh|\.seed\(|\bsys\.|builtins"
    r"|setattr\(|delattr\(|__dict__|vars\("
)
"""How a text says something that would hold for others in its process, too; a few too many do no harm."""


def by_process(codes: Sequence[str]) -> list[list[int]]:
    """Divide texts, by their places, among processes; what sets something for all has one to itself."""
    alone = [place for place, code in enumerate(codes) if _sets_for_all(code)]
    together = [place for place in range(len(codes)) if place not in alone]
    return [*([together] if together else []), *([place] for place in alone)]


def _sets_for_all(code: str) -> bool:
    if _FOR_A_WHOLE_PROCESS.search(code):
        return True
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError):
        return False  # It never runs.
    imported = {
        (name.asname or name.name).partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    return any(_root(target) in imported for target in _set_targets(tree))


def _set_targets(tree: ast.Module) -> Iterator[ast.expr]:
    """Yield every attribute and item that is written or deleted, as `jnp.dot` in `jnp.dot = f`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
            yield node


def _root(target: ast.expr) -> str:
    """Return the name that a chain of attributes and items begins with; none where it is another one."""
    while isinstance(target, ast.Attribute | ast.Subscript):
        target = target.value
    return target.id if isinstance(target, ast.Name) else ""
