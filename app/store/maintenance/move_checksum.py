"""One number for all rows of a table, the same on SQLite and PostgreSQL, and in whatever order they come.

Each row is hashed by itself, and the hashes are added: the two databases sort texts by different rules,
and a table of millions would have to be sorted for nothing else.
"""

import hashlib
import struct
from collections.abc import Sequence
from datetime import UTC, datetime

_MODULUS = 1 << 256


class TableChecksum:
    """How many rows there are, and the sum of their hashes."""

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def add(self, row: Sequence[object]) -> None:
        """Values in the order of the table's columns, as SQLAlchemy's types give them."""
        hashed = hashlib.sha256()
        for value in row:
            hashed.update(_canonical(value))
        self.rows += 1
        self._sum = (self._sum + int.from_bytes(hashed.digest())) % _MODULUS

    @property
    def text(self) -> str:
        return f"{self._sum:064x}"


def _canonical(value: object) -> bytes:
    """Return a kind, a length and the value, so that no two rows can be written alike.

    Raises:
        TypeError: no column may hold this.
    """
    match value:
        case None:
            kind, content = b"n", b""
        case bool():
            kind, content = b"b", b"1" if value else b"0"
        case int():
            kind, content = b"i", str(value).encode()
        case float():
            kind, content = b"f", struct.pack("<d", value)
        case str():
            kind, content = b"s", value.encode()
        case bytes() | memoryview():
            kind, content = b"y", bytes(value)
        case datetime():
            kind, content = b"t", value.astimezone(UTC).isoformat(timespec="microseconds").encode()
        case _:
            raise TypeError(f"a {type(value).__name__} has no canonical form")
    return kind + struct.pack("<Q", len(content)) + content
