"""Calls of what JAX and Flax offer on a CPU, for tests that make them in more than one way."""

CALLS = """
import functools
import jax, jax.numpy as jnp, numpy as np, optax
import jax.scipy.linalg as jsl
from flax import nnx
from jax import lax

square = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.25], [0.5, 0.25, 2.0]], np.float32)
skew = square + np.triu(np.full((3, 3), 0.5, np.float32), 1)
wide = np.linspace(-2, 2, 12, dtype=np.float32).reshape(3, 4)
right = np.array([1.0, 2.0, 3.0], np.float32)

def linear_algebra():
    a, s, w, b = map(jnp.asarray, (square, skew, wide, right))
    la = jnp.linalg
    for f in (la.cholesky, la.qr, la.svd, la.eigh, la.eig, la.inv, la.pinv, la.det, la.slogdet, la.eigvals,
              la.eigvalsh, la.svdvals, la.matrix_rank, la.cond, la.norm):
        yield f.__name__, lambda f=f: f(a)
    yield "solve", lambda: la.solve(a, b)
    yield "lstsq", lambda: la.lstsq(w.T, jnp.ones(4))
    yield "matrix_power", lambda: la.matrix_power(a, -2)
    yield "complex svd", lambda: la.svd(a + 1j * s)
    yield "batched qr", lambda: la.qr(jnp.stack([w, 2 * w]))
    yield "vmapped inv", lambda: jax.vmap(la.inv)(jnp.stack([a, s]))
    yield "grad of logdet", lambda: jax.grad(lambda m: la.slogdet(m)[1])(a)
    yield "jitted solve", lambda: jax.jit(la.solve)(s, b)
    yield "lu", lambda: lax.linalg.lu(s)
    yield "triangular_solve", lambda: lax.linalg.triangular_solve(a, b[:, None], left_side=True, lower=True)
    yield "householder_product", lambda: lax.linalg.householder_product(w.T, b)
    yield "hessenberg", lambda: lax.linalg.hessenberg(s)
    yield "schur", lambda: lax.linalg.schur(s)
    yield "tridiagonal", lambda: lax.linalg.tridiagonal(a)
    yield "tridiagonal_solve", lambda: lax.linalg.tridiagonal_solve(b, 4 * b, b, b[:, None])
    yield "symmetric_product", lambda: lax.linalg.symmetric_product(w, jnp.zeros((3, 3)))
    yield "qdwh", lambda: lax.linalg.qdwh(s)
    yield "expm", lambda: jsl.expm(a / 8)
    yield "cho_solve", lambda: jsl.cho_solve(jsl.cho_factor(a), b)
    yield "sqrtm", lambda: jsl.sqrtm(a)
    yield "float64 cholesky", in_float64

def in_float64():
    with jax.enable_x64(True):
        return jnp.linalg.cholesky(jnp.asarray(square, jnp.float64))

def transforms_and_order():
    w = jnp.asarray(wide)
    for name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft", "fft2", "rfft2", "fftn", "irfftn"):
        yield name, lambda f=getattr(jnp.fft, name): f(w)
    yield "sort", lambda: jnp.sort(w, axis=0)
    yield "argsort", lambda: jnp.argsort(-w, axis=1)
    yield "lexsort", lambda: jnp.lexsort((w[0], w[1]))
    yield "sort by key", lambda: lax.sort((w, -w), num_keys=1)
    yield "top_k", lambda: lax.top_k(w, 2)
    yield "approx_max_k", lambda: lax.approx_max_k(w, 2)
    yield "unique", lambda: jnp.unique(jnp.asarray([3, 1, 3, 2]), return_counts=True)
    yield "segment_sum", lambda: jax.ops.segment_sum(w, jnp.asarray([0, 1, 0]), 2)
    yield "median", lambda: jnp.median(w, axis=1)
    yield "quantile", lambda: jnp.quantile(w, 0.3)
    yield "searchsorted", lambda: jnp.searchsorted(jnp.arange(5.0), w)
    yield "histogram", lambda: jnp.histogram(w, bins=3)
    yield "convolve", lambda: jnp.convolve(w[0], w[1])
    yield "cumulative", lambda: (jnp.cumsum(w, 0), lax.cummax(w, 0), lax.cumlogsumexp(w, 1))
    yield "special", lambda: (lax.lgamma(w**2), lax.erf_inv(w / 3), lax.igamma(w**2, w**2))
    yield "bits", lambda: (lax.population_count(jnp.arange(5)), lax.clz(jnp.arange(5)), w.view(jnp.int32))
    yield "bfloat16", lambda: w.astype(jnp.bfloat16) @ w.T.astype(jnp.bfloat16)
    yield "float16", lambda: w.astype(jnp.float16) + 1
    yield "empty", lambda: jnp.zeros((0, 3)).sum(0)
    yield "windows", lambda: lax.reduce_window(w, -jnp.inf, lax.max, (2, 2), (1, 1), "VALID")
    yield "scatter", lambda: (w.at[1].add(1), w.at[:, 0].set(0), w.at[0].max(1))

def random_numbers():
    r, key = jax.random, jax.random.key(3)
    shape = (3, 2)
    for name in ("normal", "uniform", "bits", "cauchy", "exponential", "gumbel", "laplace", "logistic",
                 "rademacher", "maxwell"):
        yield name, lambda f=getattr(r, name): f(key, shape)
    yield "rayleigh", lambda: r.rayleigh(key, 1.0, shape)
    yield "bernoulli", lambda: r.bernoulli(key, 0.3, shape)
    yield "beta", lambda: r.beta(key, 1.5, 2.0, shape)
    yield "binomial", lambda: r.binomial(key, 7, 0.4, shape)
    yield "categorical", lambda: r.categorical(key, jnp.asarray(wide))
    yield "choice", lambda: r.choice(key, 5, (3,), replace=False)
    yield "dirichlet", lambda: r.dirichlet(key, jnp.ones(3), (2,))
    yield "gamma", lambda: r.gamma(key, 2.0, shape)
    yield "multinomial", lambda: r.multinomial(key, 5, jnp.ones(3) / 3)
    yield "multivariate_normal", lambda: r.multivariate_normal(key, jnp.ones(3), jnp.asarray(square))
    yield "orthogonal", lambda: r.orthogonal(key, 3)
    yield "permutation", lambda: r.permutation(key, 7)
    yield "poisson", lambda: r.poisson(key, 3.0, shape)
    yield "randint", lambda: r.randint(key, shape, 0, 9)
    yield "t", lambda: r.t(key, 3.0, shape)
    yield "truncated_normal", lambda: r.truncated_normal(key, -1, 1, shape)
    yield "wald", lambda: r.wald(key, 1.0, shape)
    yield "ball", lambda: r.ball(key, 3)
    yield "old key", lambda: r.normal(r.PRNGKey(3), shape)
    for impl in ("rbg", "unsafe_rbg", "threefry2x32"):
        yield impl, lambda impl=impl: (r.normal(r.key(1, impl=impl), shape), r.split(r.key(2, impl=impl)))
    yield "folded", lambda: r.key_data(r.fold_in(key, 9))

def modules():
    rngs = lambda: nnx.Rngs(0, dropout=1)
    w = jnp.asarray(wide)
    init = nnx.initializers
    for name in ("orthogonal", "delta_orthogonal", "lecun_normal", "xavier_uniform", "truncated_normal"):
        shape = (3, 4, 5) if name == "delta_orthogonal" else (4, 5)
        yield name + " initialiser", lambda f=getattr(init, name), s=shape: f()(jax.random.key(2), s)
    yield "lstm", lambda: nnx.RNN(nnx.OptimizedLSTMCell(4, 5, rngs=rngs()), rngs=rngs())(w[None])
    yield "plain lstm", lambda: nnx.LSTMCell(4, 5, rngs=rngs())((jnp.zeros((3, 5)), jnp.zeros((3, 5))), w)
    yield "gru", lambda: nnx.GRUCell(4, 5, rngs=rngs())(jnp.zeros((3, 5)), w)
    yield "batch norm", lambda: nnx.BatchNorm(4, rngs=rngs())(w)
    yield "dropout", lambda: nnx.Dropout(0.5, rngs=rngs())(w)
    yield "attention", lambda: nnx.MultiHeadAttention(2, 4, rngs=rngs(), decode=False)(w[None])
    yield "convolution", lambda: nnx.Conv(4, 2, (3,), rngs=rngs())(w[None])
    yield "transposed convolution", lambda: nnx.ConvTranspose(4, 2, (3,), rngs=rngs())(w[None])
    yield "embedding", lambda: nnx.Embed(5, 3, rngs=rngs())(jnp.asarray([1, 4]))
    yield "training", train

def train():
    model = nnx.Linear(4, 2, rngs=nnx.Rngs(0))
    optimizer = nnx.Optimizer(model, optax.adamw(optax.cosine_decay_schedule(0.1, 5)), wrt=nnx.Param)

    @nnx.jit
    def step(model, optimizer, x):
        loss, gradients = nnx.value_and_grad(lambda m: (m(x) ** 2).mean())(model)
        optimizer.update(model, gradients)
        return loss

    return [step(model, optimizer, jnp.asarray(wide)) for _ in range(3)], model.kernel[...]

def control_flow():
    w = jnp.asarray(wide)
    yield "scan", lambda: lax.scan(lambda c, x: (c + x, c * x), jnp.zeros(4), w)
    yield "while", lambda: lax.while_loop(lambda c: c[0] < 5, lambda c: (c[0] + 1, c[1] * 1.5), (0, w))
    yield "fori", lambda: lax.fori_loop(0, 3, lambda i, c: c * 2 + i, w)
    yield "cond", lambda: lax.cond(w.sum() > 9, jnp.sin, jnp.cos, w)
    yield "switch", lambda: lax.switch(2, [jnp.sin, jnp.cos, jnp.tan], w)
    yield "associative_scan", lambda: lax.associative_scan(jnp.add, w)
    yield "hessian", lambda: jax.hessian(lambda x: (x**3).sum())(w[0])
    yield "jvp", lambda: jax.jvp(jnp.tanh, (w,), (w,))
    yield "custom derivative", lambda: jax.grad(lambda x: clipped(x).sum())(w)
    yield "checkpoint", lambda: jax.grad(jax.checkpoint(lambda x: jnp.sin(jnp.sin(x)).sum()))(w)
    like = jax.ShapeDtypeStruct(w.shape, w.dtype)
    yield "pure callback", lambda: jax.pure_callback(lambda x: np.asarray(x) * 2, like, w)
    yield "jitted callback", lambda: jax.jit(
        lambda x: jax.pure_callback(lambda x: np.asarray(x) + 1, like, x))(w)
    yield "einsum", lambda: jnp.einsum("ij,kj->ik", w, w)
    yield "linearised", lambda: jax.linear_transpose(lambda x: x @ w, jnp.ones((2, 3)))(jnp.ones((2, 4)))
    yield "custom root", lambda: lax.custom_root(
        lambda x: x**2 - 2.0, 1.0, lambda f, x: x - f(x) / 3.0, lambda g, y: y / g(1.0))
    yield "vmap of cond", lambda: jax.vmap(lambda x: lax.cond(x.sum() > 0, jnp.sin, jnp.cos, x))(w)

@jax.custom_vjp
def clipped(x):
    return x * 3

clipped.defvjp(lambda x: (x * 3, x), lambda x, g: (jnp.clip(g, -0.5, 0.5) * x,))

def in_words(value):
    arrays = [jax.random.key_data(a) if jnp.issubdtype(a.dtype, jax.dtypes.prng_key) else a
              for a in map(jnp.asarray, jax.tree.leaves(value))]
    return " ".join(f"{a.dtype}{a.shape}{a.weak_type}{np.asarray(a).tobytes().hex()}" for a in arrays)

def outcome(name, call):
    try:
        return f"{name}: {in_words(call())}"
    except Exception as error:
        return f"{name}: {type(error).__name__}: {error}".replace(chr(10), " ")

def said(calls):
    text = chr(10).join(outcome(name, call) for name, call in calls())
    return jnp.asarray(np.frombuffer(text.encode(), np.uint8))

def of_linear_algebra(x):
    return said(linear_algebra)

def of_transforms_and_order(x):
    return said(transforms_and_order)

def of_random_numbers(x):
    return said(random_numbers)

def of_modules(x):
    return said(modules)

def of_control_flow(x):
    return said(control_flow)
"""
NAMES = ("of_linear_algebra", "of_transforms_and_order", "of_random_numbers", "of_modules", "of_control_flow")
