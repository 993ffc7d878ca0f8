"""The jail's patches change nothing: a share of what `make exhaustive` tries, another one for other code.

`make exhaustive PARTS="fuzz flax"` has thousands of programs, and all of Flax's own tests.
"""

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.patches import PATCH_NAMES
from tests.exhaustive.code_hash import hash_files
from tests.exhaustive.flax_tests.sources import NoSources, nnx_test_files
from tests.exhaustive.flax_tests.states import run_state, summary
from tests.exhaustive.fuzz.compare import compare
from tests.exhaustive.fuzz.processes import Processes
from tests.exhaustive.fuzz.programs import Program, make_program
from tests.support.checkout import CHECKOUT

pytestmark = pytest.mark.jail

_PROGRAMS = 40
_FILES = 3
_TESTS_OF_A_FILE = 6
_FIRST_SEED = 1_000_000
"""Above those of `make exhaustive`."""


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    with Processes() as both:
        yield both


def _drawn(path: str) -> random.Random:
    """Return the same numbers for the same code, so that one change meets the same inputs."""
    return random.Random(hash_files(CHECKOUT, [path])[path])


def test_random_programs_are_as_without_patches(processes: Processes) -> None:
    first = _FIRST_SEED + _drawn("sandbox").randrange(10**9)
    found = compare([make_program(seed) for seed in range(first, first + _PROGRAMS)], processes)
    assert not found.differences, "\n\n".join(map(str, found.differences))
    assert len(found.unsteady) <= _PROGRAMS // 10
    assert found.stored > _PROGRAMS, "hardly anything was stored, so that nothing was compared"


def test_flax_s_own_tests_end_as_without_patches(tmp_path: Path) -> None:
    try:
        files = _drawn("sandbox/inside").sample(nnx_test_files(), _FILES)
    except NoSources as error:
        pytest.skip(str(error))
    states = ("plain", "filling", "warm")
    summary({state: run_state(files, state, tmp_path, sample=_TESTS_OF_A_FILE) for state in states})


_NAMED_BY_TYPES = """
import hashlib
from sandbox.inside.jax_patches import jaxpr_hash

def name(closed):
    types = repr([v.aval for v in (*closed.jaxpr.invars, *closed.jaxpr.outvars)])
    return hashlib.sha256(types.encode()).hexdigest()

jaxpr_hash.hash_jaxpr = name
"""
_NEVER_DATA_IN_LISTS = """
from sandbox.inside.jax_patches import flax_type_cache

flax_type_cache._passes = lambda *_: True
"""
_NO_CONTEXT = """
from jax._src.interpreters import mlir

mlir.make_ir_context = lambda: None
"""
_BROKEN = {
    "executable_cache": ("o = optax.adam(1e-2)\np =", _NAMED_BY_TYPES),
    "flax_type_cache": ("self.parts = [nnx.Param", _NEVER_DATA_IN_LISTS),
    "ir_context": ("jax.lax.scan", _NO_CONTEXT),
}
"""What stands in the programs that each patch is tried with, and what a test does to it."""


@pytest.mark.parametrize(("in_text", "breakage"), _BROKEN.values(), ids=_BROKEN)
def test_a_patch_that_is_broken_on_purpose_is_found(
    processes: Processes, in_text: str, breakage: str
) -> None:
    """A check that cannot fail is a defect."""
    drawn = (make_program(seed) for seed in itertools.count())
    program = next(program for program in drawn if in_text in program.text and len(program.steps) < 4)
    assert compare([program], processes, breakage=breakage).differences


def test_every_patch_is_broken() -> None:
    assert _BROKEN.keys() == set(PATCH_NAMES)


_ONCE_DIFFERENT = {
    "frames of a patch among the lines of source": (
        "out = jax.jit(lambda a: a * 3).lower(vec0).as_text(debug_info=True)",
    ),
}


@pytest.mark.parametrize("steps", _ONCE_DIFFERENT.values(), ids=_ONCE_DIFFERENT)
def test_what_once_differed_is_as_without_patches(processes: Processes, steps: tuple[str, ...]) -> None:
    found = compare([Program(seed=0, steps=steps, speaks=True)], processes)
    assert (found.differences, found.unsteady) == ([], [])
