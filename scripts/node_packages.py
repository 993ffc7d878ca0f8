"""The pages' islands: npm's packages, and their build."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from scripts.lacking import Lacking
from scripts.python_packages import install_node
from scripts.stamps import Stamps, digest

_WEB = Path("app/web")
_BUILT = _WEB / "static" / "dist"
_OLDEST_NODE = (20, 19)


def install_and_build(stamps: Stamps) -> None:
    """Run `npm ci` where the lock file has changed, `npm run build` where a source has.

    Raises:
        Lacking: npm failed.
    """
    _provide_node(stamps)
    modules_key = digest([Path("package.json"), Path("package-lock.json"), Path(".npmrc")])
    if not stamps.is_current("npm", modules_key) or not Path("node_modules").is_dir():
        print("Installing npm packages from package-lock.json", flush=True)
        _npm("ci", "--no-audit", "--no-fund", "--loglevel=error")
        stamps.write("npm", modules_key)
    build_key = digest(_sources(), modules_key)
    if not stamps.is_current("islands", build_key) or not _BUILT.is_dir():
        print("Building the pages' islands", flush=True)
        _npm("run", "--silent", "build", "--", "--logLevel", "warn")
        stamps.write("islands", build_key)


def _sources() -> Iterator[Path]:
    """Return every file that the build may read; templates and Python files are not part of it."""
    yield from (path for path in Path().glob("*.json") if path.name.startswith("tsconfig"))
    yield from Path().glob("vite.config.*")
    for path in _WEB.rglob("*"):
        beside = _BUILT in path.parents or path.suffix in {".py", ".pyc", ".html", ".jinja", ".md"}
        if path.is_file() and not beside:
            yield path


def _provide_node(stamps: Stamps) -> None:
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        install_node(stamps)
        return
    # Starting Node takes longer than the rest of a set-up that has nothing to do.
    key = digest([], node, str(Path(node).stat().st_mtime_ns))
    if stamps.is_current("system-node", key):
        return
    answer = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
    version = tuple(int(part) for part in re.findall(r"\d+", answer)[:2])
    if version < _OLDEST_NODE:
        install_node(stamps)
        return
    stamps.write("system-node", key)


def _npm(*arguments: str) -> None:
    environment = {**os.environ, "npm_config_update_notifier": "false"}
    if subprocess.run(["npm", *arguments], stdin=subprocess.DEVNULL, env=environment).returncode != 0:
        raise Lacking(f"npm {arguments[0]} failed: see above")
