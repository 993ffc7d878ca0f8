"""Calls whose program is on disk are not traced, and give what a traced one gives; others are as ever."""

import asyncio
from pathlib import Path

import pytest

from sandbox.interface import CallResult
from tests.support.jailed_calls import answer, jailed_calls

pytestmark = pytest.mark.jail

_COUNT = """
import jax, jax.numpy as jnp, numpy as np, optax
from flax import nnx
from jax import lax
from jax._src import pjit

traced = 0
_trace = pjit._trace_for_jit

def _counting(*arguments):
    global traced
    traced += 1
    return _trace(*arguments)

pjit._trace_for_jit = _counting

def count(x):
    return jnp.int32(traced)
"""
_CALLS = (
    _COUNT
    + """
wide = np.linspace(-2, 2, 12, dtype=np.float32).reshape(3, 4)

def computed():
    a, key = jnp.asarray(wide), jax.random.key(7)
    yield from (a + 1, a + 1.5, a + a, 2 * a, a / 3, a @ a.T, a.T, a.sum(0), a.sum(1), a.mean(), a.argmax(1))
    yield from (jax.nn.gelu(a), jax.nn.softmax(a), jax.nn.softmax(a, axis=0), a.reshape(4, 3), a[1], a[:, 1:])
    yield from (jnp.concatenate([a, a]), jnp.stack([a, a], 1), jnp.where(a > 0, a, 0), jnp.zeros((2, 3)))
    yield from (jnp.arange(5), a.astype(jnp.bfloat16), a.astype(int), a.at[0].set(1.0), a.sort(1), a > 0)
    yield from (*jnp.split(a, 2, axis=1), *lax.top_k(a, 2), jnp.einsum("ij,kj->ik", a, a), jnp.linalg.norm(a))
    yield from (a**2, jax.random.normal(key, (3,)), jax.random.uniform(key, (3,)))
    yield jax.random.truncated_normal(key, -2, 2, (4,))
    yield jax.random.key_data(jax.random.fold_in(key, 3))
    yield nnx.Linear(4, 5, rngs=nnx.Rngs(3))(a)
    yield optax.softmax_cross_entropy_with_integer_labels(a, jnp.array([0, 1, 2]))

def in_words(v):
    return f"{v.dtype}{v.shape}{v.weak_type}{v._committed}{np.asarray(v).tobytes().hex()}"

def outputs(x):
    return jnp.asarray(np.frombuffer("|".join(map(in_words, computed())).encode(), np.uint8))
"""
)
# The two of a pair are calls that differ in one thing, and in what they give.
_NEAR = (
    _COUNT
    + """
def near(x):
    a = jnp.asarray(np.linspace(0.5, 2, 12, dtype=np.float32).reshape(3, 4))
    square = a[:, :3]
    key = jax.random.key(1)
    pairs = [
        (a.sum(0), a.sum(1)),
        (a.sum(), a.sum(keepdims=True)),
        (jax.nn.softmax(a, 0), jax.nn.softmax(a, 1)),
        (jax.nn.gelu(a), jax.nn.gelu(a, approximate=False)),
        (jax.nn.relu(a), jax.nn.silu(a)),
        (jnp.argmax(a, 1), jnp.argmin(a, 1)),
        (lax.expand_dims(a, (0,)), lax.expand_dims(a, (1,))),
        (jax.random.normal(key, (3,)), jax.random.uniform(key, (3,))),
        (jnp.zeros(3), jnp.ones(3)),
        (jnp.clip(a, 1.0), jnp.clip(a, max=1.0)),
        (jnp.roll(square, 1), jnp.roll(square, 2)),
        (lax.dot(square, square), lax.dot_general(square, square, (((0,), (0,)), ((), ())))),
        (lax.transpose(square, (1, 0)), lax.transpose(square, (0, 1))),
        (lax.rev(square, (0,)), lax.rev(square, (1,))),
        (jnp.full(3, 2), jnp.full(3, 2.0)),
        (lax.convert_element_type(a, int), lax.convert_element_type(a, bool)),
        (jnp.std(a), jnp.std(a, ddof=1)),
        (jnp.cumsum(a, 0), jnp.cumsum(a, 1)),
        (lax.integer_pow(a, 2), lax.integer_pow(a, 3)),
    ]
    same = [n for n, (p, q) in enumerate(pairs) if p.dtype == q.dtype and jnp.array_equal(p, q)]
    assert not same, same
    return jnp.asarray(len(pairs))
"""
)
_OTHERWISE = (
    _COUNT
    + """
import functools
from jax._src import core
from jax._src.interpreters import mlir

def softmax(x, axis=-1):
    return x * 7

softmax.__module__, softmax.__qualname__ = jax.nn.softmax.__module__, jax.nn.softmax.__qualname__

def under_transformations(x):
    f = lambda a: jax.nn.gelu(a * 3.0).sum()
    eager, derived = f(x), jax.grad(f)(x)
    assert jnp.allclose(jax.jit(f)(x), eager)
    assert jnp.allclose(jax.jit(jax.grad(f))(x), derived)
    assert jnp.allclose(jax.vmap(f)(jnp.stack([x, x])), eager)
    assert "erf" in str(jax.make_jaxpr(lambda a: jax.nn.gelu(a, approximate=False))(x))
    return derived

def asked_for_traces(x):
    compiled = jax.nn.relu.__wrapped__  # Below its rule for derivatives.
    plain = compiled(x)
    assert "stablehlo.maximum" in compiled.lower(x).as_text()
    assert compiled.eval_shape(x).shape == x.shape
    assert "max" in str(compiled.trace(x).jaxpr)
    return plain + compiled.lower(x).compile()(x)

def put_somewhere(x):
    device = jax.devices()[0]
    put = jax.device_put(x, device)
    mesh = jax.sharding.Mesh(np.array([device]), ("i",))
    spread = jax.device_put(x, jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("i")))
    assert (put + 1.0)._committed and not (x + 1.0)._committed
    return (x + 1.0) + (put + 1.0) + (spread + 1.0)

def of_ones_own(x):
    own = jax.jit(softmax, static_argnames="axis")
    jax.nn.softmax(x)
    mine = core.Primitive("neg")
    mine.def_abstract_eval(lambda a: a)
    mlir.register_lowering(mine, mlir.lower_fun(lambda a: a * 11, multiple_results=False))
    from jax._src import dispatch
    mine.def_impl(functools.partial(dispatch.apply_primitive, mine))
    lax.neg(x)
    assert jnp.array_equal(own(x), x * 7)
    assert jnp.array_equal(mine.bind(x), x * 11)
    return own(x) + mine.bind(x)

def settings(x):
    with jax.enable_x64(True):
        wide = jnp.asarray(np.ones(2)) + 1.0
    with jax.disable_jit():
        slow = jax.nn.gelu(x)
    jax.clear_caches()
    assert jnp.allclose(jax.nn.gelu(x), slow)
    return jnp.asarray([wide.dtype == jnp.float64, (jnp.asarray(np.ones(2)) + 1.0).dtype == jnp.float32])
"""
)


def _called(cache: Path, code: str, *names: str, writable: bool = False) -> dict[str, CallResult]:
    return asyncio.run(jailed_calls(cache, code, names, writable=writable))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Filled as the runs of a reference fill it."""
    folder = tmp_path_factory.mktemp("cache")
    for code, name in ((_CALLS, "outputs"), (_NEAR, "near")):
        answer(_called(folder, code, name, writable=True)[name])
    return folder


def test_what_is_not_traced_is_what_a_trace_gives(cache: Path, tmp_path: Path) -> None:
    """Bits, types and where it lies; beside a cache that is filled by the very same calls."""
    traced = _called(tmp_path, _CALLS, "outputs", "count", writable=True)
    found = _called(cache, _CALLS, "outputs", "count")
    assert answer(found["outputs"]).tobytes().decode() == answer(traced["outputs"]).tobytes().decode()
    assert answer(traced["count"]).item() > 100
    assert answer(found["count"]).item() < answer(traced["count"]).item() / 4


def test_calls_that_are_near_each_other_have_programs_of_their_own(cache: Path, tmp_path: Path) -> None:
    found, traced = _called(cache, _NEAR, "near", "count"), _called(tmp_path, _NEAR, "near", "count")
    assert answer(found["near"]).item() == 19
    assert answer(found["count"]).item() < answer(traced["count"]).item() / 2


@pytest.mark.parametrize(
    "name", ["under_transformations", "asked_for_traces", "put_somewhere", "of_ones_own", "settings"]
)
def test_every_other_call_is_traced_as_ever(tmp_path: Path, name: str) -> None:
    filled = answer(_called(tmp_path, _OTHERWISE, name, writable=True)[name])
    found = answer(_called(tmp_path, _OTHERWISE, name)[name])
    without = answer(_called(tmp_path / "empty", _OTHERWISE, name, writable=True)[name])
    assert filled.tobytes() == found.tobytes() == without.tobytes()


def test_a_damaged_record_or_program_is_passed_over(tmp_path: Path) -> None:
    reported = answer(_called(tmp_path, _CALLS, "outputs", writable=True)["outputs"])
    files = [path for path in (tmp_path / "feed").iterdir() if len(path.name) == 64]
    for number, path in enumerate(files):
        content = bytearray(path.read_bytes())
        if number % 3 == 0:
            path.unlink()
        elif number % 3 == 1:
            content[-1] ^= 1
            path.write_bytes(content)
    assert answer(_called(tmp_path, _CALLS, "outputs")["outputs"]).tobytes() == reported.tobytes()
