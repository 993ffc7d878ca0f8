"""Remembers what each step of the set-up was last done with."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


class Stamps:
    """One small file a step in `folder`; deleting the folder makes every step run again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def is_current(self, step: str, key: str) -> bool:
        path = self._folder / step
        return path.is_file() and path.read_text() == key

    def write(self, step: str, key: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / step).write_text(key)


def digest(files: Iterable[Path], *words: str) -> str:
    """Return SHA-256 over the names and contents of `files`, and `words`; that a file is missing counts."""
    total = hashlib.sha256()
    for path in sorted(files):
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "missing"
        total.update(f"{path}\0{content}\0".encode())
    for word in words:
        total.update(f"{word}\0".encode())
    return total.hexdigest()
