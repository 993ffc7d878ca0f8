"""Stopping and letting go on all that is in a group of version 2, as of cgroup-v2.rst, `cgroup.freeze`.

What is frozen can be killed. Version 1's own freezer does not let it be, so that whatever a killed service
had frozen would stay for ever: it is not used.
"""

import asyncio
import contextlib
from pathlib import Path

from sandbox.cgroups.folder import read_fields

_STEPS = 200
_STEP_SECONDS = 0.005


class Freezer:
    """The freezer of one group, since Linux 5.2."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def exists(self) -> bool:
        """Whether this kernel has it."""
        return (self._folder / "cgroup.freeze").exists()

    async def freeze(self) -> bool:
        """Have nothing in the group run any more; False where that cannot be had within a second."""
        try:
            (self._folder / "cgroup.freeze").write_text("1")
            for _ in range(_STEPS):
                if self.is_frozen:
                    return True
                await asyncio.sleep(_STEP_SECONDS)
        except OSError:
            return False
        return False

    def thaw(self) -> None:
        """Let all that is in it go on."""
        with contextlib.suppress(OSError):
            (self._folder / "cgroup.freeze").write_text("0")

    @property
    def is_frozen(self) -> bool:
        """Whether nothing in the group runs; not so before the last of them has stopped."""
        try:
            return read_fields(self._folder / "cgroup.events").get("frozen", 0) == 1
        except OSError:
            return False
