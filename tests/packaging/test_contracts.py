"""Each import contract is broken on purpose once, in a copy of the sources, and must say so."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.checkout import CHECKOUT

_LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")

# Contract, the module to add (or to append to), and the import that the contract forbids.
_BREACHES = [
    ("layers", "app/errors.py", "import app.core.outcome"),
    ("layers", "app/http/breach.py", "import app.worker"),
    ("layers", "app/submissions/breach.py", "import app.http"),
    ("layers", "app/core/breach.py", "import app.store"),
    ("layers", "app/store/breach.py", "import app.catalog"),
    ("layers", "app/catalog/breach.py", "import app.grading"),
    ("layers", "app/queue/breach.py", "import app.grading"),
    ("layers", "app/grading/breach.py", "import app.worker"),
    ("layers", "app/worker/breach.py", "import app.settings"),
    ("layers", "app/api/breach.py", "import app.web"),
    ("layers", "app/settings.py", "import app.main"),
    ("layers", "app/main.py", "import app.cli"),
    ("layers", "app/a_room_without_a_layer.py", ""),
    ("grading-steps", "app/grading/plan/breach.py", "import app.grading.check.judge"),
    ("grading-steps", "app/grading/run/breach.py", "import app.grading.diagnose.diagnose"),
    ("sandbox-alone", "sandbox/breach.py", "import app.errors"),
    ("no-sandbox-in-requests", "app/api/breach.py", "import sandbox.interface"),
    ("no-sandbox-in-requests", "app/web/breach.py", "import app.queue.breach"),
    ("sqlalchemy-in-store", "app/api/breach.py", "import sqlalchemy"),
    ("sqlalchemy-in-store", "sandbox/breach.py", "from sqlalchemy.orm import Session"),
    ("requests-in-front", "app/submissions/breach.py", "from fastapi import Request"),
    ("requests-in-front", "app/cli/breach.py", "import starlette.requests"),
    ("requests-in-front", "app/events/breach.py", "from sse_starlette import ServerSentEvent"),
    ("jax-in-jail", "app/grading/breach.py", "import jax.numpy as jnp"),
    ("jax-in-jail", "sandbox/breach.py", "from flax import nnx"),
    ("jax-in-jail", "app/worker/breach.py", "import optax"),
    ("inside-is-started", "app/grading/breach.py", "import sandbox.inside"),
]


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A copy of the two import packages and of the contracts, to be spoiled."""
    for package in ("app", "sandbox"):
        for path in (CHECKOUT / package).rglob("*.py"):
            copy = tmp_path / path.relative_to(CHECKOUT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    shutil.copyfile(CHECKOUT / "pyproject.toml", tmp_path / "pyproject.toml")
    return tmp_path


def _lint(sources: Path, contract: str) -> subprocess.CompletedProcess[str]:
    command = [str(_LINT_IMPORTS), "--no-cache", "--no-logo", "--contract", contract]
    return subprocess.run(command, cwd=sources, capture_output=True, text=True)


def _declared() -> list[str]:
    contracts = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    return [contract["id"] for contract in contracts]


def test_every_contract_is_broken_once_below() -> None:
    """A contract that nobody has seen fail may not be able to."""
    assert {contract for contract, _, _ in _BREACHES} == set(_declared())


@pytest.mark.parametrize("contract", _declared())
def test_the_sources_keep_every_contract(sources: Path, contract: str) -> None:
    """So that a breach below is caught for its own sake."""
    kept = _lint(sources, contract)

    assert kept.returncode == 0, kept.stdout + kept.stderr


@pytest.mark.parametrize(("contract", "module", "line"), _BREACHES)
def test_a_breach_is_caught(sources: Path, contract: str, module: str, line: str) -> None:
    """The contract names itself as broken."""
    if "app.queue.breach" in line:
        # The way round: through a module that is allowed to be imported.
        (sources / "app" / "queue" / "breach.py").write_text("import sandbox\n")
    with (sources / module).open("a") as file:
        file.write(f"\n{line}\n")

    broken = _lint(sources, contract)

    assert broken.returncode == 1
    assert "BROKEN" in broken.stdout, broken.stdout + broken.stderr
