"""Commands that are typed into the test's own process."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command_line import Done, typed


@pytest.fixture
def jaxercise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Done]:
    """Types a command; its state lies in the test's own folder, or in `data_dir`."""
    monkeypatch.setenv("JAXERCISE_PASSWORD", "correct horse battery")

    def type_it(*words: str, data_dir: Path | None = None) -> Done:
        if data_dir is not None:
            monkeypatch.setenv("JAXERCISE_DATA_DIR", str(data_dir))
        return typed(words, monkeypatch, capsys)

    monkeypatch.setenv("JAXERCISE_DATA_DIR", str(tmp_path))
    return type_it
