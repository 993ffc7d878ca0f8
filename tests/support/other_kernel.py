"""A second Linux for tests, with control groups of version 2 only: User-Mode Linux, an ordinary process.

It sees this machine's files, read-only, and runs native code. Debian has it for amd64 as
`user-mode-linux`; where it is not installed, the tests that need it are skipped.
"""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

PROGRAM = shutil.which("linux.uml")

_BOOT_AND_RUN_SECONDS = 1100
_INIT = """#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs -o mode=1777 tmpfs /mnt
mkdir -p /dev/shm && mount -t tmpfs -o mode=1777 tmpfs /dev/shm
ip link set lo up 2>/dev/null
ulimit -n 4096
cd {folder} && env -i {environment} {command} 2>&1
echo "ended with $?"
{python} -c 'import ctypes; ctypes.CDLL(None).reboot(0x4321fedc)'
"""
"""The last line turns the machine off: RB_POWER_OFF of reboot(2)."""


def run_on_other_kernel(command: list[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run `command` there as root, in this folder; `folder` is for what it takes to boot.

    The return code is the command's own, or 255 where it did not come to its end.
    """
    assert PROGRAM is not None
    environment = {"PATH": os.environ["PATH"], "HOME": "/mnt", "TMPDIR": "/mnt", "LANG": "C.UTF-8"}
    environment |= {"PYTHONPATH": str(Path.cwd()), "PYTHONDONTWRITEBYTECODE": "1"}
    init = folder / "init"
    text = _INIT.format(
        folder=shlex.quote(str(Path.cwd())),
        environment=" ".join(shlex.quote(f"{name}={value}") for name, value in environment.items()),
        command=shlex.join(command),
        python=shlex.quote(sys.executable),
    )
    init.write_text(text)
    init.chmod(0o755)
    options = ["root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro", "quiet", "mem=2500M"]
    options += ["con=null", "con0=null,fd:1", "cgroup_no_v1=all", f"uml_dir={folder}", f"init={init}"]
    ran = subprocess.run(
        [PROGRAM, *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_BOOT_AND_RUN_SECONDS,
        check=False,
        env={"HOME": str(folder), "PATH": os.environ["PATH"], "TMPDIR": "/dev/shm"},
    )
    _, found, status = ran.stdout.replace("\r", "").rpartition("\nended with ")
    return subprocess.CompletedProcess(command, int(status.split()[0]) if found else 255, ran.stdout, None)
