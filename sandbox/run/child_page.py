"""A page of memory in which a child notes things: how long it has compiled, and what it used.

Both are hints, which submitted code may have made up. What it noted cannot be taken back by the code that is
noted unless it writes to its own memory, as native code can.
"""

import fcntl
import math
import os
import struct
from collections.abc import Sequence

from sandbox.interface import ForbiddenUse
from sandbox.protocol import COMPILE_PAGE, FORBIDDEN_USE, PAGE_BYTES


class ChildPage:
    """A page of memory; `theirs` is the child's descriptor of it, to be closed once it was handed over."""

    def __init__(self) -> None:
        self._ours = os.memfd_create("notes", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(self._ours, PAGE_BYTES)
        # Nobody can make it larger, and so a place to keep things, or smaller.
        fcntl.fcntl(
            self._ours, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
        )
        self.theirs = os.dup(self._ours)

    def compile_seconds(self, cpu_seconds: float) -> float:
        """Return the processor time that went into compiling, of the `cpu_seconds` that the run used."""
        try:
            over, since = COMPILE_PAGE.unpack(os.pread(self._ours, COMPILE_PAGE.size, 0))
        except (OSError, struct.error):
            return 0.0
        under_way = cpu_seconds - since if since >= 0 else 0.0
        claimed = over + max(0.0, under_way)
        return min(max(0.0, claimed), cpu_seconds) if math.isfinite(claimed) else 0.0

    def forbidden_use(self, names: Sequence[str]) -> ForbiddenUse | None:
        """Return which of the forbidden `names` was used first; None where none was."""
        try:
            number, line = FORBIDDEN_USE.unpack(os.pread(self._ours, FORBIDDEN_USE.size, COMPILE_PAGE.size))
        except (OSError, struct.error):
            return None
        if not 0 < number <= len(names):
            return None
        return ForbiddenUse(name=names[number - 1], line=line if line > 0 else None)

    def forget_use(self) -> None:
        """Begin anew: what was used before was another text's."""
        os.pwrite(self._ours, bytes(FORBIDDEN_USE.size), COMPILE_PAGE.size)

    def close(self) -> None:
        """Give our descriptor back."""
        os.close(self._ours)
