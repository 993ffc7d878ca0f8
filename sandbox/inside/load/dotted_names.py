"""Which dotted names a text uses, import aliases resolved."""

import ast
from collections.abc import Iterator, Sequence

import msgspec


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A dotted name and the line where it stands."""

    name: str
    line: int


def imported_names(nodes: Sequence[ast.AST]) -> Iterator[Found]:
    """`from flax.nnx import Linear` as `flax.nnx.Linear`; `nodes` are all of a text."""
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield Found(name=f"{node.module}.{alias.name}", line=node.lineno)


def dotted_uses(nodes: Sequence[ast.AST]) -> Iterator[Found]:
    """`jnp.sum` as `jax.numpy.sum`; `nodes` are all of a text."""
    aliases = dict(_aliases(nodes))
    for node in nodes:
        if isinstance(node, ast.Attribute):
            dotted = _dotted(node)
            if dotted:
                head, _, rest = dotted.partition(".")
                yield Found(name=f"{aliases.get(head, head)}.{rest}", line=node.lineno)


def _aliases(nodes: Sequence[ast.AST]) -> Iterator[tuple[str, str]]:
    for node in nodes:
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
