"""The points of what is kept: files, database, accounts, backups, and room for more."""

from datetime import timedelta

from app.cli.production.point import Finding, Point, capitalised, fail, ok, warn
from app.cli.production.situation import OwnFile, Situation

_RECENT = timedelta(days=2)
_OLD = timedelta(days=8)
_GB = 1 << 30
_FULL_BYTES, _NEARLY_FULL_BYTES = 1 * _GB, 5 * _GB
_NEARLY_FULL_SHARE = 0.1
# Across machines a write-ahead log has no shared memory; see SQLite's page on it, wal.html.
_NETWORK_FILESYSTEMS = (
    "afs ceph cifs fuse.cephfs fuse.glusterfs fuse.sshfs gfs2 lustre nfs nfs4 ocfs2 smb3 smbfs".split()
)


def _files(here: Situation) -> Finding:
    folder = here.data_dir
    if folder is None:
        return fail(f"There is no folder {here.settings.data_dir} yet.")
    ours = (0, here.user_id)
    if strange := [one for one in (folder, *here.inside) if one.owner not in ours]:
        return fail(f"{strange[0].path} belongs to user {strange[0].owner}, and this is user {here.user_id}.")
    if written := [one for one in (folder, *here.inside, *here.secrets) if one.is_written_by_others]:
        return fail(f"{_shown(written[0])} may be written by others of this machine.")
    if read := [one for one in here.inside if one.is_read_by_others]:
        return fail(f"{_shown(read[0])} may be read by others of this machine.")
    # Engines hand a container its secrets as they like, and nobody else is in it.
    if not here.is_container and (read := [one for one in here.secrets if one.is_read_by_others]):
        return warn(f"{_shown(read[0])}, a secret, may be read by others of this machine.")
    return ok(f"{folder.path} and what is in it is read and written by its owner alone.")


def _database(here: Situation) -> Finding:
    found = here.database
    if here.settings.is_distributed:
        if found.may_be_overheard:
            return warn(f"{capitalised(found.place)} is reached over a network without need of encryption.")
        return ok(f"{capitalised(found.place)}.")
    if found.filesystem in _NETWORK_FILESYSTEMS:
        return fail(f"SQLite lies on {found.filesystem}, which loses what is written there.")
    return ok(
        "SQLite, which is right for one machine; for pages and workers on several, and for upgrades without "
        "a pause, `jaxercise db move` leads to PostgreSQL."
    )


def _schema(here: Situation) -> Finding:
    found = here.database
    if found.fault:
        return fail(found.fault)
    if found.revision is None:
        return fail(f"{capitalised(found.place)} has no schema yet.")
    if found.revision < found.newest:
        return fail(f"The schema is at revision {found.revision}, and this version's is {found.newest}.")
    if found.revision > found.newest:
        return warn(f"The schema is at revision {found.revision}, of a newer version; this one works on it.")
    return ok(f"The schema is at revision {found.revision}, the newest.")


def _first_admin(here: Situation) -> Finding:
    if here.staff is None:
        return fail("The database cannot be asked who is an admin.")
    if not here.staff.admins:
        return fail("There is no admin yet: the first stranger who signs up becomes one.")
    return ok(f"Admins: {', '.join(here.staff.admins[:5])}{' …' if len(here.staff.admins) > 5 else ''}.")


def _passwords(here: Situation) -> Finding:
    if here.staff is None:
        return fail("The database cannot be asked whose passwords are well known.")
    if here.staff.guessed:
        return fail(f"The password of {', '.join(here.staff.guessed)} was guessed.")
    if here.staff.untried:
        return warn(f"None was guessed; {here.staff.untried} more admins and instructors were not tried.")
    return ok("No password of an admin or instructor was guessed.")


def _backup(here: Situation) -> Finding:
    if here.backup.fault:
        return fail(here.backup.fault)
    last = here.backup.last
    if last is None:
        if here.settings.is_distributed:
            return warn("`jaxercise db backup` has noted none here; PostgreSQL may have backups of its own.")
        return fail("`jaxercise db backup` has noted none here.")
    age = here.now - last.made_at
    found = f"The last backup is of {last.made_at:%Y-%m-%d %H:%M} UTC, {_days(age)} ago"
    if age > _OLD:
        return fail(f"{found}.")
    if here.backup.is_beside:
        return warn(f"{found}, and {last.file} is on the same disk as the data.")
    return warn(f"{found}.") if age > _RECENT else ok(f"{found}.")


def _disk(here: Situation) -> Finding:
    found = f"{here.free_bytes / _GB:.1f} GB of {here.total_bytes / _GB:.1f} are free where the data lies"
    if here.free_bytes < _FULL_BYTES:
        return fail(f"{found}.")
    if here.free_bytes < _NEARLY_FULL_BYTES or here.free_bytes < _NEARLY_FULL_SHARE * here.total_bytes:
        return warn(f"{found}.")
    return ok(f"{found}.")


def _days(age: timedelta) -> str:
    hours = round(age.total_seconds() / 3600)
    return f"{hours} hours" if hours < 48 else f"{age.days} days"


def _shown(one: OwnFile) -> str:
    return f"{one.path} (mode {one.mode & 0o777:04o})"


POINTS = (
    Point(
        id="files",
        title="Files are nobody else's",
        right="The data folder, the database and the files of secrets are read and written by the service's "
        "user alone.",
        mend="chmod 0700 the data folder and give it to the service's user; chmod 0600 what is secret.",
        judge=_files,
    ),
    Point(
        id="database",
        title="A database that fits",
        right="SQLite on a disk of this machine for one process of pages, PostgreSQL for more; PostgreSQL on "
        "another machine is reached with encryption.",
        mend="Move SQLite to a local disk, or everything to PostgreSQL with `jaxercise db move`; add "
        "?sslmode=require to the address of a PostgreSQL that is elsewhere.",
        judge=_database,
    ),
    Point(
        id="schema",
        title="The schema is of today",
        right="The database can be reached, and its schema is the newest that this version knows.",
        mend="`jaxercise db upgrade` brings it up to date, and so does a start of the service.",
        judge=_schema,
    ),
    Point(
        id="first-admin",
        title="The first account is yours",
        right="There is an admin who can sign in: the first account of all becomes one, whoever makes it.",
        mend="`jaxercise users create EMAIL` before anybody else can sign up.",
        judge=_first_admin,
    ),
    Point(
        id="passwords",
        title="No well-known passwords",
        right="No admin and no instructor has a password that is tried first everywhere, stands in examples, "
        "or is made of the account's own address.",
        mend="`jaxercise users set-password EMAIL` for each of them.",
        judge=_passwords,
    ),
    Point(
        id="backup",
        title="A backup that is recent",
        right="`jaxercise db backup` was run within the last two days, and its file does not lie on the disk "
        "that the data is on.",
        mend="Run `jaxercise db backup` each night from a timer, copy the file to another machine, and try "
        "to restore it once (docs/operators/database.md).",
        judge=_backup,
    ),
    Point(
        id="disk",
        title="Room on the disk",
        right="5 GB and a tenth of the disk are free where the data lies.",
        mend="Make room, or set JAXERCISE_KEEP_OUTPUT_DAYS and JAXERCISE_KEEP_RUNS_DAYS.",
        judge=_disk,
    ),
)
