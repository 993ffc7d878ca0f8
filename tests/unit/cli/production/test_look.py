"""What the list for production is told of files, mounts, the database and the last backup."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from app.accounts.accounts import Accounts
from app.accounts.credentials import SHORTEST
from app.accounts.staff import KNOWN_PASSWORDS, look_at_staff
from app.cli.production.look import filesystem_of, look
from app.cli.production.situation import Situation
from app.core.user import Role
from app.errors import DatabaseRefused
from app.settings import read_settings
from app.store.engine.migrate import downgrade, head
from app.store.engine.open import open_database
from app.store.maintenance.backup_record import RECORD_NAME, last_backup
from tests.support.command_line import Done

_MOUNTS = """\
22 1 0:20 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:30 / /var/lib rw - nfs4 server:/lib rw
31 22 0:31 / /var/library rw - xfs /dev/vdb rw
32 22 0:32 / /srv/my\\040disk rw shared:2 master:1 - btrfs /dev/vdc rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/jaxercise/jaxercise.db", "nfs4"),
        ("/var/library/x", "xfs"),
        ("/var/x", "ext4"),
        ("/srv/my disk/x", "btrfs"),
    ],
)
def test_a_file_lies_on_the_mount_that_is_nearest(path: str, kind: str) -> None:
    assert filesystem_of(Path(path), _MOUNTS) == kind


def test_mounts_that_cannot_be_read_say_nothing() -> None:
    assert filesystem_of(Path("/x"), "") == ""


def _looked(place: Path) -> Situation:
    return look(read_settings(data_dir=place), layers=(), isolation=(), patches=None)


def test_a_data_folder_that_the_service_makes_is_its_own(
    tmp_path: Path, jaxercise: Callable[..., Done]
) -> None:
    """Whatever the umask; one that is there stays as it is."""
    before = os.umask(0o022)
    try:
        assert jaxercise("db", "upgrade").exit_code == 0
        made = tmp_path / "made"
        assert jaxercise("db", "upgrade", data_dir=made).exit_code == 0
    finally:
        os.umask(before)
    here = _looked(made)
    assert here.data_dir is not None
    assert here.data_dir.mode & 0o777 == 0o700
    assert [found.path.name for found in here.inside][:1] == ["jaxercise.db"]
    assert all(found.is_shut_in and not found.is_read_by_others for found in here.inside)


def test_a_file_in_a_folder_that_others_enter_is_seen(tmp_path: Path, jaxercise: Callable[..., Done]) -> None:
    assert jaxercise("db", "upgrade").exit_code == 0
    tmp_path.chmod(0o755)
    (tmp_path / "jaxercise.db").chmod(0o644)
    assert [found.is_read_by_others for found in _looked(tmp_path).inside if found.path.suffix == ".db"] == [
        True
    ]


def test_what_is_not_there_is_not_made_by_looking(tmp_path: Path) -> None:
    here = _looked(tmp_path / "none" / "var")
    assert (here.data_dir, list(here.inside), here.staff) == (None, [], None)
    assert (here.database.revision, here.database.newest, here.database.fault) == (None, head(), "")
    assert here.free_bytes > 0
    assert list(tmp_path.iterdir()) == []


def test_a_schema_that_is_behind_is_seen_and_its_accounts_are_not_asked(
    tmp_path: Path, jaxercise: Callable[..., Done]
) -> None:
    assert jaxercise("db", "upgrade").exit_code == 0
    assert _looked(tmp_path).staff is not None
    downgrade(read_settings(data_dir=tmp_path).store_url, "0006")
    here = _looked(tmp_path)
    assert (here.database.revision, here.staff) == ("0006", None)


def test_a_database_that_is_none_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "jaxercise.db").write_bytes(b"no database" * 100)
    assert "jaxercise.db" in _looked(tmp_path).database.fault


def test_a_backup_is_noted_with_when_and_where(tmp_path: Path, jaxercise: Callable[..., Done]) -> None:
    """Each in the place of the one before."""
    assert jaxercise("db", "upgrade").exit_code == 0
    assert last_backup(tmp_path) is None
    for name in ("monday", "tuesday"):
        assert jaxercise("db", "backup", str(tmp_path / name)).complained == ""
    here = _looked(tmp_path)
    assert here.backup.last is not None
    assert (here.backup.last.file, here.backup.last.revision) == (str(tmp_path / "tuesday"), head())
    assert 0 <= (here.now - here.backup.last.made_at).total_seconds() < 3600
    assert here.backup.is_beside
    (tmp_path / "tuesday").unlink()
    assert not _looked(tmp_path).backup.is_beside, "it was moved away"


def test_a_backup_that_cannot_be_noted_is_whole_and_says_so(
    tmp_path: Path, jaxercise: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container whose data folder cannot be written."""
    assert jaxercise("db", "upgrade").exit_code == 0
    shutil.copy(tmp_path / "jaxercise.db", tmp_path / "other.db")
    monkeypatch.setenv("JAXERCISE_DATABASE_URL", f"sqlite:///{tmp_path}/other.db")
    done = jaxercise("db", "backup", str(tmp_path / "monday"), data_dir=tmp_path / "nowhere")
    assert done.exit_code == 0
    assert (tmp_path / "monday").is_file()
    assert "doctor --production" in done.complained


def test_a_note_that_is_none_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / RECORD_NAME).write_text("[]")
    with pytest.raises(DatabaseRefused, match="is not what"):
        last_backup(tmp_path)
    assert RECORD_NAME in _looked(tmp_path).backup.fault


@pytest.mark.anyio
async def test_passwords_that_are_tried_first_are_found(tmp_path: Path) -> None:
    """Of admins and instructors, whether well known or the address itself; of nobody else."""
    async with open_database(f"sqlite:///{tmp_path}/x.db") as database:
        accounts = Accounts(database)
        await accounts.sign_up("root@school.example", KNOWN_PASSWORDS[-1])
        await accounts.sign_up("instructor1@school.example", "instructor1", role=Role.INSTRUCTOR)
        await accounts.sign_up("careful@school.example", "vq7-Lm2-xx9-pp", role=Role.INSTRUCTOR)
        await accounts.sign_up("gone@school.example", KNOWN_PASSWORDS[0], role=Role.INSTRUCTOR)
        await accounts.sign_up("learner@school.example", KNOWN_PASSWORDS[0])
        await accounts.disable("gone@school.example")
        found = await look_at_staff(database, words=KNOWN_PASSWORDS[-1:])
        assert found.admins == ("root@school.example",)
        assert found.guessed == ("root@school.example", "instructor1@school.example")
        assert found.untried == 0
        few = await look_at_staff(database, words=(), most=1)
        assert (few.guessed, few.untried) == ((), 2)


def test_every_word_is_long_enough_to_be_a_password() -> None:
    """Others would be tried in vain."""
    assert min(map(len, KNOWN_PASSWORDS)) >= SHORTEST
    assert len(set(KNOWN_PASSWORDS)) == len(KNOWN_PASSWORDS)
