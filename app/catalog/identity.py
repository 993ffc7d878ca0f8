"""What a problem goes by among others, read even where the rest of its `problem.toml` cannot be.

An author who is in the middle of a change still has that id, and nobody else may take it meanwhile.
"""

import re
import tomllib
import uuid

import msgspec

from app.catalog.file_text import BYTE_ORDER_MARK

_KEY = re.compile(r"^[ \t]*(id|slug|position)[ \t]*=[ \t]*(?:\"([^\"\n]*)\"|'([^'\n]*)'|(\d+))", re.MULTILINE)


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """The keys by which problems are told apart and point at each other; None where one is not there."""

    id: str | None = None
    slug: str | None = None
    position: int | None = None
    requires: tuple[str, ...] = ()

    @property
    def key(self) -> str | None:
        """The id as it is compared: one UUID can be written in several ways."""
        try:
            return None if self.id is None else uuid.UUID(self.id).hex
        except ValueError:
            return self.id

    @property
    def folder(self) -> str | None:
        """The name that both of its folders must have."""
        if self.slug is None or self.position is None:
            return None
        return f"{self.position}-{self.slug}"


def identity_of(manifest: bytes) -> Identity:
    """Return as much as can be read of a `problem.toml`, whatever else is wrong with it."""
    text = manifest.decode("utf-8", errors="replace").lstrip(BYTE_ORDER_MARK)
    try:
        keys = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        # The keys stand in front of the first table; the ids of nothing else are written so.
        head = text.partition("\n[")[0]
        keys = {match[1]: match[2] or match[3] or int(match[4] or 0) for match in _KEY.finditer(head)}
    requires = keys.get("requires")
    return Identity(
        id=_text(keys.get("id")),
        slug=_text(keys.get("slug")),
        position=keys["position"] if type(keys.get("position")) is int else None,
        requires=tuple(slug for slug in map(_text, requires) if slug is not None)
        if isinstance(requires, list)
        else (),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
