"""A grader that has no place for its caches says which setting is wrong."""

from pathlib import Path

import pytest

from app.errors import SettingsError
from app.grading.open_grader import open_grader

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("place", ["file/data", "file"])
async def test_a_data_folder_that_cannot_be_made_is_refused(tmp_path: Path, place: str) -> None:
    """Before anything is started."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match=f"^JAXERCISE_DATA_DIR='{tmp_path / place}' is not allowed: "):
        async with open_grader(data_dir=tmp_path / place, unjailed=True):
            pass


async def test_a_data_folder_that_may_not_be_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may write everywhere, so that a test has to refuse it by itself."""
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(SettingsError, match="must be a folder in which this user may write"):
        async with open_grader(data_dir=tmp_path, unjailed=True):
            pass
