"""Compiled programs on disk: found by what was traced, never for another program, never used damaged."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from sandbox.arrays import pack_array
from sandbox.interface import Call, Ending, RunRequest, RunResult
from sandbox.jailed import open_supervisor
from sandbox.limits import Limits
from tests.support.jailed_calls import answer
from tests.support.listed import listed

pytestmark = pytest.mark.jail

_KEY = "feed"
_LIMITS = Limits(cpu_seconds=60, memory_bytes=2 << 30)
_GELU = "import jax\n\ndef f(x):\n    return jax.nn.gelu(x @ x.T) * 3.0\n"
# Every pair must differ, for a wrong hit would be a wrong result; the last two must not.
_NAMES = """
import jax, jax.numpy as jnp, numpy as np
from jax import lax
from sandbox.inside.jax_patches.jaxpr_hash import hash_jaxpr

def f(x):
    wide, small = jnp.ones((3, 4)), jnp.ones((3,))
    table = np.arange(3.0, dtype=np.float32)
    programs = [
        (lambda a: a * 2.0, wide),
        (lambda a: a * 3.0, wide),
        (lambda a: a * 2.0, wide.T),
        (lambda a: a * 2.0, wide.astype(jnp.bfloat16)),
        (lambda a: 2.0 / a, wide),
        (lambda a: a / 2.0, wide),
        (lambda a: a.sum(0), wide),
        (lambda a: a.sum(1), wide),
        (lambda a: a.argmax(1), wide),
        (lambda a: a.argmin(1), wide),
        (lambda a: lax.dot(a, a.T, precision="highest"), wide),
        (lambda a: lax.dot(a, a.T, precision="default"), wide),
        (lambda a: lax.fori_loop(0, 3, lambda i, c: c + 1.0, a), wide),
        (lambda a: lax.fori_loop(0, 4, lambda i, c: c + 1.0, a), wide),
        (lambda a: jnp.where(a > 0, a, 0.0), wide),
        (lambda a: jnp.where(a > 1, a, 0.0), wide),
        (lambda a: jax.random.normal(jax.random.key(1), (3,)) + a, small),
        (lambda a: jax.random.uniform(jax.random.key(1), (3,)) + a, small),
        (lambda a: lax.conv_general_dilated(a, a, (1,), "SAME"), jnp.ones((1, 1, 4))),
        (lambda a: lax.conv_general_dilated(a, a, (1,), "VALID"), jnp.ones((1, 1, 4))),
        (lambda b: b * 2.0, wide),
    ]
    names = [hash_jaxpr(jax.make_jaxpr(p)(*a)) for p, *a in programs]
    assert names[-1] == names[0], "the same program under other names"
    assert len(set(names[:-1])) == len(names) - 1, "two programs with one name"
    with jax.threefry_partitionable(False):
        assert hash_jaxpr(jax.make_jaxpr(programs[16][0])(small)) != names[16]
    return jnp.asarray(len(set(names)))
"""
_LOWERED = """
import jax, jax.numpy as jnp

def f(x):
    lowered = jax.jit(lambda a: a * 5.0 + 1.0).lower(x)
    assert "stablehlo.multiply" in lowered.as_text()
    return lowered.compile()(x)
"""

_MANY = """
import jax.numpy as jnp

def f(x):
    total = 0.0
    for size in range(2, 60):
        total = total + float((jnp.ones((size,)) * 2.0).sum())
    return jnp.asarray(total)
"""


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


def _run(runner: asyncio.Runner, cache: Path, code: str, *, writable: bool) -> RunResult:
    x = pack_array(np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4))
    request = RunRequest(
        code=code, parameters=("x",), calls=(Call(function="f", arguments=(x,)),), cache_key=_KEY
    )

    async def run() -> RunResult:
        async with open_supervisor(cache=cache, writable_cache=writable) as sandbox:
            return await sandbox.run(request, limits=_LIMITS)

    return runner.run(run())


def _answer(result: RunResult) -> "np.ndarray[tuple[int, ...], np.dtype[np.generic]]":
    assert result.ending is Ending.FINISHED, result
    return answer(result.calls[0])


def _stored(cache: Path) -> list[Path]:
    return [path for path in listed(cache / _KEY) if len(path.name) == 64]


def test_a_stored_program_computes_what_was_compiled(runner: asyncio.Runner, tmp_path: Path) -> None:
    compiled = _answer(_run(runner, tmp_path, _GELU, writable=True))
    assert len(_stored(tmp_path)) >= 3
    # Without JAX's own files, a hit can only come from ours; and a jail writes nothing.
    for path in listed(tmp_path / _KEY):
        if len(path.name) != 64:
            path.unlink()
    before = _stored(tmp_path)
    first = _run(runner, tmp_path, _GELU, writable=False)
    np.testing.assert_array_equal(_answer(first), compiled)
    assert _stored(tmp_path) == before
    for path in before:
        path.unlink()
    without = _run(runner, tmp_path, _GELU, writable=False)
    np.testing.assert_array_equal(_answer(without), compiled)
    assert first.cpu_seconds < without.cpu_seconds


def test_programs_that_are_lowered_to_one_text_are_both_stored_whole(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    """The second is in JAX's own cache already; what is loaded from there cannot be written again."""
    strong = "import jax, jax.numpy as jnp\n\ndef f(x):\n    return jax.lax.sqrt(jnp.float32(2.0)) + 0 * x\n"
    weak = "import jax\n\ndef f(x):\n    return jax.lax.sqrt(2.0) + 0 * x\n"
    for code in (strong, weak, weak, strong):
        _answer(_run(runner, tmp_path, code, writable=True))


def test_several_writers_at_once_do_not_disturb_each_other(runner: asyncio.Runner, tmp_path: Path) -> None:
    """Two commands and a service may prepare the same problem; none of them may fail for it."""
    request = RunRequest(
        code=_MANY,
        parameters=("x",),
        calls=(Call(function="f", arguments=(pack_array(np.ones(1, np.float32)),)),),
        cache_key=_KEY,
    )

    async def run() -> list[RunResult]:
        async with open_supervisor(cache=tmp_path, writable_cache=True) as sandbox:
            return await asyncio.gather(*(sandbox.run(request, limits=_LIMITS) for _ in range(4)))

    assert len({_answer(result).item() for result in runner.run(run())}) == 1
    whole_or_not = [path for path in listed(tmp_path / _KEY) if re.match("[0-9a-f]{64}", path.name)]
    assert _stored(tmp_path) == whole_or_not, "no drafts stay"


@pytest.mark.parametrize("damage", ["flipped", "cut", "empty"])
def test_a_damaged_program_is_passed_over(runner: asyncio.Runner, tmp_path: Path, damage: str) -> None:
    compiled = _answer(_run(runner, tmp_path, _GELU, writable=True))
    for path in listed(tmp_path / _KEY):
        if len(path.name) != 64:
            path.unlink()
            continue
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 0xFF
        path.write_bytes({"flipped": bytes(content), "cut": bytes(content[:100]), "empty": b""}[damage])
    np.testing.assert_array_equal(_answer(_run(runner, tmp_path, _GELU, writable=False)), compiled)


def test_stored_and_missing_programs_go_together(runner: asyncio.Runner, tmp_path: Path) -> None:
    compiled = _answer(_run(runner, tmp_path, _MANY, writable=True))
    for path in [*_stored(tmp_path)[::2], *set(listed(tmp_path / _KEY)).difference(_stored(tmp_path))]:
        path.unlink()
    np.testing.assert_array_equal(_answer(_run(runner, tmp_path, _MANY, writable=False)), compiled)


def test_only_equal_programs_have_equal_names(runner: asyncio.Runner, tmp_path: Path) -> None:
    assert _answer(_run(runner, tmp_path, _NAMES, writable=True)) == 20


def test_a_stored_program_can_still_be_looked_at(runner: asyncio.Runner, tmp_path: Path) -> None:
    compiled = _answer(_run(runner, tmp_path, _LOWERED, writable=True))
    np.testing.assert_array_equal(_answer(_run(runner, tmp_path, _LOWERED, writable=False)), compiled)
