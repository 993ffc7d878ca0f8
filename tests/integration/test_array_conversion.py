"""`jnp.asarray` gives what JAX's own gives, in the jail's quicker form too."""

import asyncio
from pathlib import Path

import pytest

from tests.support.jailed_calls import answer, jailed_calls

pytestmark = pytest.mark.jail

_CODE = """
import itertools
import jax, jax.numpy as jnp, numpy as np
from jax._src.numpy import array_constructors

DTYPES = [None, "float32", jnp.bfloat16, np.float16, int, np.dtype("int8"), bool, float, jnp.float64, complex]
OPTIONS = [{}, {"copy": None}, {"copy": True}, {"copy": False}, {"order": "K"}, {"order": "C"},
           {"device": jax.devices()[0]}]

class Like:
    def __jax_array__(self):
        return jnp.ones(2)

def values():
    ones = jnp.ones(2)
    gone = jnp.ones(3)
    gone.delete()
    yield from (ones, jnp.ones((2, 0)), jnp.int32(3), jnp.asarray(2), jnp.asarray(2.0), ones > 0)
    yield from (ones.astype(jnp.bfloat16), ones + 1j, jax.device_put(ones, jax.devices()[0]), gone)
    yield from (1, 1.5, True, np.ones(2), np.float32(1), [1, 2], [ones, ones], (), None, "text", Like())
    yield from (jnp.int8([1]), Like, jax.random.key(1), jax.random.PRNGKey(1))
    with jax.enable_x64(True):
        yield jnp.ones(2)

def outcome(convert, value, *arguments, **options):
    try:
        made = convert(value, *arguments, **options)
    except Exception as error:
        return type(error).__name__, str(error)
    is_weak = getattr(made, "weak_type", "")
    about = (made is value, type(made), made.shape, made.dtype, is_weak, made._committed)
    has_bytes = not made.is_deleted() and not jnp.issubdtype(made.dtype, jax.dtypes.prng_key)
    return (*about, np.asarray(made).tobytes() if has_bytes else b"")

def slowly(convert):
    def ask(*arguments, **options):
        quick = array_constructors.array
        array_constructors.array = quick.__wrapped__
        try:
            return convert(*arguments, **options)
        finally:
            array_constructors.array = quick
    return ask

def compared(x):
    count = kept = 0
    for value, dtype, options in itertools.product(list(values()), DTYPES, OPTIONS):
        quick = outcome(jnp.asarray, value, dtype, **options)
        assert quick == outcome(slowly(jnp.asarray), value, dtype, **options), (value, dtype, options, quick)
        count, kept = count + 1, kept + (quick[0] is True)
    assert 60 < kept < count / 4, (kept, count)
    assert jnp.array(x) is not x
    inside = jax.make_jaxpr(lambda a: (jnp.asarray(a), jnp.asarray(x), jnp.asarray(a, int)))
    assert str(inside(x)) == str(slowly(inside)(x))
    return jnp.asarray(count)

def documented(x):
    assert jnp.asarray(x) is x
    return x
"""


def test_an_array_is_handed_back_where_jax_hands_it_back_and_nowhere_else(tmp_path: Path) -> None:
    calls = asyncio.run(jailed_calls(tmp_path, _CODE, ("compared", "documented")))
    assert answer(calls["compared"]).item() > 1500
    answer(calls["documented"])
