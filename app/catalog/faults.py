"""What is wrong with a problem package: where, and what to do, all of it at once."""

from collections.abc import Sequence

import msgspec

from app.errors import ProblemError


class PackageFault(msgspec.Struct, frozen=True, kw_only=True):
    """One fault of one file."""

    file: str
    """Relative to the problem's folder; a reference's files begin with `reference/`."""
    reason: str
    """What is wrong, and what is allowed or to do, in one sentence without its full stop."""
    line: int | None = None
    """From 1; None where a line cannot be told, as of a file that is missing."""
    key: str = ""
    """In `problem.toml`, the place: `cases[2].arguments.x`."""
    is_warning: bool = False
    """It costs something, and the problem loads all the same."""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.key}: {self.reason}" if self.key else f"{place}: {self.reason}"


class BrokenPackage(ProblemError):
    """A problem package breaks rules of the format: one or more."""

    def __init__(self, faults: Sequence[PackageFault]) -> None:
        """Keep the faults; the message has one on each line."""
        super().__init__("\n".join(map(str, faults)))
        self.faults = tuple(faults)
