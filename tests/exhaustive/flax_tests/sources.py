"""Flax's own tests, from its source distribution: fetched by pip, held to the hash that the lock file has."""

import hashlib
import importlib.metadata
import re
import subprocess
import sys
import tarfile
from pathlib import Path

from tests.support.checkout import CHECKOUT

_PLACE = CHECKOUT / "var" / "exhaustive" / "flax"
_LOCK = CHECKOUT / "requirements-jail.lock"
_WANTED = ("tests/nnx/", "pyproject.toml")


class NoSources(Exception):
    """The source distribution of Flax could not be had."""


def flax_sources() -> Path:
    """Return the folder that holds `tests/nnx` of the installed Flax, fetched where it is not there yet.

    Raises:
        NoSources: no registry gives it, or not with the hash of the lock file.
    """
    name = f"flax-{importlib.metadata.version('flax')}"
    archive, folder = _PLACE / f"{name}.tar.gz", _PLACE / name
    if not archive.exists():
        _fetch(name.replace("-", "=="))
    if hashlib.sha256(archive.read_bytes()).hexdigest() not in _locked_hashes():
        raise NoSources(f"{archive.name} has none of the hashes that {_LOCK.name} has for flax")
    if not (folder / "tests").exists():
        with tarfile.open(archive) as opened:
            wanted = tuple(f"{name}/{start}" for start in _WANTED)
            members = [member for member in opened.getmembers() if member.name.startswith(wanted)]
            opened.extractall(_PLACE, members, filter="data")
    return folder


def nnx_test_files() -> list[str]:
    """Return the files of tests, by their paths below `tests/nnx`."""
    folder = flax_sources() / "tests" / "nnx"
    found = {*folder.rglob("*_test.py"), *folder.rglob("test_*.py")}
    return sorted(path.relative_to(folder).as_posix() for path in found)


def _fetch(requirement: str) -> None:
    _PLACE.mkdir(parents=True, exist_ok=True)
    options = ["--no-binary=:all:", "--no-deps", "--no-build-isolation", f"--dest={_PLACE}"]
    command = [sys.executable, "-m", "pip", "--quiet", "--no-input", "download", *options, requirement]
    ran = subprocess.run(command, capture_output=True, text=True)
    if ran.returncode != 0:
        raise NoSources(f"pip could not download the sources of {requirement}: {ran.stderr.strip()[-300:]}")


def _locked_hashes() -> set[str]:
    locked = re.search(
        r"^flax==\S+((?: \\\n\s+--hash=sha256:[0-9a-f]{64})+)", _LOCK.read_text(), re.MULTILINE
    )
    return set(re.findall(r"[0-9a-f]{64}", locked[1])) if locked else set()
