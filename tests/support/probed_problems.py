"""Problems as small as they can be, each with the probes of one kind."""

from app.catalog.problem_folder import read_problem
from app.core.problem import Problem

_HEAD = """
id = "0d0b1a0e-4f0a-4c2e-9b0e-6a2f3c1f7a11"
slug = "probed"
position = 1
title = "Probed"
track = "toys"
summary = "Scale, squash and shift."

[entry]
function = "squash"
parameters = {parameters}
"""
_MODULE = """
[module]
name = "Squash"
inputs = {inputs}
words = {{ shift = "one number for each column" }}
"""
_CASE = """
[[cases]]
name = "{name}"
visibility = "{visibility}"
fresh = {fresh}
[cases.arguments]
seed = {{ generator = "seed", seed = {seed} }}
x = {{ generator = "normal", shape = {shape}, seed = {seed}0 }}
"""

WITH_MODULE = """
import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx


class Squash(nnx.Module):
    def __init__(self, rngs):
        self.scale = nnx.Param(nnx.initializers.normal(1.0)(rngs.params(), (3,)))
        self.shift = nnx.Param(jnp.zeros((3,)))

    def __call__(self, x):
        return jnp.tanh(x * self.scale[...]) + self.shift[...]


def squash(seed, x):
    return Squash(nnx.Rngs(int(seed)))(x)
"""

WITHOUT_MODULE = """
import jax
import jax.numpy as jnp
import numpy as np


def squash(seed, x):
    return jnp.tanh(x) * (seed + 1.0)
"""

GRADIENT = '[[probes]]\nkind = "gradient"\nname = "gradient"\ncase = "short"\nseed = 3\nvisibility = "{}"\n'
TRANSFORMS = '[[probes]]\nkind = "transforms"\nname = "transforms"\ncase = "short"\nvisibility = "{}"\n'
DETERMINISM = '[[probes]]\nkind = "determinism"\nname = "determinism"\ncase = "short"\n'
CHECKPOINT = '[[probes]]\nkind = "checkpoint"\nname = "checkpoint"\ncase = "short"\nseed = 4\n'
PARAMETERS = '[[probes]]\nkind = "parameters"\nname = "parameters"\ncase = "short"\n'


def case(
    name: str, *, seed: int, visibility: str = "sample", shape: tuple[int, ...] = (2, 3), fresh: int = 0
) -> str:
    """One more case of a problem, as text."""
    return _CASE.format(name=name, seed=seed, visibility=visibility, shape=list(shape), fresh=fresh)


def probed(
    probes: str,
    *,
    module: bool = True,
    inputs: tuple[str, ...] = ("x",),
    cases: str | None = None,
    reference: str | None = None,
) -> Problem:
    """`squash(seed, x)` with these probes, on the case `short` and others."""
    head = _HEAD.format(parameters='["seed", "x"]')
    about_module = _MODULE.format(inputs=list(inputs)) if module else ""
    listed = case("short", seed=1) if cases is None else cases
    return read_problem(
        {
            "problem.toml": (head + about_module + listed + probes).encode(),
            "statement.md": b"# Probed\n\nScale it.\n",
            "starter.py": b"def squash(seed, x):\n    ...\n",
            "reference/reference.py": (reference or (WITH_MODULE if module else WITHOUT_MODULE)).encode(),
        }
    )


_ACCURACY = """
id = "0d0b1a0e-4f0a-4c2e-9b0e-6a2f3c1f7a12"
slug = "counted"
position = 1
title = "Counted"
track = "toys"
summary = "Say which number is largest."

[entry]
function = "classify"
parameters = ["x"]
output_dtype = "int32"

[[cases]]
name = "rows"
visibility = "{visibility}"
arguments.x = {{ generator = "arange", shape = [10, 2] }}

[[cases]]
name = "other"
visibility = "sample"
arguments.x = {{ generator = "arange", shape = [4, 2] }}

[[probes]]
kind = "accuracy"
name = "accuracy"
case = "rows"
labels = {{ generator = "arange", shape = [10], dtype = "int32" }}
part = 0.5
full = 0.9
points = 4
visibility = "{visibility}"
"""


def counted(visibility: str) -> Problem:
    """Ten examples whose labels are 0 to 9, with points from half of them on; the reference knows them."""
    return read_problem(
        {
            "problem.toml": _ACCURACY.format(visibility=visibility).encode(),
            "statement.md": b"# Counted\n\nCount.\n",
            "starter.py": b"def classify(x):\n    ...\n",
            "reference/reference.py": b"import jax.numpy as jnp\n\ndef classify(x):\n"
            b"    return jnp.arange(x.shape[0])\n",
        }
    )
