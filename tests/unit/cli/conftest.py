"""Commands that are typed into the test's own process."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command_line import Done, typed


@pytest.fixture
def jaxercise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Done]:
    """Types a command; its state lies in the test's own folder."""
    monkeypatch.setenv("JAXERCISE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("JAXERCISE_PASSWORD", "correct horse battery")
    return lambda *words: typed(words, monkeypatch, capsys)
