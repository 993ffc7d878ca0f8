"""Stored programs and lowered modules live side by side in one process."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.jail

_CHECKOUT = Path(__file__).resolve().parents[2]
_SIDE_BY_SIDE = """
from jaxlib.mlir import ir
from jax._src.util import weakref_lru_cache
from sandbox.inside.program_store import Compilations, StoredProgram

def trouble(compile_one):
    with ir.Context(), ir.Location.unknown():
        kept = [make() for _ in range(2000) for make in (ir.Module.create, stored)]
        try:
            return [compile_one(computation) for computation in kept] and "none"
        except TypeError:
            return "TypeError"

def stored():
    return StoredProgram(b"", None)

def compile_one(computation):
    return type(computation).__name__

print(trouble(Compilations(compile_one)), trouble(weakref_lru_cache(compile_one)))
"""


def test_a_module_is_never_compared_with_a_stored_program() -> None:
    """JAX's own table would, for some of them: then right code ends in an error that is not its own."""
    ran = subprocess.run(
        [sys.executable, "-c", _SIDE_BY_SIDE], cwd=_CHECKOUT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == ["none", "TypeError"]
