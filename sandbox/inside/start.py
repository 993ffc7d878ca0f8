"""First file run inside the jail: puts the two package folders on the path, imports, serves.

Started as `python -P -s -S start.py FD PATCHES PACKAGES…` in an environment made for it, so nothing of the
host's or of site-packages' start-up hooks takes part.
"""

import fcntl
import os
import select
import socket
import sys


def main() -> None:
    """Import everything that a learner may import, then wait for orders."""
    patches, packages = sys.argv[2], sys.argv[3:]
    sys.path.extend(packages)
    control = socket.socket(fileno=int(sys.argv[1]))
    _end_with_the_supervisor(control, True)
    from sandbox.inside import forkserver, imports
    from sandbox.inside.submitted_text import FILE_NAME

    sys.argv[:] = [FILE_NAME]  # As for a script of one's own that is handed nothing.
    prepared = imports.prepare(patches.split(",") if patches else [])
    _end_with_the_supervisor(control, False)
    forkserver.serve(control, prepared)


def _end_with_the_supervisor(control: socket.socket, wanted: bool) -> None:
    """Have the kernel end this process (SIGIO), while `wanted`, once the other end of `control` is closed.

    The imports take seconds, and bubblewrap's own tie to its parent is made only in the course of its
    start: a supervisor killed before that would leave this process to itself for as long.
    """
    fcntl.fcntl(control, fcntl.F_SETOWN, os.getpid())
    flags = fcntl.fcntl(control, fcntl.F_GETFL) & ~fcntl.FASYNC
    fcntl.fcntl(control, fcntl.F_SETFL, flags | fcntl.FASYNC if wanted else flags)
    if select.select([control], [], [], 0)[0]:
        sys.exit("the supervisor has gone")


main()
