"""How long a run has compiled, as its child tells it: a hint, which the submitted code may have made up."""

import fcntl
import math
import os
import struct

from sandbox.protocol import COMPILE_PAGE


class CompilePage:
    """A page of memory; `theirs` is the child's descriptor of it, to be closed once it was handed over."""

    def __init__(self) -> None:
        self._ours = os.memfd_create("compile", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(self._ours, COMPILE_PAGE.size)
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

    def close(self) -> None:
        """Give our descriptor back."""
        os.close(self._ours)
