"""Changes of a text at places of its syntax tree, so that lines and comments elsewhere stay as they are."""

import ast
from collections.abc import Sequence

import msgspec

_ATOMS = (
    *(ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Constant),
    *(ast.List, ast.Tuple, ast.Dict, ast.ListComp),
)


class Edit(msgspec.Struct, frozen=True):
    """`text` takes the place of the bytes from `start` to `end` of the text as UTF-8."""

    start: int
    end: int
    text: str


class Places:
    """Where the nodes of a text's syntax tree stand in it, in bytes."""

    def __init__(self, text: str) -> None:
        self._bytes = text.encode()
        # The parser knows three ends of a line, and no others: \n, \r\n and \r.
        lines = self._bytes.splitlines(keepends=True)
        self._starts = [0]
        for line in lines:
            self._starts.append(self._starts[-1] + len(line))

    def start(self, node: ast.expr | ast.stmt) -> int:
        """Return where a node begins."""
        return self._starts[node.lineno - 1] + node.col_offset

    def end(self, node: ast.expr | ast.stmt) -> int:
        """Return where it has ended."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._starts[node.end_lineno - 1] + node.end_col_offset

    def text_of(self, node: ast.expr | ast.stmt) -> str:
        """Return a node's own text, without parentheses around it."""
        return self._bytes[self.start(node) : self.end(node)].decode()

    def replace(self, node: ast.expr | ast.stmt, text: str) -> Edit:
        """Put `text` in a node's place, in parentheses where an operator could tear it apart."""
        return Edit(self.start(node), self.end(node), text)

    def insert_before(self, node: ast.expr | ast.stmt, text: str) -> Edit:
        """Put `text` in front of a node."""
        return Edit(self.start(node), self.start(node), text)

    def edited(self, edits: Sequence[Edit]) -> str:
        """Return the text with all edits made; they may not overlap."""
        made = self._bytes
        for edit in sorted(edits, key=lambda edit: (edit.start, edit.end), reverse=True):
            made = made[: edit.start] + edit.text.encode() + made[edit.end :]
        return made.decode()


def grouped(text: str) -> str:
    """Return an expression's text so that whatever stands around it takes it as one."""
    parsed = ast.parse(f"({text})", mode="eval").body
    is_bare_tuple = isinstance(parsed, ast.Tuple) and not text.lstrip().startswith("(")
    return text if isinstance(parsed, _ATOMS) and not is_bare_tuple else f"({text})"
