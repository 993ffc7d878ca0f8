"""What JAX and Flax compute is the same, bit for bit, whether a program is compiled, stored or loaded."""

import asyncio
from pathlib import Path

import pytest

from tests.support.all_of_jax import CALLS, NAMES
from tests.support.jailed_calls import answer, jailed_calls

pytestmark = pytest.mark.jail


def _said(cache: Path, *, writable: bool, patches: tuple[str, ...] | None = None) -> dict[str, list[str]]:
    """Return, for each group of calls, a line a call, from a process of its own."""
    options = {} if patches is None else {"patches": patches}
    calls = asyncio.run(jailed_calls(cache, CALLS, NAMES, writable=writable, **options))
    return {name: answer(calls[name]).tobytes().decode().splitlines() for name in NAMES}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[str]]]:
    """A cache, and what was computed while it was filled."""
    cache = tmp_path_factory.mktemp("cache")
    return cache, _said(cache, writable=True)


def test_every_call_gives_an_answer(filled: tuple[Path, dict[str, list[str]]]) -> None:
    """Else the others would compare messages."""
    _, said = filled
    assert [line for lines in said.values() for line in lines if "Error" in line] == []
    assert sum(map(len, said.values())) > 120


def test_what_is_loaded_in_a_fresh_process_is_what_was_compiled(
    filled: tuple[Path, dict[str, list[str]]],
) -> None:
    """A program that is loaded is not lowered, and so must load what lowering would."""
    cache, said = filled
    found = _said(cache, writable=False)
    for name in NAMES:
        assert found[name] == said[name]


def test_what_is_stored_is_what_plain_jax_computes(
    filled: tuple[Path, dict[str, list[str]]], tmp_path: Path
) -> None:
    _, said = filled
    plain = _said(tmp_path, writable=False, patches=())
    for name in NAMES:
        assert plain[name] == said[name]
