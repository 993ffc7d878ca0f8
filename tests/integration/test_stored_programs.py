"""What JAX and Flax compute is the same, bit for bit, whether a program is compiled, stored or loaded.

    ALL_OF_JAX=1 .venv/bin/python -m pytest tests/integration/test_stored_programs.py

makes every group of calls; otherwise it is linear algebra, and one that changes with the patches.
"""

import asyncio
import hashlib
import os
from pathlib import Path

import pytest

from sandbox.patches import PATCH_NAMES
from tests.support.all_of_jax import CALLS, NAMES
from tests.support.checkout import CHECKOUT
from tests.support.jailed_calls import answer, jailed_calls

pytestmark = pytest.mark.jail

Said = dict[str, list[str]]


def _chosen() -> tuple[str, ...]:
    if "ALL_OF_JAX" in os.environ:
        return NAMES
    files = sorted((CHECKOUT / "sandbox/inside/jax_patches").glob("*.py"))
    drawn = hashlib.sha256(b"".join(file.read_bytes() for file in files)).digest()[0]
    return NAMES[0], NAMES[1 + drawn % (len(NAMES) - 1)]


_NAMES = _chosen()


def _said(cache: Path, *, writable: bool, patches: tuple[str, ...] = PATCH_NAMES) -> Said:
    """Return, for each group of calls, a line a call, from a process of its own."""
    calls = asyncio.run(jailed_calls(cache, CALLS, _NAMES, writable=writable, patches=patches))
    return {name: answer(calls[name]).tobytes().decode().splitlines() for name in _NAMES}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Said]:
    """A cache, and what was computed while it was filled."""
    cache = tmp_path_factory.mktemp("cache")
    return cache, _said(cache, writable=True)


def test_every_call_gives_an_answer(filled: tuple[Path, Said]) -> None:
    """Else the others would compare messages, or nothing would be stored."""
    cache, said = filled
    assert [line for lines in said.values() for line in lines if "Error" in line] == []
    assert sum(map(len, said.values())) > 40
    assert len([path for path in (cache / "feed").iterdir() if len(path.name) == 64]) > 80


def test_what_is_loaded_in_a_fresh_process_is_what_was_compiled(filled: tuple[Path, Said]) -> None:
    """A program that is loaded is not lowered, and so must load what lowering would."""
    cache, said = filled
    found = _said(cache, writable=False)
    for name in _NAMES:
        assert found[name] == said[name]


def test_what_is_stored_is_what_plain_jax_computes(filled: tuple[Path, Said], tmp_path: Path) -> None:
    _, said = filled
    plain = _said(tmp_path, writable=False, patches=())
    for name in _NAMES:
        assert plain[name] == said[name]
