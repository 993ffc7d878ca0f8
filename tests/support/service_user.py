"""Runs Python as the ordinary user that a service should be, also where the tests run as root."""

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.checkout import CHECKOUT

UID = 12345

_MOUNT_AND_STEP_DOWN = """
set -e
mount --bind "$2" "$1/python"; mount --bind "$3" "$1/packages"; mount --bind "$4" "$1/library/sandbox"
cd /
exec setpriv --reuid "$5" --regid "$5" --clear-groups --bounding-set -all --no-new-privs \
    "$1/python/bin/$6" -I -c "$7"
"""
_PATHS = "import sys; sys.path[:0] = {paths!r}\n"


def run_as_service_user(code: str, *, timeout_seconds: float = 200.0) -> subprocess.CompletedProcess[str]:
    """What `code` prints as a user without any right, who may import `sandbox` and what a jail needs.

    Root's interpreter may lie where nobody else can go, so that user sees it somewhere else, in a mount
    namespace that ends with the process. `code` has the current directory /.
    """
    packages = _packages()
    if os.getuid() != 0:
        code = _PATHS.format(paths=[str(CHECKOUT), str(packages)]) + code
        return _run([sys.executable, "-I", "-c", code], timeout_seconds)
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        place = Path(name)
        place.chmod(0o755)
        for folder in ("python", "packages", "library/sandbox"):
            (place / folder).mkdir(parents=True)
        code = _PATHS.format(paths=[f"{place}/library", f"{place}/packages"]) + code
        python = f"python{sys.version_info.major}.{sys.version_info.minor}"
        command = ["unshare", "--mount", "sh", "-c", _MOUNT_AND_STEP_DOWN, "sh", name, sys.base_prefix]
        command += [str(packages), str(CHECKOUT / "sandbox"), str(UID), python, code]
        return _run(command, timeout_seconds)


def _run(command: list[str], timeout_seconds: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, timeout=timeout_seconds, check=False, cwd="/"
    )


def _packages() -> Path:
    found = importlib.util.find_spec("jax")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parents[1]
