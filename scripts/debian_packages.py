"""Debian's packages: present, installed where we may, else named."""

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

from scripts.lacking import Lacking


def _has_library(name: str) -> bool:
    folders = (Path("/lib"), Path("/usr/lib"), Path("/lib64"), Path("/usr/lib64"), Path("/usr/local/lib"))
    return any((f / name).exists() or any(f.glob(f"*/{name}")) for f in folders)


def _has_postgresql() -> bool:
    return shutil.which("postgres") is not None or any(Path("/usr/lib/postgresql").glob("*/bin/postgres"))


_PRESENT: dict[str, Callable[[], bool]] = {
    "bubblewrap": lambda: shutil.which("bwrap") is not None,
    "libseccomp2": lambda: _has_library("libseccomp.so.2"),
    "chromium": lambda: shutil.which("chromium") is not None,
    "postgresql": _has_postgresql,
    "python3.11-venv": lambda: importlib.util.find_spec("ensurepip") is not None,
}

# Whoever asks for no jail, to develop on a machine that cannot have one, needs no bubblewrap.
_JAIL = () if os.environ.get("JAXERCISE_SANDBOX") == "unjailed" else ("bubblewrap",)
TO_SERVE = ("python3.11-venv", "libseccomp2", *_JAIL)
TO_TEST = (*TO_SERVE, "chromium", "postgresql")


def missing(packages: Iterable[str]) -> list[str]:
    """Return those of `packages` whose programs or libraries are not on this machine, wherever from."""
    return [package for package in packages if not _PRESENT[package]()]


def install_missing(packages: Iterable[str]) -> None:
    """Install what is missing with apt-get.

    Raises:
        Lacking: apt-get is not there, may not be used, or failed.
    """
    wanted = missing(packages)
    if not wanted:
        return
    names = " ".join(wanted)
    prefix = _privileged()
    if shutil.which("apt-get") is None or prefix is None:
        raise Lacking(f"jaxercise needs {names}, and may not install it here: sudo apt-get install {names}")
    print(f"Installing Debian packages: {names}", flush=True)
    # The lists of a fresh machine are empty or old, so a first refusal is answered by renewing them.
    if not _apt_get(prefix, "install", wanted) and not (
        _apt_get(prefix, "update", []) and _apt_get(prefix, "install", wanted)
    ):
        raise Lacking(f"apt-get could not install {names}: run 'sudo apt-get install {names}' to see why")


def _privileged() -> list[str] | None:
    """Return what to put before apt-get; None where we may not run it."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n"]
    return None


def _apt_get(prefix: list[str], action: str, packages: list[str]) -> bool:
    command = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--yes", "--quiet"]
    command += ["-o", "DPkg::Lock::Timeout=120", action]
    options = ["--no-install-recommends", *packages] if action == "install" else []
    return subprocess.run([*command, *options], capture_output=True, stdin=subprocess.DEVNULL).returncode == 0
