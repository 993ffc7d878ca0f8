"""The files that commands are handed and asked to write; each fault is one sentence."""

import os
from collections.abc import Sequence
from pathlib import Path

from app.catalog.file_text import NotUtf8, read_text
from app.core.submission import CODE_LIMIT_BYTES
from app.errors import GraderError, SubmissionRefused


def python_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files named, and those in the folders named, in order.

    Raises:
        SubmissionRefused: a path does not exist, or a folder has no Python file.
    """
    found: list[Path] = []
    for path in paths:
        try:
            if path.is_dir():
                found.extend(_in_folder(path))
            elif path.is_file():
                found.append(path)
            else:
                raise SubmissionRefused(f"{path}: there is no such Python file")
        except OSError as fault:
            raise SubmissionRefused(f"{path} cannot be read: {fault.strerror}") from None
    return found


def _in_folder(folder: Path) -> list[Path]:
    # A glob takes a folder that may not be read for an empty one.
    files = sorted(file for file in folder.iterdir() if file.suffix == ".py" and file.is_file())
    if not files:
        raise SubmissionRefused(f"{folder}: the folder holds no .py file")
    return files


def read_code(path: Path) -> str:
    """Return the text of a submission.

    Raises:
        SubmissionRefused: it is too large, is not UTF-8, or cannot be read.
    """
    try:
        size = path.stat().st_size
        if size > CODE_LIMIT_BYTES:
            raise SubmissionRefused(f"{path} has {size:,} bytes; at most {CODE_LIMIT_BYTES:,} are graded")
        return read_text(path.read_bytes()).replace("\r\n", "\n").replace("\r", "\n")
    except NotUtf8 as fault:
        raise SubmissionRefused(f"{path} is {fault}") from None
    except OSError as fault:
        raise SubmissionRefused(f"{path} cannot be read: {fault.strerror}") from None


def require_writable(*paths: Path | None) -> None:
    """Refuse a report's file that could not be written after minutes of grading.

    Raises:
        GraderError: a path is a folder, its folder is missing, or this user may not write there.
    """
    for path in paths:
        if path is None:
            continue
        if path.is_dir():
            raise GraderError(f"{path} cannot be written: it is a folder, and a report is a file")
        if not path.parent.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
            raise GraderError(
                f"{path} cannot be written: its folder must exist, and this user may write there"
            )


def write_report(path: Path | None, data: bytes) -> None:
    """Write a report where one was asked for.

    Raises:
        GraderError: the file cannot be written.
    """
    if path is None:
        return
    try:
        path.write_bytes(data)
    except OSError as fault:
        raise GraderError(f"{path} cannot be written: {fault.strerror}") from None
