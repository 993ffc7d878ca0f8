"""The images are built as the Dockerfile says, by Debian's buildah on bases made here, and do their work as
the compose files confine them, without a network: `web` has the pages and no JAX, `tools` PostgreSQL's own,
`worker` withstands every isolation check, `all` signs a learner up, grades and stops.
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.built_images.build import Images
from tests.built_images.container import Container
from tests.built_images.machine import lacking
from tests.exhaustive.part import Result
from tests.support.checkout import CHECKOUT

RESTS_ON = (
    "Dockerfile",
    ".dockerignore",
    "compose.yaml",
    "compose.single.yaml",
    "docs/operators/seccomp.json",
    "package-lock.json",
    "pyproject.toml",
    "requirements-jail.lock",
    "requirements-node.lock",
    "requirements.lock",
    "sandbox/isolation",
    "setup.py",
    "tests/built_images",
    "vite.config.ts",
)
_PROBLEM = "encoder-block"
_FOLDER = "41-encoder-block"
_START_SECONDS = 300
_MB = 1_000_000
_LOOK_ROUND = """
import importlib.util, json, shutil
import app.main
from app.core.paths import path_of
print(json.dumps({
    "jax": importlib.util.find_spec("jax") is not None,
    "bwrap": shutil.which("bwrap") is not None,
    "islands": any(path_of("static").glob("dist/assets/*.js")),
}))
"""


class _Built:
    """The storage that all items share."""

    def __init__(self) -> None:
        reason = lacking()
        assert reason is None, reason
        self.folder = Path(tempfile.mkdtemp(prefix="jaxercise-images-"))
        self.images = Images(self.folder)
        self.images.make_bases()

    def container(self, target: str, **described: Any) -> tuple[Container, Result]:
        """Build a target and describe a container of it; the second is what is kept of the image."""
        image = self.images.build(target)
        root = self.images.root_of(image)
        made = Container(self.folder, root, self.images.configuration(image), **described)
        size = sum(
            path.stat().st_size for path in root.rglob("*") if path.is_file() and not path.is_symlink()
        )
        return made, {"megabytes": round(size / _MB)}

    def close(self) -> None:
        self.images.close()
        shutil.rmtree(self.folder, ignore_errors=True)


_built: list[_Built] = []


def items() -> list[str]:
    """Return the targets."""
    return list(_SHOWN)


def run(item: str) -> Result:
    """Build the target and have a container of it do its work.

    Raises:
        AssertionError: this machine cannot, or the container did not.
        BuildFailed: the target is not built.
    """
    if not _built:
        _built.append(_Built())
    return _SHOWN[item](_built[0])


def _web(built: _Built) -> Result:
    command = ["python", "-c", _LOOK_ROUND]
    container, kept = built.container("web", file="compose.yaml", service="web", command=command)
    found = json.loads(_ended(container))
    assert found == {"jax": False, "bwrap": False, "islands": True}, found
    return {**kept, "shown": "no JAX, no bubblewrap, the islands are there"}


def _tools(built: _Built) -> Result:
    command = ["pg_dump", "--version"]
    container, kept = built.container("tools", file="compose.yaml", service="tools", command=command)
    return {**kept, "shown": _ended(container).strip()}


def _worker(built: _Built) -> Result:
    command = ["jaxercise", "doctor", "--json"]
    container, kept = built.container("worker", file="compose.yaml", service="worker", command=command)
    found = json.loads(_ended(container).strip().splitlines()[-1])
    assert found["able"], found
    held = [check["name"] for check in found["promises"] if check["is_kept"]]
    return {**kept, "shown": f"`jaxercise doctor`: {len(held)} of {len(found['promises'])} checks hold"}


def _all(built: _Built) -> Result:
    container, kept = built.container("all", file="compose.single.yaml", service="jaxercise")
    right = CHECKOUT / "reference_solutions" / _FOLDER / "reference.py"
    wrong = CHECKOUT / "problems" / _FOLDER / "starter.py"
    try:
        container.start()
        container.await_printed("Jaxercise is at", _START_SECONDS)
        arguments = ("http://127.0.0.1:8000", _PROBLEM, str(right), str(wrong))
        outcomes = container.visit("tests.built_images.learner", *arguments)
        assert container.is_healthy(), container.printed
        code = container.stop()
    finally:
        container.remove()
    assert outcomes[str(right)] == "accepted", (outcomes, container.printed)
    assert outcomes[str(wrong)] not in ("accepted", "internal_error"), (outcomes, container.printed)
    assert code == 0, container.printed
    words = f"reference: `{outcomes[str(right)]}`; starter: `{outcomes[str(wrong)]}`; healthy; stops with 0"
    return {**kept, "shown": words}


def _ended(container: Container) -> str:
    try:
        return container.run()
    finally:
        container.remove()


_SHOWN: dict[str, Callable[[_Built], Result]] = {
    "web": _web,
    "tools": _tools,
    "worker": _worker,
    "all": _all,
}


def close() -> None:
    """Take away everything that was built."""
    while _built:
        _built.pop().close()


def table(results: Mapping[str, Result]) -> str:
    """Return a row a target."""
    lines = ["| target | megabytes, all files | what a container of it has shown |", "| --- | ---: | --- |"]
    lines += [f"| `{name}` | {result['megabytes']} | {result['shown']} |" for name, result in results.items()]
    return "\n".join(lines)
