"""Names that an exercise forbids, found in the syntax tree."""

import ast
from collections.abc import Iterator, Sequence

import msgspec


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A forbidden name and the line where it stands."""

    name: str
    line: int


def first_forbidden(tree: ast.Module, forbidden: Sequence[str]) -> Found | None:
    """The first use or import of any dotted name in `forbidden`, import aliases resolved.

    A forbidden `nnx.MultiHeadAttention` is found as `nnx.MultiHeadAttention`, `flax.nnx.MultiHeadAttention`
    and `from flax.nnx import MultiHeadAttention`.
    """
    aliases = dict(_aliases(tree))
    uses = [*_imports(tree), *_dotted_uses(tree, aliases)]
    for found in sorted(uses, key=lambda use: use.line):
        for name in forbidden:
            if found.name == name or found.name.endswith("." + name):
                return Found(name=name, line=found.line)
    return None


def _aliases(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    yield alias.asname, alias.name
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _imports(tree: ast.Module) -> Iterator[Found]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield Found(name=f"{node.module}.{alias.name}", line=node.lineno)


def _dotted_uses(tree: ast.Module, aliases: dict[str, str]) -> Iterator[Found]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            dotted = _dotted(node)
            if dotted:
                head, _, rest = dotted.partition(".")
                yield Found(name=f"{aliases.get(head, head)}.{rest}", line=node.lineno)


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])
