"""What a command of ours printed, where it was typed into this very process."""

import sys

import msgspec
import pytest

from app.cli.main import app


class Done(msgspec.Struct, frozen=True):
    """A command that has ended."""

    exit_code: int
    printed: str
    complained: str


def typed(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Done:
    """Type `jaxercise` and the words; every command ends its process, or would."""
    monkeypatch.setattr(sys, "argv", ["jaxercise", *words])
    with pytest.raises(SystemExit) as ended:
        app()
    printed = capsys.readouterr()
    return Done(int(ended.value.code or 0), printed.out, printed.err)
