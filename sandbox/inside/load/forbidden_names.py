"""Names that an exercise forbids, found in the syntax tree."""

import ast
from collections.abc import Sequence

from sandbox.inside.load.dotted_names import Found, dotted_uses, imported_names


def first_forbidden(tree: ast.Module, forbidden: Sequence[str]) -> Found | None:
    """The first use or import of any dotted name in `forbidden`, import aliases resolved.

    A forbidden `nnx.MultiHeadAttention` is found as `nnx.MultiHeadAttention`, `flax.nnx.MultiHeadAttention`
    and `from flax.nnx import MultiHeadAttention`. What is put together while the code runs is
    `forbidden_use`'s work.
    """
    if not forbidden:
        return None
    nodes = list(ast.walk(tree))
    uses = [*imported_names(nodes), *dotted_uses(nodes)]
    for found in sorted(uses, key=lambda use: use.line):
        for name in forbidden:
            if found.name == name or found.name.endswith("." + name):
                return Found(name=name, line=found.line)
    return None


def in_words(name: str) -> str:
    """Why the code is refused."""
    return f"this exercise asks you to build {name} yourself, so it may not be used"
