"""The set-up of this checkout: `serve` for the service, `test` for everything.

Run it twice and the second run only compares hashes; run two at once and one waits.
"""

import os
import sys
from pathlib import Path

from scripts import debian_packages, node_packages, python_packages
from scripts.lacking import Lacking
from scripts.one_at_a_time import one_at_a_time
from scripts.stamps import Stamps

_LOCKS = {"serve": Path("requirements-jail.lock"), "test": Path("requirements-dev.lock")}
_DEBIAN = {"serve": debian_packages.TO_SERVE, "test": debian_packages.TO_TEST}


def set_up(purpose: str) -> None:
    """Bring this checkout to where `purpose` works.

    Raises:
        Lacking: something is missing that may not be installed here.
    """
    stamps = Stamps(python_packages.VENV / "stamps")
    os.environ["PATH"] = f"{(python_packages.VENV / 'bin').absolute()}{os.pathsep}{os.environ['PATH']}"
    debian_packages.install_missing(_DEBIAN[purpose])
    python_packages.create_venv()
    python_packages.install_lock(_LOCKS[purpose], stamps)
    python_packages.install_project(stamps)
    node_packages.install_and_build(stamps)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in _LOCKS:
        print("usage: scripts/setup serve|test", file=sys.stderr)
        return 2
    try:
        with one_at_a_time(Path(__file__).parent):
            set_up(arguments[0])
    except Lacking as lacking:
        print(lacking, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
