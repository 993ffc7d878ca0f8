"""What limits are scaled by on this machine, and where that is from."""

import msgspec

from sandbox.limits import Slowdown


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """The slowdown of this machine; none is assumed as long as nothing is known."""

    slowdown: Slowdown = Slowdown()
    is_current: bool = False
    """It was measured since this machine was started."""
    note: str = "not measured"

    def in_words(self) -> dict[str, str]:
        """Return what a verdict carries of it."""
        return {
            "slowdown_computing": f"{self.slowdown.computing:g}",
            "slowdown_compiling": f"{self.slowdown.compiling:g}",
            "calibration": self.note,
        }
