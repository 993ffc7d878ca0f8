"""The facts that checks judge: what this host, its settings and its database are like just now."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from app.accounts.staff import Staff
from app.settings import Settings
from app.store.maintenance.backup_record import BackupRecord
from sandbox.checks.run_checks import Checked
from sandbox.isolation.layers import Layer
from sandbox.patches import PatchChoice


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a public address answered when it was asked for a path."""

    origin: str
    path: str
    status: int | None
    """None where nothing answered."""
    reason: str = ""
    """Why nothing did."""
    is_untrusted: bool = False
    """Its certificate was refused."""
    keeps_https: bool = False
    """It sends `Strict-Transport-Security`."""


class OwnFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file or folder that is nobody else's business, where it is there."""

    path: Path
    mode: int
    owner: int
    is_shut_in: bool = False
    """Nobody else may enter the folder that it lies in."""

    @property
    def is_read_by_others(self) -> bool:
        return not self.is_shut_in and bool(self.mode & 0o055)

    @property
    def is_written_by_others(self) -> bool:
        return not self.is_shut_in and bool(self.mode & 0o022)


class DatabaseFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The database and its schema, as far as it could be asked."""

    place: str
    revision: str | None = None
    newest: str = ""
    fault: str = ""
    """Why it could not be asked, in a sentence; or why this code does not work on it."""
    filesystem: str = ""
    """The kind of file system that a SQLite file lies on."""
    may_be_overheard: bool = False


class BackupFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The last backup that was noted."""

    last: BackupRecord | None = None
    is_beside: bool = False
    """Its file is still on the disk that the data is on."""
    fault: str = ""


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the list looks at."""

    settings: Settings
    production_fault: str
    """What a start in production mode would be refused for; empty for nothing."""
    now: datetime
    user_id: int
    is_container: bool
    layers: Sequence[Layer]
    isolation: Sequence[Checked]
    """Empty where no jail starts."""
    patches: PatchChoice | None
    answers: Sequence[Answer]
    data_dir: OwnFile | None
    inside: Sequence[OwnFile]
    """The database and what else lies in the data folder."""
    secrets: Sequence[OwnFile]
    database: DatabaseFacts
    staff: Staff | None
    """None where the database could not be asked."""
    backup: BackupFacts
    free_bytes: int
    total_bytes: int
    open_files: int
    """How many a process that is started from here may have open."""

    @property
    def layers_by_name(self) -> Mapping[str, Layer]:
        return {layer.name: layer for layer in self.layers}
