"""Flax's questions about values have the answers that Flax gives, in the jail's quicker form too."""

import asyncio

import pytest

from sandbox.interface import CallResult
from tests.support.jailed_calls import answer, jailed_calls

pytestmark = pytest.mark.jail

_CODE = """
import dataclasses, functools
import jax, jax.numpy as jnp, numpy as np
from flax import nnx
from flax.nnx import graphlib, pytreelib, variablelib
from flax.nnx.pytreelib import AttributeStatus

QUESTIONS = (variablelib.is_array_ref, graphlib.is_node_leaf, graphlib.is_graph_node)
asked = 0

class Block(nnx.Module):
    def __init__(self):
        self.kernel, self.rows, self.name, self.act = nnx.Param(jnp.ones(2)), 3, "block", jax.nn.gelu

class Odd(nnx.Param):
    pass

class Plain:
    pass

def ask(value):
    global asked
    for question in QUESTIONS:
        assert question(value) == question.__wrapped__(value), (question, type(value))
        asked += 1

VALUES = [
    None, True, 1, 1.0, 1j, "text", b"bytes", (), (1, 2), [], [jnp.ones(1)], {}, {"a": jnp.ones(1)}, {1},
    range(3), slice(1), int, Plain, Plain(), len, lambda: 0, functools.partial(len, "a"), Block, Block(),
    np.ones(2), np.float32(1.0), np.ma.array([1.0]), np.dtype("float32"), jnp.float32, jnp.dtype("int8"),
    jax.ShapeDtypeStruct((2,), jnp.float32), nnx.relu, nnx.initializers.zeros, dataclasses.field(),
    nnx.Rngs(0), nnx.Rngs(0).params, nnx.Linear(1, 1, rngs=nnx.Rngs(0)), nnx.List([1]), nnx.Dict(a=1),
    nnx.data(1), nnx.state(Block()), nnx.graphdef(Block()), pytreelib.check_pytree,
]

def make_arrays():
    ref = jax.new_ref(jnp.ones(2))
    return [
        jnp.ones(2), jax.random.key(1), jax.random.PRNGKey(1), ref, nnx.Param(jnp.ones(2)), Odd(jnp.ones(2)),
        nnx.Variable(1), nnx.BatchStat(jnp.ones(2)), nnx.RngCount(jnp.uint32(0), tag="a"),
    ]

def questions(x):
    before = asked
    for value in (*VALUES, *make_arrays(), *VALUES, *make_arrays()):
        ask(value)
    jax.jit(lambda a: ask(a))(x)
    jax.grad(lambda a: (ask(a), a.sum())[1])(x)
    jax.vmap(lambda a: (ask(a), a)[1])(x)
    jax.jit(lambda ref: ask(ref))(jax.new_ref(x))
    nnx.jit(lambda model: (ask(model), ask(model.kernel), ask(model.kernel[...]))[0])(Block())
    return jnp.asarray(asked - before)

def outcome(check, node, key, value, status):
    try:
        return str(check(node, key, value, status))
    except Exception as error:
        return f"{type(error).__name__}: {error}"

def checks(x):
    check, slow = nnx.Pytree._check_value, nnx.Pytree._check_value.__wrapped__
    statuses = [None, *(AttributeStatus(bool(n & 2), bool(n & 1)) for n in range(4))]
    count = refused = 0
    for value in (*VALUES, *make_arrays()):
        for key in ("kernel", "rows", "new"):
            for status in statuses:
                node = Block()
                quick = outcome(check, node, key, value, status)
                assert quick == outcome(slow, node, key, value, status), (type(value), key, status)
                count, refused = count + 1, refused + (quick != "None")
    assert 50 < refused < count / 2, (refused, count)
    return jnp.asarray(count)

def mistakes(x):
    class Hides(nnx.Module):
        def __init__(self):
            self.layers = [nnx.Linear(1, 1, rngs=nnx.Rngs(0))]

    class Changes(nnx.Module):
        def __init__(self):
            self.scale = 1

    refused = 0
    for mistake in (Hides, lambda: setattr(Changes(), "scale", jnp.ones(1))):
        try:
            mistake()
        except ValueError:
            refused += 1
    return jnp.asarray(refused)

def late(x):
    class Late:
        pass

    assert not graphlib.is_graph_node(Late())
    graphlib.register_graph_node_type(
        Late,
        flatten=lambda node: ((), None),
        set_key=lambda *_: None,
        pop_key=lambda *_: None,
        create_empty=lambda _: Late(),
        clear=lambda _: None,
        init=lambda *_: None,
    )
    assert graphlib.is_graph_node(Late()), "what is registered after it was asked about"
    module, node = Block(), nnx.Pytree._check_value
    module.number = 2.5
    nnx.register_data_type(float)
    assert nnx.is_data(2.5)
    explicit = AttributeStatus(False, True)
    for status in (None, explicit):
        quick = outcome(node, module, "number", 2.5, status)
        assert quick == outcome(node.__wrapped__, module, "number", 2.5, status) != "None", status
    return x
"""


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, CallResult]:
    names = ("questions", "checks", "mistakes", "late")
    return asyncio.run(jailed_calls(tmp_path_factory.mktemp("cache"), _CODE, names))


def test_every_kind_of_value_has_flax_s_own_answer(calls: dict[str, CallResult]) -> None:
    assert answer(calls["questions"]).item() > 300


def test_a_value_passes_or_is_refused_in_flax_s_own_words(calls: dict[str, CallResult]) -> None:
    assert answer(calls["checks"]).item() > 700


def test_a_learner_who_hides_data_in_a_list_gets_the_error(calls: dict[str, CallResult]) -> None:
    assert answer(calls["mistakes"]).item() == 2


def test_a_type_may_be_registered_later(calls: dict[str, CallResult]) -> None:
    answer(calls["late"])
