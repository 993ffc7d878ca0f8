"""A verdict for a terminal."""

from collections.abc import Iterator

from app.core.outcome import Outcome
from app.core.verdict import CaseResult, LearnerError, Verdict
from app.web.filters import index, number_pair, percent, repeats_words

_LINES_SHOWN = 40
"""Of what was printed; a screen has not many more."""


def verdict_text(verdict: Verdict, *, title: str) -> str:
    """Return headline, explanation, a line a case, then what the code printed."""
    lines = (part for line in _lines(verdict, title) for part in line.splitlines() or [""])
    return "\n".join(map(_printable, lines))


def _lines(verdict: Verdict, title: str) -> Iterator[str]:
    mark = "✓" if verdict.accepted else "✗"
    yield f"{mark} {title}: {verdict.outcome} · {percent(verdict.score)} · {verdict.wall_seconds:.2f} s"
    if verdict.message:
        yield f"  {verdict.message}"
    if verdict.diagnosis is not None:
        yield f"  {verdict.diagnosis.id}: {verdict.diagnosis.message}"
    width = max((len(row.name) for row in verdict.cases), default=0)
    for row in verdict.cases:
        yield f"  {_case_line(row, width)}"
        if row.differences:
            yield f"    {_differences_line(row)}"
    if said := repeats_words(verdict.cases):
        yield f"  {said}"
    if verdict.error is not None:
        yield from _error_lines(verdict.error, verdict.message)
    for note in verdict.notes:
        yield f"  note: {note}"
    for name, text in (("stdout", verdict.stdout), ("stderr", verdict.stderr)):
        if text:
            yield f"  {name}:"
            yield from _printed_lines(text)


def _printed_lines(text: str) -> Iterator[str]:
    """Return the first lines, and in the last one's place how many more there are, and how to see them."""
    lines = text.splitlines()
    shown = lines if len(lines) <= _LINES_SHOWN else lines[: _LINES_SHOWN - 1]
    yield from (f"  | {line}" for line in shown)
    if left := len(lines) - len(shown):
        yield f"  … {left:,} more lines were printed; --json has all that was kept"


def _error_lines(error: LearnerError, headline: str) -> Iterator[str]:
    if error.explanation:
        yield f"  {error.explanation}"
    if not error.message or error.message not in headline:
        yield f"  {error.type}: {error.message}"
    for frame in error.frames:
        yield f"    line {frame.line}, in {frame.function}: {frame.text}"


def _case_line(row: CaseResult, width: int) -> str:
    mark = "✓" if row.outcome is Outcome.PASSED else "✗"
    parts = [f"{mark} {row.name:<{width}}  {row.visibility:<6}  {row.outcome}"]
    if row.max_abs_error is not None:
        parts.append(f"max error {row.max_abs_error:.2g}")
    if row.mismatched:
        parts.append(f"{row.mismatched} of {row.size} differ")
    if row.wall_seconds is not None:
        parts.append(f"{row.wall_seconds:.2f} s")
    if row.message:
        parts.append(row.message)
    return "  ".join(parts)


def _differences_line(row: CaseResult) -> str:
    """Return pairs of numbers with where they stand; of a scalar the index says nothing."""
    pairs = (
        f"{index(found.at)} {expected} → {got}".removeprefix("[] ")
        for found in row.differences
        for expected, got in [number_pair(found)]
    )
    rest = ", …" if len(row.differences) < (row.mismatched or 0) else ""
    return f"expected → yours{f' in {row.output}' if row.output else ''}: {', '.join(pairs)}{rest}"


def _printable(line: str) -> str:
    """Replace what is not printable: a submission's escape sequences must not reach the terminal."""
    return "".join(char if char.isprintable() or char == "\t" else "\ufffd" for char in line)
