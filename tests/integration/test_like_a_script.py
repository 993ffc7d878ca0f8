"""A submission finds Python and JAX as a script of its own would, wherever it is run."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from sandbox.arrays import pack_array
from sandbox.interface import Call, CallResult, Ending, RunRequest, RunResult
from sandbox.jailed import Supervisor, open_supervisor
from sandbox.limits import Limits
from tests.support.jailed_calls import answer, jailed_calls

pytestmark = pytest.mark.jail

_LIMITS = Limits(wall_seconds=600, idle_seconds=300, cpu_seconds=300, memory_bytes=2 << 30)
_KEY = "feed"

_PYTHON = """
import sys

import numpy as np


def hashed(x):
    return np.asarray([hash(name) for name in ("query", "key", "value")])


def arguments(x):
    return np.asarray(sys.argv == ["solution.py"])


def types(x):
    return np.frombuffer(f"{x.dtype!r} {(x + 1).dtype!r}".encode(), np.uint8)
"""


def test_the_same_in_each_fork_server(tmp_path: Path) -> None:
    """A set of names has one order, no argument is on the command line, and types are written as ever."""

    async def look() -> dict[str, CallResult]:
        return await jailed_calls(tmp_path, _PYTHON, ("hashed", "arguments", "types"))

    first, other = asyncio.run(look()), asyncio.run(look())
    assert np.array_equal(answer(first["hashed"]), answer(other["hashed"]))
    assert answer(first["arguments"])
    assert answer(first["types"]).tobytes() == b"dtype('float32') dtype('float32')"


_SETS_FLAGS = """
import os
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=4"
"""
_SETS_NUMBER = """
import jax
jax.config.update("jax_num_cpu_devices", 4)
"""
_SHARDED = """
import jax
import jax.numpy as jnp
from jax.sharding import NamedSharding, PartitionSpec


def total(x):
    mesh = jax.make_mesh((4,), ("rows",))
    rows = jax.device_put(jnp.ones((4, 3)), NamedSharding(mesh, PartitionSpec("rows")))
    summed = jax.shard_map(
        lambda row: jax.lax.psum(row.sum(), "rows"), mesh=mesh, in_specs=PartitionSpec("rows"),
        out_specs=PartitionSpec(),
    )
    return summed(rows)
"""


@pytest.mark.parametrize("head", [_SETS_FLAGS, _SETS_NUMBER], ids=["flags", "setting"])
def test_a_text_may_say_how_many_devices_there_are(head: str, tmp_path: Path) -> None:
    """In a fresh jail and after one that could have been warm, and with stored programs in the folder."""
    request = RunRequest(
        code=head + _SHARDED,
        parameters=("x",),
        calls=(Call(function="total", arguments=(pack_array(np.ones(2, np.float32)),)),),
        cache_key=_KEY,
    )

    async def run(supervisor: Supervisor) -> None:
        result = await supervisor.run(request, limits=_LIMITS)
        assert result.ending is Ending.FINISHED, result
        assert answer(result.calls[0]) == 12.0

    async def session() -> None:
        async with open_supervisor(cache=tmp_path, writable_cache=True, warm_jails=1) as supervisor:
            for _ in range(2):
                await run(supervisor)
            supervisor.prewarm("learner", request, limits=_LIMITS)
            assert await supervisor.run_warm("learner", request, limits=_LIMITS) is None

    asyncio.run(session())
    assert not [path for path in tmp_path.rglob("*") if path.is_file()], "compiled under flags of its own"


_PICKLES = """
import dataclasses
import inspect
import pickle
from typing import get_type_hints

import numpy as np


@dataclasses.dataclass
class Point:
    x: float
    unit: "{unit}" = 1


def f(x):
    again = pickle.loads(pickle.dumps(Point(2.0)))
    hint, source = get_type_hints(Point)["unit"], inspect.getsource(Point)
    return np.asarray([again.x, hint is {unit}, source.count('"{unit}"'), len(__file__)])
"""


def test_texts_that_share_a_process_find_their_own(tmp_path: Path) -> None:
    """Pickles, annotations and sources are looked up in what is imported as `solution`."""
    ones = pack_array(np.ones(2, np.float32))
    texts = [_PICKLES.format(unit=unit) for unit in ("int", "float")]
    request = RunRequest(
        code=texts[0],
        more_code=(texts[1],),
        parameters=("x",),
        calls=tuple(Call(function="f", arguments=(ones,), program=program) for program in (0, 1)),
    )

    async def run() -> None:
        async with open_supervisor(cache=tmp_path) as supervisor:
            result = await supervisor.run(request, limits=_LIMITS)
        assert result.ending is Ending.FINISHED, result
        for call in result.calls:
            assert answer(call).tolist() == [2.0, 1.0, 1.0, len("solution.py")]

    asyncio.run(run())


_SETS_FOR_ALL = """
import jax
import numpy as np
from flax import nnx

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_default_prng_impl", "rbg")
np.seterr(all="raise")
np.set_printoptions(precision=2)
"""
_LOOKS = """
import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx


@nnx.register_variable_name("total")
class Total(nnx.Variable):
    pass


def f(x):
    np.float32(0) / np.float32(0)
    said = [jnp.arange(2.0).dtype, jax.random.key_impl(jax.random.key(0)), np.get_printoptions()["precision"]]
    return np.frombuffer(str(said).encode(), np.uint8)
"""


async def _run_warm(supervisor: Supervisor, request: RunRequest) -> RunResult:
    async with asyncio.timeout(_LIMITS.wall_seconds):
        while not supervisor.waits_for("learner"):  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.02)
    result = await supervisor.run_warm("learner", request, limits=_LIMITS)
    assert result is not None
    return result


def test_a_warm_jail_has_nothing_of_what_its_last_text_has_set(tmp_path: Path) -> None:
    """Neither settings of JAX and NumPy nor names of Flax's types."""
    ones = pack_array(np.ones(2, np.float32))
    call = Call(function="f", arguments=(ones,))
    looks = RunRequest(code=_LOOKS, parameters=("x",), calls=(call,))
    sets = RunRequest(code=_SETS_FOR_ALL + _LOOKS, parameters=("x",), calls=())

    async def run() -> None:
        async with open_supervisor(cache=tmp_path, warm_jails=1) as supervisor:
            fresh = await supervisor.run(looks, limits=_LIMITS)
            supervisor.prewarm("learner", sets, limits=_LIMITS)
            warm = await _run_warm(supervisor, looks)
        assert warm.loaded == fresh.loaded
        assert answer(warm.calls[0]).tobytes() == answer(fresh.calls[0]).tobytes()

    asyncio.run(run())


_OLD_NAME = """
import jax


def f(x):
    return jax.scipy.special.lpmn_values(2, 2, x / 4, True)[0]
"""


def test_a_warm_jail_warns_of_an_old_name_again(tmp_path: Path) -> None:
    """JAX itself does so once in a process."""
    call = Call(function="f", arguments=(pack_array(np.ones(2, np.float32)),))
    request = RunRequest(code=_OLD_NAME, parameters=("x",), calls=(call,))

    async def run() -> None:
        async with open_supervisor(cache=tmp_path, warm_jails=1) as supervisor:
            fresh = await supervisor.run(request, limits=_LIMITS)
            supervisor.prewarm("learner", request, limits=_LIMITS)
            warm = await _run_warm(supervisor, request)
        assert fresh.calls[0].notes
        assert warm.calls[0].notes == fresh.calls[0].notes

    asyncio.run(run())
