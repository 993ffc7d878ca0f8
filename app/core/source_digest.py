"""A digest of our own code, for what is kept only as long as the code that made it stays the same."""

import hashlib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

SOURCES = Path(str(files("app"))).parent
"""The folder that holds the packages `app` and `sandbox`, in a checkout and where they are installed."""


def source_digest(packages: Sequence[str], *, root: Path = SOURCES) -> str:
    """Return a hash of every Python file of these packages, named by their folders or files below `root`."""
    digest = hashlib.sha256()
    for package in packages:
        place = root / package
        for file in [place] if place.is_file() else sorted(place.rglob("*.py")):
            digest.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()
