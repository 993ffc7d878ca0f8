"""Telling, from within a child, which line it is at: even from a loop in C that holds the interpreter."""

import faulthandler
import os

from sandbox.forkserver.protocol import PLACE_SIGNAL


def report_line_on(descriptor: int) -> None:
    """On `PLACE_SIGNAL`, the traceback of the thread that gets it, mostly the main one, goes to `descriptor`.

    A program that the code executes does not inherit the descriptor.
    """
    os.set_inheritable(descriptor, False)
    faulthandler.register(PLACE_SIGNAL, file=descriptor, all_threads=False, chain=False)
