"""What building images takes of a machine, and where its apt, pip and npm get their packages.

All of it is read when it is needed: no host's name stands in a file.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

RELEASE = "bookworm"
"""The Debian that the Dockerfile's own bases are made of."""
PROGRAMS = {"buildah": "buildah", "mmdebstrap": "mmdebstrap", "runc": "runc", "nsenter": "util-linux"}
"""Each program that is needed, and Debian's package that has it."""
_APT_OPTIONS = re.compile(r'^Acquire::(?:Check-|https?::|Retries).* "[^"]+";$')
_PIP_OPTIONS = ("index-url", "extra-index-url", "find-links", "cert", "proxy", "trusted-host")
_PIP_PATHS = ("extra-index-url", "index-url", "find-links", "cert")
_NPM_OPTIONS = ("registry", "cafile", "proxy", "https-proxy", "noproxy")


def lacking() -> str | None:
    """Say in one sentence why images can't be built and started here; None where they can."""
    missing = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    if missing:
        return f"images are not built without {', '.join(missing)}: apt-get install {' '.join(missing)}"
    if os.geteuid() != 0:
        return "images are built by root alone"
    if not apt_sources():
        return f"images are not built where apt knows no Debian {RELEASE}"
    # What a container is made of: a build asks for the mounts, a start for the rest.
    walls = ["unshare", "--mount", "--pid", "--fork", "--ipc", "--uts", "--net", "true"]
    made = subprocess.run(walls, capture_output=True, text=True)
    return None if made.returncode == 0 else f"no container starts here: {made.stderr.strip()}"


def apt_sources() -> list[str]:
    """Return a line of sources.list for each place where apt gets this release from."""
    if shutil.which("apt-get") is None:
        return []
    shown = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(CREATED_BY)"
    targets = _output("apt-get", "indextargets", "--format", shown)
    found = sorted({tuple(line.split("|")) for line in targets.splitlines()})
    return [
        f"deb {uri} {release} {component}"
        for uri, release, component, made_by in found
        if made_by == "Packages" and release.startswith(RELEASE)
    ]


def apt_options() -> list[str]:
    """Return what apt is told here of proxies, certificates and dates."""
    return [line for line in _output("apt-config", "dump").splitlines() if _APT_OPTIONS.match(line)]


def pip_configuration() -> tuple[str, list[Path]]:
    """Return a `pip.conf` with the places of this machine's pip, and the files and folders that it names."""
    chosen: dict[str, str] = {}
    # pip lists the environment's first, which goes before its files.
    for line in reversed(_output(sys.executable, "-m", "pip", "config", "list").splitlines()):
        name, _, value = line.partition("=")
        option = name.rpartition(".")[2]
        if option in _PIP_OPTIONS:
            chosen[option] = value.strip("'\"")
    text = "".join(f"{option} = {value}\n" for option, value in sorted(chosen.items()))
    named = [word for option in _PIP_PATHS for word in chosen.get(option, "").split()]
    return f"[global]\n{text}", [path for word in named for path in _local(word)]


def npm_configuration() -> tuple[str, list[Path]]:
    """Return an `.npmrc` with the places of this machine's npm, and the files that it names."""
    lines = {option: _output("npm", "config", "get", option).strip() for option in _NPM_OPTIONS}
    chosen = {option: value for option, value in lines.items() if value not in ("", "null", "undefined")}
    text = "".join(f"{option}={value}\n" for option, value in chosen.items())
    return text, list(_local(chosen.get("cafile", "")))


def _local(place: str) -> Iterator[Path]:
    """Yield the folder or file of this machine that a place is, where it is one."""
    path = Path(urlsplit(place).path if place.startswith("file:") else place)
    if path.is_absolute() and path.exists():
        # An index links to files beside itself.
        yield path.parent if place.startswith("file:") else path


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
