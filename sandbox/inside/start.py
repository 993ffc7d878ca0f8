"""First file run inside the jail: puts the two package folders on the path, imports, serves.

Started as `python -I -S start.py FD PACKAGES…`, so nothing of the environment or of site-packages'
start-up hooks takes part.
"""

import sys


def main() -> None:
    """Import everything that a learner may import, then wait for orders."""
    sys.path.extend(sys.argv[2:])
    import socket

    control = socket.socket(fileno=int(sys.argv[1]))
    from sandbox.inside import imports, nursery

    nursery.serve(control, imports.prepare())


main()
