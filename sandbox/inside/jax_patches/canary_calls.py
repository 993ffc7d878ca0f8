"""Calls that show whether JAX and Flax do what they do without patches; run as if a learner had written them.

Each function without an underscore is one call. Most say in words what they gave: bits, types, the exception,
the warnings. `sandbox/canary.py` reads this text, has it run with and without patches, and compares.
"""

import dataclasses
import functools
import logging
import re
import threading
import warnings
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jax import lax
from jax.extend import random as own_random
from jax.extend.core import Primitive
from jax.interpreters import mlir

Call = Callable[[Any], Any]

_MATRIX = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.25], [0.5, 0.25, 2.0]], np.float32)
_ONES = nnx.initializers.ones  # Drawing numbers is what takes long to compile.
_WIDE = np.linspace(-2, 2, 12, dtype=np.float32).reshape(3, 4)


def _described(call: Call) -> Call:
    """Make a call that returns, as the bytes of a text, all that `call` gave."""

    @functools.wraps(call)
    def describe(x: Any) -> Any:
        with warnings.catch_warnings(record=True) as noted:
            warnings.simplefilter("always")
            try:
                said = [_in_words(leaf) for leaf in jax.tree.leaves(call(jnp.asarray(_WIDE)))]
            except Exception as error:
                said = [f"{type(error).__name__}: {error}"]
        said += [f"{found.category.__name__}: {found.message}" for found in noted]
        text = re.sub(r"0x[0-9a-f]+", "0x", "\n".join(said))
        return np.frombuffer(text.encode() or b"nothing", np.uint8)

    return describe


def _in_words(leaf: Any) -> str:
    if isinstance(leaf, str):
        return leaf
    array = jnp.asarray(leaf)
    if jnp.issubdtype(array.dtype, jax.dtypes.prng_key):
        return f"{array.dtype}{array.shape}{_in_words(jax.random.key_data(array))}"
    return f"{array.dtype}{array.shape}{array.weak_type}{np.asarray(array).tobytes().hex()}"


@_described
def linear_algebra(w: Any) -> Any:
    a = jnp.asarray(_MATRIX)
    return jnp.linalg.cholesky(a), jnp.linalg.qr(w), jnp.linalg.solve(a, w), jnp.linalg.inv(a)


@_described
def eigenvalues(w: Any) -> Any:
    a = jnp.asarray(_MATRIX)
    return jnp.linalg.eigh(a), jnp.linalg.svd(w), jnp.linalg.eigvals(a), lax.linalg.schur(a)


@_described
def orthogonal(w: Any) -> Any:
    return nnx.initializers.orthogonal()(jax.random.key(1), (3, 4))


@_described
def fourier(w: Any) -> Any:
    return jnp.fft.fft(w), jnp.fft.irfft(w), jnp.fft.fft2(w)


@_described
def order(w: Any) -> Any:
    return jnp.sort(-w, axis=0), jnp.argsort(-w), lax.top_k(w, 2), jnp.unique(jnp.asarray([3, 1, 3]))


@_described
def near_programs(w: Any) -> Any:
    """Compute two of each, which differ from each other in a parameter alone."""
    return (
        [lax.rev(w, (0,)), lax.rev(w, (1,)), lax.integer_pow(w, 2), lax.integer_pow(w, 3)],
        [lax.cumsum(w, axis=0), lax.cumsum(w, axis=1), w * 2.0, w * 3.0],
    )


@_described
def random_numbers(w: Any) -> Any:
    r, key = jax.random, jax.random.key(7)
    return (
        [r.normal(key, (3,)), r.truncated_normal(key, -1, 1, (3,)), r.permutation(key, 5)],
        [r.categorical(key, w), r.split(key), r.randint(key, (3,), 0, 9)],
    )


@_described
def other_keys(w: Any) -> Any:
    return [jax.random.uniform(jax.random.key(1, impl=name), (3,)) for name in ("rbg", "unsafe_rbg")]


@_described
def keys_of_ones_own(w: Any) -> Any:
    """Under the name and sign of JAX's own."""
    plain = jax.random.uniform(jax.random.key(1), (5,))
    impl = own_random.define_prng_impl(
        key_shape=(2,),
        seed=lambda seed: jnp.zeros(2, jnp.uint32),
        split=lambda key, shape: jnp.zeros((*shape, 2), jnp.uint32),
        random_bits=lambda key, bit_width, shape: jnp.full(shape, 7 << 20, f"uint{bit_width}"),
        fold_in=lambda key, data: key,
        name="threefry2x32",
        tag="fry",
    )
    return (
        plain,
        jax.random.uniform(jax.random.key(1, impl=impl), (5,)),
        jax.random.uniform(jax.random.key(1), (5,)),
    )


@_described
def loops(w: Any) -> Any:
    return (
        lax.scan(lambda c, x: (c + x, c * x), jnp.zeros(4), w),
        lax.while_loop(lambda c: c[0] < 5, lambda c: (c[0] + 1, c[1] * 1.5), (0, w)),
        lax.fori_loop(0, 3, lambda i, c: c * 2 + i, w),
        lax.cond(w.sum() > 9, jnp.sin, jnp.cos, w),
    )


@jax.custom_vjp
def _clipped(x: Any) -> Any:
    return x * 3


_clipped.defvjp(lambda x: (x * 3, x), lambda x, g: (jnp.clip(g, -0.5, 0.5) * x,))


@_described
def derivatives(w: Any) -> Any:
    further = jax.jit(
        lambda x: (
            jax.hessian(lambda y: (y**3).sum())(x[0]),
            jax.jvp(jnp.tanh, (x,), (x,)),
            jax.vmap(jax.grad(lambda y: jax.nn.gelu(y).sum()))(x),
        )
    )
    return jax.grad(lambda x: _clipped(x).sum())(w), further(w)


@_described
def callbacks(w: Any) -> Any:
    seen: list[str] = []
    like = jax.ShapeDtypeStruct(w.shape, w.dtype)
    doubled = jax.jit(lambda x: jax.pure_callback(lambda y: np.asarray(y) * 2, like, x))(w)
    jax.jit(lambda x: jax.debug.callback(lambda y: seen.append(str(y)), x.sum()))(w)
    jax.effects_barrier()
    return doubled, "".join(seen)


def prints(x: Any) -> Any:
    print("a line of Python's")  # noqa: T201
    jax.debug.print("a line of JAX's: {x}", x=x)
    jax.effects_barrier()
    return x


@_described
def warns(w: Any) -> Any:
    return jnp.cumsum(w, dtype=np.float64), jax.jit(lambda a: a * 2, donate_argnums=0)(w[:, :1])


@_described
def warns_of_ranks(w: Any) -> Any:
    with jax.numpy_rank_promotion("warn"):
        return w + jnp.ones(4)


def raises(x: Any) -> Any:
    return jnp.ones((2, 3)) @ jnp.ones((2, 3))


@_described
def mistakes(w: Any) -> Any:
    def said(call: Callable[[], Any]) -> str:
        try:
            return f"{call()}"
        except Exception as error:
            return f"{type(error).__name__}: {error}"

    return [
        said(lambda: jax.jit(lambda x: 1 if x else 0)(w[0, 0])),
        said(lambda: jax.jit(float)(w)),
        said(lambda: jnp.reshape(w, (5,))),
        said(lambda: jnp.asarray(["a"])),
        said(lambda: lax.dot(w, w)),
    ]


@_described
def checks(w: Any) -> Any:
    with jax.enable_checks(True):
        checked = jax.jit(lambda a: jnp.sin(a) + 1)(w)
    with jax.debug_nans(True):
        return checked, jnp.log(w)


@_described
def wide_types(w: Any) -> Any:
    with jax.enable_x64(True):
        return jnp.asarray(_MATRIX, jnp.float64) @ jnp.ones(3), jnp.arange(3)


@_described
def precision(w: Any) -> Any:
    with jax.default_matmul_precision("bfloat16"):
        low = w @ w.T
    return low, w @ w.T, (w.astype(jnp.bfloat16) @ w.T.astype(jnp.bfloat16)), w.astype(jnp.float16) + 1


@_described
def optimisation(w: Any) -> Any:
    jax.config.update("jax_disable_most_optimizations", True)
    try:
        slow = jax.jit(lambda a: jax.nn.softmax(a * 3.0) / 7.0)(w)
    finally:
        jax.config.update("jax_disable_most_optimizations", False)
    return slow, jax.jit(lambda a: jax.nn.softmax(a * 3.0) / 7.0)(w)


@_described
def logs_of_compiling(w: Any) -> Any:
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("jax")
    logger.addHandler(handler)
    try:
        with jax.log_compiles():
            jax.jit(lambda a: jnp.cos(a) * 5)(w)
    finally:
        logger.removeHandler(handler)
    return [re.sub(r"[0-9.e-]+ sec", "", line) for line in lines]


@_described
def texts(w: Any) -> Any:
    def scaled(a: Any) -> Any:
        return jnp.exp(a) * 2.5

    jax.jit(scaled)(w)
    lowered = jax.jit(scaled).lower(w)
    compiled = lowered.compile()
    names = re.findall(r'op_name="[^"]*"', compiled.as_text() or "")
    return lowered.as_text(), sorted(set(names)), compiled(w), str(jax.make_jaxpr(scaled)(w))


@_described
def primitives_of_ones_own(w: Any) -> Any:
    mine = Primitive("neg")
    mine.def_abstract_eval(lambda a: a)
    mlir.register_lowering(mine, mlir.lower_fun(lambda a: a * 11, multiple_results=False))
    return jax.jit(lambda a: mine.bind(a))(w), jax.jit(lax.neg)(w)


@_described
def in_threads(w: Any) -> Any:
    given: list[Any] = [None] * 3

    def run(index: int) -> None:
        given[index] = jax.jit(lambda a: jnp.sinh(a) + index)(w)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return given


@_described
def odd_arrays(w: Any) -> Any:
    return jnp.zeros((0, 3)).sum(0), jnp.asarray(2), 2 * jnp.asarray(1j), w > 0, jnp.int8(3) + w.astype(int)


@_described
def put_somewhere(w: Any) -> Any:
    put = jax.device_put(w, jax.devices()[0])
    return put + 1.0, str((put + 1.0).committed), str((w + 1.0).committed), jnp.asarray(w) is w


class _Model(nnx.Module):
    def __init__(self, rngs: nnx.Rngs) -> None:
        self.parts = nnx.List(
            [
                nnx.MultiHeadAttention(2, 4, rngs=rngs, decode=False, kernel_init=_ONES),
                nnx.BatchNorm(4, rngs=rngs),
                nnx.Dropout(0.5, rngs=rngs),
                nnx.Conv(4, 2, (3,), rngs=rngs, kernel_init=_ONES),
            ]
        )

    def __call__(self, x: Any) -> Any:
        return [part(x) for part in self.parts]


@_described
def modules(w: Any) -> Any:
    model = nnx.jit(lambda: _Model(nnx.Rngs(0, dropout=1)))()
    cell = nnx.LSTMCell(4, 5, rngs=nnx.Rngs(0), kernel_init=_ONES, recurrent_kernel_init=_ONES)
    return (
        nnx.Linear(4, 2, rngs=nnx.Rngs(0))(w),
        nnx.jit(lambda m, x: m(x))(model, w[None]),
        nnx.jit(lambda m, x: m((jnp.zeros((3, 5)), jnp.zeros((3, 5))), x))(cell, w),
    )


@_described
def training(w: Any) -> Any:
    model = nnx.Linear(4, 2, rngs=nnx.Rngs(0))
    optimizer = nnx.Optimizer(model, optax.adamw(0.1), wrt=nnx.Param)

    @nnx.jit
    def step(model: nnx.Linear, optimizer: Any) -> Any:
        loss, gradients = nnx.value_and_grad(lambda m: (m(w) ** 2).mean())(model)
        optimizer.update(model, gradients)
        return loss

    return [step(model, optimizer) for _ in range(2)], model.kernel[...], str(nnx.graphdef(model))


class _Holds(nnx.Module):
    def __init__(self, **held: Any) -> None:
        for name, value in held.items():
            setattr(self, name, value)


@dataclasses.dataclass(frozen=True)
class _Own:
    number: float


class _Proxy:
    """Says that it is of another class than it is."""

    __class__: Any = property(lambda self: self.kind)

    def __init__(self, kind: type) -> None:
        self.kind = kind


@_described
def attributes(w: Any) -> Any:
    def said(*values: Any) -> list[str]:
        found = []
        for value in values:
            try:
                module: Any = _Holds(it=value)
                found.append(f"{vars(module)['_pytree__nodes']} {nnx.is_data(value)}")
                module.it = 1
                found.append(str(vars(module)["_pytree__nodes"]))
            except Exception as error:
                found.append(f"{type(error).__name__}: {error}")
        return found

    plain = (1, 2.5, "a", None, len, w, np.ones(2), nnx.Param(w), nnx.Rngs(0), _Own(1.0), lambda: 0, float)
    held = [w], {"a": w}, (1, w), [1, 2], nnx.List([w]), nnx.data(1), nnx.static(2), nnx.Linear
    proxies = _Proxy(int), _Proxy(type(w)), _Proxy(int)
    before = said(*plain, *held, *proxies, jax.new_ref(w), jax.random.key(0))
    nnx.register_data_type(_Own)
    nnx.register_data_type(float)
    return before, said(_Own(1.0), 2.5, 1, nnx.static(2.5))
