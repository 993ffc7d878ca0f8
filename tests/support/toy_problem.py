"""A whole problem, as small as one can be: quick to grade, with a module, probes and variants."""

from pathlib import Path

from app.catalog.problem_folder import read_problem
from app.core.problem import Problem

MANIFEST = """
id = "5b7a9a52-90f7-4a3a-9d3c-0c9ff1f9d0a1"
slug = "toy-shift"
position = 1
title = "Toy shift"
track = "toys"
summary = "Add a learned shift."

[entry]
function = "shift"
parameters = ["seed", "x"]

[module]
name = "Shift"

[limits]
wall_seconds = 30.0
idle_seconds = 2.0
cpu_seconds = 3.0
memory_mb = 256
processes = 48

[[cases]]
name = "short"
visibility = "sample"
fresh = 1
[cases.arguments]
seed = { generator = "seed", seed = 1 }
x = { generator = "normal", shape = [4], seed = 2, std = 3.0 }

[[cases]]
name = "other-seed"
visibility = "hidden"
[cases.arguments]
seed = 5
x = { generator = "uniform", shape = [4], seed = 3, low = -9.0 }

[[probes]]
kind = "parameters"
name = "parameters"
case = "short"

[[probes]]
kind = "checkpoint"
name = "checkpoint"
case = "other-seed"
seed = 9

[variants.subtracts]
outcome = "wrong_value"
fails = ["short", "other-seed", "checkpoint"]

[variants.plain_array]
outcome = "wrong_parameters"
fails = ["parameters", "checkpoint"]

[also_right.scale_first]
outcome = "creation_order"
"""

REFERENCE = '''"""Adds the shift."""
import jax.numpy as jnp
from flax import nnx


class Shift(nnx.Module):
    def __init__(self, *, rngs):
        self.shift = nnx.Param(jnp.asarray(nnx.initializers.normal(1.0)(rngs.params(), (4,))))
        self.scale = nnx.Param(jnp.asarray(nnx.initializers.normal(1.0)(rngs.params(), (4,))))

    def __call__(self, x):
        return (x + self.shift) * self.scale


def shift(seed, x):
    return Shift(rngs=nnx.Rngs(int(seed)))(x)
'''


def toy_files() -> dict[str, bytes]:
    """The package, as a folder would give it."""
    lines = REFERENCE.splitlines(keepends=True)
    first = next(index for index, line in enumerate(lines) if "self.shift = " in line)
    swapped = [*lines[:first], lines[first + 1], lines[first], *lines[first + 2 :]]
    texts = {
        "problem.toml": MANIFEST,
        "statement.md": "# Toy shift\n\nAdd a learned shift.\n",
        "starter.py": "def shift(seed, x):\n    raise NotImplementedError\n",
        "reference/reference.py": REFERENCE,
        "reference/also_right/scale_first.py": "".join(swapped),
        "variants/subtracts.py": REFERENCE.replace(
            '"""Adds the shift."""', '"""You subtract the shift."""'
        ).replace("x + self.shift", "x - self.shift"),
        "variants/plain_array.py": REFERENCE.replace(
            '"""Adds the shift."""', '"""Your shift is a plain array."""'
        ).replace(
            "nnx.Param(jnp.asarray(nnx.initializers.normal(1.0)(rngs.params(), (4,))))\n        self.scale",
            "jnp.asarray(nnx.initializers.normal(1.0)(rngs.params(), (4,)))\n        self.scale",
        ),
    }
    return {name: text.encode() for name, text in texts.items()}


def toy_problem() -> Problem:
    return read_problem(toy_files())


def write_toy_folders(root: Path) -> None:
    """The package as folders below `root`: problems/ and references/."""
    for name, data in toy_files().items():
        inside = "references" if name.startswith("reference/") else "problems"
        path = root / inside / "1-toy-shift" / name.removeprefix("reference/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
