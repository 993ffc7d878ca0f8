"""A right solution as operators read it: its syntax tree, what holds what, which attribute is which layer."""

import ast
from collections.abc import Iterator
from typing import TypeVar

from app.grading.mutate.change import Change
from app.grading.mutate.edits import Edit, Places, grouped

_Node = TypeVar("_Node", bound=ast.AST)
_NORMS = frozenset({"LayerNorm", "RMSNorm", "GroupNorm", "BatchNorm", "InstanceNorm"})
_SHAPE_TAKERS = frozenset(
    {"reshape", "zeros", "ones", "full", "empty", "broadcast_to", "range", "arange", "eye", "tri"}
)


class Solution:
    """The text of a right solution, and what is known of it without running it."""

    def __init__(self, text: str, entry: str, samples: dict[str, object]) -> None:
        """Read a text. `samples` are the entry's arguments in a case that learners may see.

        Raises:
            SyntaxError: it is not Python.
        """
        self.text = text
        self.tree = ast.parse(text)
        self.samples = samples
        self.places = Places(text)
        self._parents = {
            child: parent for parent in ast.walk(self.tree) for child in ast.iter_child_nodes(parent)
        }
        self.entry = next(
            (n for n in self.tree.body if isinstance(n, ast.FunctionDef) and n.name == entry), None
        )
        self.layers = dict(self._found_layers())
        self._aliases = dict(_found_aliases(self.tree))

    def all_of(self, kind: type[_Node]) -> Iterator[_Node]:
        """Yield the nodes of a kind that stand in a function, from top to bottom."""
        found = [node for node in ast.walk(self.tree) if isinstance(node, kind)]
        inside = [node for node in found if self.function_of(node) is not None]
        yield from sorted(
            inside, key=lambda node: (getattr(node, "lineno", 0), getattr(node, "col_offset", 0))
        )

    def all_in_classes(self) -> Iterator[ast.FunctionDef]:
        """Yield the functions that stand in a class, from top to bottom."""
        for node in self.tree.body:
            if isinstance(node, ast.ClassDef):
                yield from (one for one in node.body if isinstance(one, ast.FunctionDef))

    def parent_of(self, node: ast.AST) -> ast.AST | None:
        """Return the node that holds this one."""
        return self._parents.get(node)

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield what a node stands in, from the inside to the outside."""
        at = self._parents.get(node)
        while at is not None:
            yield at
            at = self._parents.get(at)

    def function_of(self, node: ast.AST) -> ast.FunctionDef | None:
        """Return the innermost function around a node."""
        return next((one for one in self.around(node) if isinstance(one, ast.FunctionDef)), None)

    def class_of(self, node: ast.AST) -> ast.ClassDef | None:
        """Return the innermost class around a node."""
        return next((one for one in self.around(node) if isinstance(one, ast.ClassDef)), None)

    def source_of(self, node: ast.expr | ast.stmt) -> str:
        """Return a node's own text."""
        return self.places.text_of(node)

    def dotted(self, node: ast.AST) -> str:
        """Return `jax.nn.softmax` for that name, with imports' aliases undone; empty for what is no name."""
        parts: list[str] = []
        at = node
        while isinstance(at, ast.Attribute):
            parts.append(at.attr)
            at = at.value
        if not isinstance(at, ast.Name):
            return ""
        parts.append(self._aliases.get(at.id, at.id))
        return ".".join(reversed(parts))

    def last_name(self, node: ast.AST) -> str:
        """Return `softmax` for whatever ends in `.softmax`, or is called that."""
        if isinstance(node, ast.Attribute):
            return node.attr
        return self.dotted(node).rpartition(".")[2]

    def alias_of(self, module: str, otherwise: str) -> str:
        """Return what the text calls a module; `otherwise` where it does not import it."""
        return next((name for name, full in self._aliases.items() if full == module), otherwise)

    def layer_of(self, call: ast.AST) -> str:
        """Return the class of the layer that `self.name(...)` calls; empty for other calls."""
        name = self.own_attribute(call.func) if isinstance(call, ast.Call) else ""
        return self.layers.get(name, "")

    def is_norm(self, call: ast.AST) -> bool:
        """Say whether a call is one of a norm layer that the text has created."""
        return self.layer_of(call) in _NORMS

    def own_attribute(self, node: ast.AST) -> str:
        """Return `name` for `self.name`; empty for anything else."""
        is_own = (
            isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
        )
        return node.attr if is_own and isinstance(node, ast.Attribute) else ""

    def is_about_sizes(self, node: ast.AST) -> bool:
        """Say whether an expression computes a place or a shape, not numbers of an answer."""
        below = node
        for at in self.around(node):
            if isinstance(at, ast.Subscript) and below is at.slice:
                return True
            if isinstance(at, ast.Call) and below is not at.func and self.last_name(at.func) in _SHAPE_TAKERS:
                is_first = bool(at.args) and below is at.args[0]
                return not (is_first and self._takes_array_first(at))
            if isinstance(at, ast.stmt):
                return False
            below = at
        return False

    def _takes_array_first(self, call: ast.Call) -> bool:
        """Say whether `jnp.reshape(x, shape)` is meant, not `x.reshape(shape)`."""
        name = self.last_name(call.func)
        is_function = self.dotted(call.func).startswith(("jax.", "numpy.", "jnp.", "np."))
        return name in ("reshape", "broadcast_to") and is_function

    def with_keyword(self, call: ast.Call, keyword: str) -> str:
        """Return a call's text with one more argument behind the others."""
        inside = (
            self.source_of(call)[len(self.source_of(call.func)) :].strip().removeprefix("(").removesuffix(")")
        )
        separator = ", " if inside.strip() and not inside.rstrip().endswith(",") else ""
        return f"{self.source_of(call.func)}({inside}{separator}{keyword})"

    def change(
        self, operator: str, node: ast.expr | ast.stmt, becomes: str, sentence: str, *, group: bool = True
    ) -> Change:
        """Return the change that puts `becomes` in a node's place."""
        text = grouped(becomes) if group and becomes else becomes
        return self.changes(operator, node, [self.places.replace(node, text)], sentence, becomes=becomes)

    def changes(
        self,
        operator: str,
        node: ast.expr | ast.stmt,
        edits: list[Edit],
        sentence: str,
        *,
        becomes: str,
    ) -> Change:
        """Return a change of several edits, told at `node`."""
        return Change(
            operator=operator,
            line=node.lineno,
            was=" ".join(self.source_of(node).split()),
            becomes=" ".join(becomes.split()),
            sentence=sentence,
            span=(self.places.start(node), self.places.end(node)),
            edits=tuple(edits),
        )

    def _found_layers(self) -> Iterator[tuple[str, str]]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                for target in node.targets:
                    if name := self.own_attribute(target):
                        func = node.value.func
                        yield name, func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")


def _found_aliases(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield (
                    name.asname or name.name.partition(".")[0],
                    name.name if name.asname else name.name.partition(".")[0],
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for name in node.names:
                yield (name.asname or name.name, f"{node.module}.{name.name}")


def argument(call: ast.Call, name: str, position: int | None = None) -> ast.expr | None:
    """Return the argument that is passed by `name`, or at `position`; None where there is none."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if position is not None and position < len(call.args):
        return call.args[position]
    return None


def number(node: ast.AST | None) -> float | int | None:
    """Return the number that a literal says, signs included; None for what is no number."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = number(node.operand)
        return None if inner is None else -inner
    if (
        isinstance(node, ast.Constant)
        and isinstance(node.value, int | float)
        and not isinstance(node.value, bool)
    ):
        return node.value
    return None


def calls_in(node: ast.AST) -> list[ast.Call]:
    """Return the calls inside an expression, itself included."""
    return [one for one in ast.walk(node) if isinstance(one, ast.Call)]


def same(one: ast.AST, other: ast.AST) -> bool:
    """Say whether two expressions are written alike."""
    return ast.dump(one) == ast.dump(other)
