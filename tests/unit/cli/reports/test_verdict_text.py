"""A verdict in a terminal is text and nothing else."""

import pytest

from app.cli.reports.verdict_text import verdict_text
from app.core.outcome import Outcome
from app.core.verdict import CaseResult, Difference, Frame, LearnerError, Verdict, Visibility

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


@pytest.mark.parametrize(("count", "left"), [(1, 0), (40, 0), (41, 2), (1_000, 961)])
def test_printed_lines_are_never_left_out_without_a_word(count: int, left: int) -> None:
    verdict = Verdict(
        problem="toy",
        version="1",
        outcome=Outcome.ACCEPTED,
        accepted=True,
        score=1.0,
        diagnosis=None,
        cases=(),
        stdout="".join(f"line {place}\n" for place in range(count)),
        stderr="",
        error=None,
        wall_seconds=1.0,
        environment={},
    )
    printed = verdict_text(verdict, title="toy.py").splitlines()[2:]
    shown = [line for line in printed if line.startswith("  | ")]
    assert shown == [f"  | line {place}" for place in range(count - left)]
    words = f"  … {left} more lines were printed; --json has all that was kept"
    assert printed[len(shown) :] == ([words] if left else [])


def test_the_first_differences_stand_in_one_line_below_their_case() -> None:
    """As many digits as tell expected and given apart."""
    row = CaseResult(
        name="short",
        visibility=Visibility.SAMPLE,
        outcome=Outcome.WRONG_VALUE,
        points=1,
        max_abs_error=0.5,
        mismatched=3,
        size=4,
        output="scores",
        differences=(
            Difference(at=(0, 1), expected=1.25, got=None),
            Difference(at=(2, 0), expected=0.1, got=0.1 + 1e-8),
        ),
    )
    verdict = Verdict(
        problem="toy",
        version="1",
        outcome=Outcome.WRONG_VALUE,
        accepted=False,
        score=1 / 6,
        diagnosis=None,
        cases=(row,),
        stdout="",
        stderr="",
        error=None,
        wall_seconds=1.0,
        environment={},
    )
    head, case, differences = verdict_text(verdict, title="toy.py").splitlines()
    assert "17 %" in head
    assert "3 of 4 differ" in case
    assert differences == (
        "    expected → yours in scores: [0, 1] 1.25 → not finite, [2, 0] 0.1 → 0.10000001, …"
    )
