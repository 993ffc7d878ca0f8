"""What is timed to learn how fast a machine is: programs to compile, and work as a submission does it."""

ROUNDS = 5

REVISION = 1
"""Counted up when the work changes, and with it what `measure.py` has for the machine of reference."""

CODE = '''
import time

import jax
import jax.numpy as jnp
import numpy as np

ROUNDS = 5
WIDTH = 24


def network(number):
    """Another program for each number, as long as the others."""

    def forward(x, w):
        h = jax.nn.gelu(x @ w + number)
        h = (h - h.mean(-1, keepdims=True)) / jnp.sqrt(h.var(-1, keepdims=True) + 1e-6)
        return x + jax.nn.softmax(h @ h.T, axis=-1) @ h

    return forward


def timed(work):
    start = time.process_time()
    work()
    return time.process_time() - start


def compiling(number, x):
    traced = jax.jit(network(number)).trace(x, x)
    return timed(lambda: traced.lower().compile())


def computing(number, x):
    numbers = np.asarray(x)

    def work():
        for _ in range(16):
            jax.make_jaxpr(network(number))(x, x)
        y = x
        for _ in range(800):
            y = jnp.tanh(y @ x)
        y.block_until_ready()
        for _ in range(800):
            numbers @ numbers
        sum(divmod(turn, 7)[1] for turn in range(120_000))

    return timed(work)


def measure():
    x = jnp.ones((WIDTH, WIDTH)) / WIDTH
    jnp.tanh(x @ x).block_until_ready()
    return [[work(number, x) for number in range(ROUNDS)] for work in (compiling, computing)]
'''
