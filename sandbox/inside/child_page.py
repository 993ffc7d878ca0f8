"""A page of memory that the supervisor sees too: what a child notes there has arrived, and is not sent."""

import ctypes
import os

from sandbox.inside import libc
from sandbox.protocol import COMPILE_PAGE, FORBIDDEN_USE, PAGE_BYTES

Part = ctypes.Array[ctypes.c_char]


class ChildPage:
    """The parts of the page, each mapped by itself: who finds one has not found the other."""

    def __init__(self, descriptor: int) -> None:
        """Map them, and close the descriptor: nobody can map them once more."""
        compiling = libc.map_shared(descriptor, PAGE_BYTES)
        using = libc.map_shared(descriptor, PAGE_BYTES)
        os.close(descriptor)
        self.compiling: Part = (ctypes.c_char * COMPILE_PAGE.size).from_address(compiling)
        self.forbidden_use: Part = (ctypes.c_char * FORBIDDEN_USE.size).from_address(
            using + COMPILE_PAGE.size
        )
