"""Which dotted names a text uses, import aliases resolved."""

import ast
from collections.abc import Iterator

import msgspec


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A dotted name and the line where it stands."""

    name: str
    line: int


def imported_names(tree: ast.Module) -> Iterator[Found]:
    """`from flax.nnx import Linear` as `flax.nnx.Linear`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield Found(name=f"{node.module}.{alias.name}", line=node.lineno)


def dotted_uses(tree: ast.Module) -> Iterator[Found]:
    """`jnp.sum` as `jax.numpy.sum`."""
    aliases = dict(_aliases(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            dotted = _dotted(node)
            if dotted:
                head, _, rest = dotted.partition(".")
                yield Found(name=f"{aliases.get(head, head)}.{rest}", line=node.lineno)


def _aliases(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    yield alias.asname, alias.name
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])
