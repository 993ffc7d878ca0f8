"""When the last backup was made, noted in the data folder for whoever asks whether there is a recent one."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from app.errors import DatabaseRefused
from app.store.maintenance.backup import Backup
from app.store.maintenance.backup_file import becoming

RECORD_NAME = "last-backup.json"


class BackupRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A backup that was whole when it was made; its file may have been moved since."""

    made_at: datetime
    file: str
    size_bytes: int
    revision: str


def note_backup(data_dir: Path, made: Backup) -> None:
    """Note that this backup was made just now, in the place of the one before.

    Raises:
        DatabaseRefused: the data folder is not there, or cannot be written.
    """
    record = BackupRecord(
        made_at=datetime.now(UTC),
        file=str(made.file.resolve()),
        size_bytes=made.size_bytes,
        revision=made.revision,
    )
    try:
        with becoming(data_dir / RECORD_NAME) as part:
            part.write_bytes(msgspec.json.encode(record))
            # Root may make backups, and the service's own user ask for them; nothing in it is secret.
            part.chmod(0o644)
    except OSError as fault:
        raise DatabaseRefused(f"{data_dir / RECORD_NAME} cannot be written: {fault.strerror}.") from fault


def last_backup(data_dir: Path) -> BackupRecord | None:
    """Return the last backup that was noted; None where none was.

    Raises:
        DatabaseRefused: the note is there and cannot be read.
    """
    file = data_dir / RECORD_NAME
    try:
        return msgspec.json.decode(file.read_bytes(), type=BackupRecord)
    except FileNotFoundError:
        return None
    except OSError as fault:
        raise DatabaseRefused(f"{file} cannot be read: {fault.strerror}.") from fault
    except msgspec.DecodeError:
        raise DatabaseRefused(f"{file} is not what `jaxercise db backup` writes.") from None
