"""A problem whose cases tell too little: some of its reference's mutants survive, each in another way."""

from app.catalog.problem_folder import read_problem
from app.core.problem import Problem

_MANIFEST = """
id = "7d6c2a0e-55f0-4f0e-9a38-52a6b3c1e7aa"
slug = "weak"
position = 1
title = "Weak"
track = "toys"
summary = "Too few cases."

[entry]
function = "weak"
parameters = ["x", "width", "v"]

[limits]
wall_seconds = 30.0
cpu_seconds = 3.0
memory_mb = 256

[[cases]]
name = "only"
visibility = "sample"
fresh = 1
[cases.arguments]
x = {{ generator = "uniform", shape = [5], seed = 2, low = 1.0, high = 2.0 }}
width = 1
v = {{ generator = "uniform", shape = [5], seed = 3, low = 0.5, high = 1.5 }}
{more}
"""
REFERENCE = '''"""Scaled."""
import jax.numpy as jnp


def last_of(count):
    return list(range(count + 1))[2]


LAST = last_of(2)


def steps_up_to(width):
    step = 0
    while step < width:
        step = step + 1
    return step


def weak(x, width, v):
    total = x.sum(axis=0)
    return total / jnp.sqrt(width) + x / jnp.sqrt(v + 1e-5) + LAST + steps_up_to(width)
'''
EVERYWHERE = "reduction_axis"
"""An array of one axis has no other one."""
ON_THESE_CASES = "root_dropped"
"""The root of one is one."""


def weak_problem(more: str = "", *, reference: str = REFERENCE) -> Problem:
    """The problem, with `more` in its `problem.toml`."""
    texts = {
        "problem.toml": _MANIFEST.format(more=more),
        "statement.md": "# Weak\n",
        "starter.py": "def weak(x, width, v):\n    raise NotImplementedError\n",
        "reference/reference.py": reference,
    }
    return read_problem({name: text.encode() for name, text in texts.items()})
