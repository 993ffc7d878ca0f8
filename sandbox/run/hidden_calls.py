"""How much of a hidden call may leave the jail: every field that its code can choose has few values.

The code of a hidden call holds its arguments and may say anything. What is reported of it besides its arrays,
which are compared and never shown, is cut here to a place among at most 256 in the text (8 bits) and to one
of fourteen times (4 bits); `docs/grading.md` counts the rest.
"""

import bisect
import re

import msgspec

from sandbox.interface import CallResult

_MOST_PLACES = 256
_LADDER_SECONDS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
_BEGIN = re.compile(r"\"\"\"|'''|[\"'#]")
_REST = {
    '"""': re.compile(r'(?:[^"\\]|\\.|"(?!""))*(?:""")?', re.DOTALL),
    "'''": re.compile(r"(?:[^'\\]|\\.|'(?!''))*(?:''')?", re.DOTALL),
    '"': re.compile(r'(?:[^"\\\n]|\\.)*"?', re.DOTALL),
    "'": re.compile(r"(?:[^'\\\n]|\\.)*'?", re.DOTALL),
    "#": re.compile(r"[^\n]*"),
}
"""By what a string or a comment begins with, what else belongs to it."""
_HEADER = re.compile(r"\s*(?:async\s+def|def|class)\b")


class Places:
    """The places of a text that may be named of a hidden call.

    They are its lines that hold code; of a text with more than 256 of them, the lines at which its functions
    and classes begin; of one with too many of these, none.
    """

    def __init__(self, code: str) -> None:
        self._code = code.replace("\r\n", "\n").replace("\r", "\n")  # As the parser does.
        self._last = lines_in(code)
        self._known: tuple[list[int], bool] | None = None

    def of(self, line: int) -> int | None:
        """Return the place that stands for `line`; None where the line holds no code."""
        if self._known is None:  # Few calls raise, and a long text takes some milliseconds.
            self._known = self._look()
        lines, are_headers = self._known
        if are_headers:
            found = bisect.bisect_right(lines, line)
            return lines[found - 1] if found and line <= self._last else None
        found = bisect.bisect_left(lines, line)
        return line if found < len(lines) and lines[found] == line else None

    def _look(self) -> tuple[list[int], bool]:
        lines = lines_with_code(self._code)
        if len(lines) <= _MOST_PLACES:
            return lines, False
        texts = self._code.split("\n")
        headers = [line for line in lines if _HEADER.match(texts[line - 1])]
        return (headers if len(headers) <= _MOST_PLACES else []), True


def lines_in(code: str) -> int:
    """Return how many lines the parser sees in `code`."""
    text = code.replace("\r\n", "\n").replace("\r", "\n")
    return text.count("\n") + (not text.endswith("\n"))


def lines_with_code(code: str) -> list[int]:
    """Return the lines of `code`, 1-based, on which something stands besides comments and strings.

    One pass, whatever the text: it comes from anybody, and need not be Python.
    """
    left: list[str] = []
    place = 0
    while begins := _BEGIN.search(code, place):
        rest = _REST[begins[0]].match(code, begins.end())
        assert rest is not None  # Each of them matches nothing, too.
        left += [code[place : begins.start()], "\n" * rest[0].count("\n")]
        place = rest.end()
    left.append(code[place:])
    return [line for line, text in enumerate("".join(left).split("\n"), start=1) if text.strip()]


def cut(report: CallResult, places: Places) -> CallResult:
    """Leave of a hidden call's report what has few values, apart from its arrays."""
    raised, forbidden, drawn = report.raised, report.forbidden, report.drawn_keys
    if raised is not None:
        found = ((frame, places.of(frame.line)) for frame in raised.frames)
        frames = tuple(msgspec.structs.replace(frame, line=line) for frame, line in found if line is not None)
        raised = msgspec.structs.replace(raised, frames=frames)
    if forbidden is not None:
        forbidden = msgspec.structs.replace(forbidden, line=_of(places, forbidden.line))
    if drawn is not None:
        drawn = tuple(msgspec.structs.replace(one, line=_of(places, one.line)) for one in drawn)
    return msgspec.structs.replace(
        report,
        wall_seconds=step(report.wall_seconds),
        raised=raised,
        forbidden=forbidden,
        drawn_keys=drawn,
        notes=(),
    )


def step(seconds: float) -> float:
    """Return the next step above on a ladder of 1, 2, 5, 10: the order of size of a time."""
    found = bisect.bisect_left(_LADDER_SECONDS, seconds)
    return _LADDER_SECONDS[min(found, len(_LADDER_SECONDS) - 1)]


def _of(places: Places, line: int | None) -> int | None:
    return None if line is None else places.of(line)
