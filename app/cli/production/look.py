"""Gathers the facts that the list judges; nothing is changed by it, and what cannot be seen is a fact too."""

import asyncio
import os
import resource
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from app.accounts.staff import Staff, look_at_staff
from app.cli.production.from_outside import ask_all
from app.cli.production.situation import BackupFacts, DatabaseFacts, OwnFile, Situation
from app.core.database_url import may_be_overheard
from app.errors import GraderError, SettingsError
from app.settings import Settings, check_production
from app.store.engine import migrate
from app.store.engine.database import Database, is_sqlite, sqlite_path
from app.store.engine.url import place_of
from app.store.maintenance.backup_record import last_backup
from sandbox.checks.run_checks import Checked
from sandbox.isolation.layers import Layer
from sandbox.patches import PatchChoice

_CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))
_MOUNTS = Path("/proc/self/mountinfo")


def look(
    settings: Settings,
    *,
    layers: Sequence[Layer],
    isolation: Sequence[Checked],
    patches: PatchChoice | None,
) -> Situation:
    """Return what this host, its files and its database are like; the jail was looked at before."""
    database = _database(settings)
    usage = shutil.disk_usage(_nearest(settings.data_dir.resolve()))
    return Situation(
        settings=settings,
        production_fault=_production_fault(settings),
        now=datetime.now(UTC),
        user_id=os.geteuid(),
        is_container=is_container(),
        layers=layers,
        isolation=isolation,
        patches=patches,
        answers=tuple(ask_all(settings.origins)),
        data_dir=_own_file(settings.data_dir),
        inside=tuple(_inside(settings)),
        secrets=tuple(_secrets(settings)),
        database=database,
        staff=_staff(settings, database),
        backup=_backup(settings),
        free_bytes=usage.free,
        total_bytes=usage.total,
        open_files=resource.getrlimit(resource.RLIMIT_NOFILE)[1],
    )


def is_container() -> bool:
    """Say whether this is a container of Docker, Podman or Kubernetes."""
    return any(mark.exists() for mark in _CONTAINER_MARKS) or "KUBERNETES_SERVICE_HOST" in os.environ


def filesystem_of(path: Path, mounts: str) -> str:
    """Return the kind of file system that a path lies on, by the text of proc(5)'s mountinfo."""
    kinds = {}
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        kinds[Path(before.split()[4].replace("\\040", " "))] = after.split()[0]
    return next((kinds[folder] for folder in (path, *path.parents) if folder in kinds), "")


def _production_fault(settings: Settings) -> str:
    try:
        check_production(settings)
    except SettingsError as fault:
        return fault.message
    return ""


def _database(settings: Settings) -> DatabaseFacts:
    url, newest = settings.store_url, migrate.head()
    found, fault = None, ""
    try:
        found = migrate.current(url)
        if found is not None and found != newest:
            migrate.is_newer(url)
    except GraderError as refused:
        fault = refused.message
    return DatabaseFacts(
        place=place_of(url),
        revision=found,
        newest=newest,
        fault=fault,
        filesystem=filesystem_of(sqlite_path(url).resolve(), _MOUNTS.read_text()) if is_sqlite(url) else "",
        may_be_overheard=may_be_overheard(url),
    )


def _staff(settings: Settings, database: DatabaseFacts) -> Staff | None:
    # Whatever is asked needs the tables.
    if database.fault or database.revision is None or database.revision < database.newest:
        return None
    try:
        return asyncio.run(_asked_staff(settings.store_url))
    except GraderError:
        return None


async def _asked_staff(url: str) -> Staff:
    database = Database(url)
    try:
        return await look_at_staff(database)
    finally:
        await database.close()


def _backup(settings: Settings) -> BackupFacts:
    try:
        last = last_backup(settings.data_dir)
    except GraderError as fault:
        return BackupFacts(fault=fault.message)
    if last is None:
        return BackupFacts()
    data = sqlite_path(settings.store_url) if is_sqlite(settings.store_url) else settings.data_dir
    return BackupFacts(last=last, is_beside=_device(Path(last.file)) == _device(data) is not None)


def _device(path: Path) -> int | None:
    try:
        return path.stat().st_dev
    except OSError:
        return None


def _inside(settings: Settings) -> Iterator[OwnFile]:
    places = [settings.data_dir / "grading"]
    if is_sqlite(settings.store_url):
        file = sqlite_path(settings.store_url)
        places += [file.with_name(f"{file.name}{suffix}") for suffix in ("", "-wal", "-shm")]
    yield from filter(None, map(_own_file, places))


def _secrets(settings: Settings) -> Iterator[OwnFile]:
    if settings.secrets_dir is not None:
        found = sorted(settings.secrets_dir.iterdir())
        ours = [file for file in found if file.name.lower().startswith("jaxercise_")]
        yield from filter(None, map(_own_file, ours))


def _own_file(path: Path) -> OwnFile | None:
    try:
        found, around = path.stat(), path.parent.stat()
    except OSError:
        return None
    is_shut_in = not around.st_mode & 0o011
    return OwnFile(path=path, mode=found.st_mode, owner=found.st_uid, is_shut_in=is_shut_in)


def _nearest(path: Path) -> Path:
    """Return the path, or the first folder above it that is there."""
    return next(folder for folder in (path, *path.parents) if folder.exists())
