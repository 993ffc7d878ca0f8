"""Content addresses: a version of a problem is the hash of its files."""

import hashlib
from collections.abc import Mapping


def version_of(files: Mapping[str, bytes]) -> str:
    """SHA-256 over the sorted paths and contents, each with its length in front, as hexadecimal."""
    digest = hashlib.sha256()
    for path in sorted(files):
        for part in (path.encode(), files[path]):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()
