"""Files that are whole or not there, even with several readers and writers."""

import secrets
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` beside `path`, whose folder is there, and put it in its place.

    Raises:
        OSError: it cannot be written.
    """
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    draft.write_bytes(data)
    draft.rename(path)
