"""A user namespace with many users, for a service that runs as root.

Root is exempt from the kernel's limit on processes even inside a namespace, so the children of a
fork server that root started become another user first; that user has to exist in the namespace's map.
"""

import os
import subprocess
import time
from pathlib import Path

from sandbox.interface import SandboxUnavailable

CHILD_UID = 1000
_FIRST_HOST_UID = 0x6A610000
"""High above every ordinary and subordinate range of Debian (which end below 0x28000000)."""
_PATIENCE_SECONDS = 5.0


def open_many_users() -> int:
    """A descriptor of a new namespace: 0 is root, 1 to 65534 are users that own nothing on the host.

    Raises:
        SandboxUnavailable: the kernel refuses user namespaces, or the maps.
    """
    # util-linux's unshare keeps the fork out of this process, which may have threads.
    holder = subprocess.Popen(["unshare", "--user", "cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        place = Path(f"/proc/{holder.pid}")
        _wait_for_namespace(holder, place)
        for kind in ("uid_map", "gid_map"):
            (place / kind).write_text(f"0 0 1\n1 {_FIRST_HOST_UID} 65534\n")
        return os.open(place / "ns/user", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise SandboxUnavailable(f"a user namespace for the jail could not be made: {error}") from error
    finally:
        holder.communicate()


def _wait_for_namespace(holder: "subprocess.Popen[bytes]", place: Path) -> None:
    ours = Path("/proc/self/ns/user").stat().st_ino
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (place / "ns/user").stat().st_ino == ours:
        if holder.poll() is not None or time.monotonic() > deadline:
            raise SandboxUnavailable(
                "the kernel refuses user namespaces (see sysctl user.max_user_namespaces)"
            )
        time.sleep(0.001)
