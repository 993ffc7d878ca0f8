"""Figures: which files of `assets/` a page can show, and where an address in a statement leads."""

import re
from pathlib import PurePosixPath
from posixpath import normpath
from urllib.parse import SplitResult, quote, unquote, urlsplit

MEDIA_TYPES = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
}
_BEGINNINGS = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/webp": re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/svg+xml": re.compile(rb"(?:\xef\xbb\xbf)?\s*<.*?<?(?:\w+:)?svg[\s/>]", re.DOTALL),
}


def media_type_of(name: str) -> str | None:
    """Return a figure's media type; None for a file that pages do not show."""
    return MEDIA_TYPES.get(PurePosixPath(name).suffix.lower())


def is_what_it_is_called(name: str, content: bytes) -> bool:
    """Tell whether a figure begins as its kind does; a pointer that Git LFS left behind does not."""
    return bool(_BEGINNINGS[MEDIA_TYPES[PurePosixPath(name).suffix.lower()]].match(content[:4_096]))


def parts_of(address: str) -> SplitResult:
    """Return an address in its parts; one that is none, such as `http://[`, leads nowhere but elsewhere."""
    try:
        return urlsplit(address)
    except ValueError:
        return SplitResult("unreadable", "", address, "", "")


def path_of(address: str) -> str | None:
    """Return where a relative address of a statement leads within its folder; None for another place's.

    One that leads out of the folder begins with `..`.
    """
    parts = parts_of(address)
    if parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/"):
        return None
    return normpath(unquote(parts.path))


def served_address(slug: str, address: str) -> str | None:
    """Return the address that a page has for a file of `assets/`; None for whatever else is meant."""
    path = path_of(address)
    if path is None or not path.startswith("assets/"):
        return None
    fragment = parts_of(address).fragment
    return f"/problems/{slug}/{quote(path)}" + (f"#{fragment}" if fragment else "")
