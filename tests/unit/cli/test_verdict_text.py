"""A verdict in a terminal is text and nothing else."""

import pytest

from app.cli.verdict_text import verdict_text
from app.core.outcome import Outcome
from app.core.verdict import CaseResult, Frame, LearnerError, Verdict, Visibility

_ESCAPES = "\x1b[2J\x1b]52;c;eA==\x07\x9b1A\r\x00"


@pytest.mark.parametrize("place", ["message", "error", "note", "case", "stdout"])
def test_no_escape_sequence_reaches_the_terminal(place: str) -> None:
    """A submission's texts could clear the screen, or write to the clipboard."""
    hostile = {place: f"a{_ESCAPES}b\nc"}
    frame = Frame(line=1, function=hostile.get("error", ""), text=hostile.get("error", ""))
    row = CaseResult(
        name="short",
        visibility=Visibility.SAMPLE,
        outcome=Outcome.ERROR,
        points=1,
        message=hostile.get("case", ""),
    )
    verdict = Verdict(
        problem="toy",
        version="1",
        outcome=Outcome.ERROR,
        accepted=False,
        score=0.0,
        diagnosis=None,
        cases=(row,),
        stdout=hostile.get("stdout", ""),
        stderr="",
        error=LearnerError(type=hostile.get("error", "E"), message=hostile.get("error", ""), frames=(frame,)),
        wall_seconds=1.0,
        environment={},
        message=hostile.get("message", ""),
        notes=(hostile.get("note", ""),),
    )
    text = verdict_text(verdict, title="toy.py")
    assert all(char.isprintable() or char in "\t\n" for char in text)
    assert "b" in text
