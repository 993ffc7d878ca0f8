"""The files that a new problem begins with: few, and proven as they stand."""

import json
import keyword
from uuid import uuid4

import msgspec

_TAKEN_BY_IMPORTS = frozenset({"jax", "jnp", "nnx"})


class NewProblem(msgspec.Struct, frozen=True, kw_only=True):
    """What its author has chosen of a problem that is to be begun."""

    slug: str
    position: int
    title: str
    track: str
    has_module: bool
    """Learners write an `nnx.Module` and not only a function."""

    @property
    def folder(self) -> str:
        return f"{self.position}-{self.slug}"

    @property
    def function(self) -> str:
        """The entry's name, from the slug: a Python name that hides nothing which the code needs."""
        name = self.slug.replace("-", "_")
        is_free = name.isidentifier() and not keyword.iskeyword(name) and name not in _TAKEN_BY_IMPORTS
        return name if is_free else f"solve_{name}"

    @property
    def module(self) -> str:
        """The class's name, from the slug."""
        name = "".join(word.capitalize() for word in self.slug.split("-"))
        is_free = name.isidentifier() and not keyword.iskeyword(name)
        return name if is_free else f"Module{name}"


def scaffold(new: NewProblem, *, schema: str) -> dict[str, str]:
    """Return the texts of a problem that is proven, by their paths in its package.

    `schema` is the address of the schema of `problem.toml`, as seen from there.
    """
    texts = _MODULE if new.has_module else _FUNCTION
    values = {
        "@schema@": schema,
        "@id@": str(uuid4()),
        "@slug@": new.slug,
        "@position@": str(new.position),
        "@title@": new.title,
        "@toml_title@": _toml(new.title),
        "@toml_track@": _toml(new.track),
        "@function@": new.function,
        "@Module@": new.module,
    }
    return {path: _filled(text.lstrip("\n"), values) for path, text in texts.items()}


def _filled(text: str, values: dict[str, str]) -> str:
    """Put in the values in one pass, so that a title which looks like one of the marks stays a title."""
    parts = text.split("@")
    for index in range(1, len(parts), 2):
        parts[index] = values[f"@{parts[index]}@"]
    return "".join(parts)


def _toml(text: str) -> str:
    """Write a text of printable characters as TOML does; its escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False)


_HEAD = """
#:schema @schema@
# Every key is explained in Jaxercise's docs/reference/problem.md.
id = "@id@"  # For ever: submissions belong to it.
slug = "@slug@"
position = @position@
title = @toml_title@
track = @toml_track@
"""

_FUNCTION_MANIFEST = f"""{_HEAD}summary = "Multiply by the sigmoid, and never exceed six."

[entry]
function = "@function@"
parameters = ["x"]

# A sample is run by Run and shown with its values. `fresh = 1` draws one more for each submission.
[[cases]]
name = "row"
visibility = "sample"
fresh = 1
arguments = {{ x = {{ generator = "normal", shape = [16], seed = 1, std = 12.0 }} }}

[[cases]]
name = "matrix"
visibility = "hidden"
fresh = 1
arguments = {{ x = {{ generator = "normal", shape = [8, 6], seed = 2, std = 12.0 }} }}

# variants/forgets_the_clip.py: what it must end with, and which cases must catch it.
[variants.forgets_the_clip]
outcome = "wrong_value"
fails = ["row", "matrix"]
"""

_FUNCTION = {
    "problem.toml": _FUNCTION_MANIFEST,
    "statement.md": r"""
# @title@

Multiply each number by its own sigmoid, and let nothing exceed six:

$$y = \min(x \cdot \sigma(x),\ 6)$$

## The task

Write `@function@(x)`. It takes an array of any shape, and returns one of the same shape and dtype `float32`.

:::hint Where to begin
$\sigma$ is `jax.nn.sigmoid`, and `jnp.minimum` takes a number for its second argument.
:::

:::recap
A clip behind an activation keeps its outputs in a range that few bits can hold.
:::
""",
    "starter.py": '''
import jax
import jax.numpy as jnp


def @function@(x):
    """Return x times its sigmoid, at most six."""
    raise NotImplementedError
''',
    "variants/forgets_the_clip.py": '''
"""Your numbers grow without bound: nothing may exceed six."""

import jax


def @function@(x):
    return x * jax.nn.sigmoid(x)
''',
    "reference/reference.py": '''
"""The clip comes last: where x is clipped first, six is never reached."""

import jax
import jax.numpy as jnp


def @function@(x):
    return jnp.minimum(x * jax.nn.sigmoid(x), 6.0)
''',
    "reference/also_right/library.py": '''
"""The library's own swish."""

import jax
import jax.numpy as jnp


def @function@(x):
    return jnp.minimum(jax.nn.swish(x), 6.0)
''',
}

_MODULE_MANIFEST = f"""{_HEAD}summary = "Let a part of each number through a learned gate."

[entry]
function = "@function@"
parameters = ["seed", "x"]

# The class that the statement names: probes look into it.
[module]
name = "@Module@"
inputs = ["x"]

# A sample is run by Run and shown with its values. `fresh = 1` draws one more for each submission.
[[cases]]
name = "row"
visibility = "sample"
fresh = 1
[cases.arguments]
seed = {{ generator = "seed", seed = 4 }}
x = {{ generator = "normal", shape = [6], seed = 2, std = 2.0 }}

[[probes]]
kind = "parameters"
name = "parameters"
case = "row"

# Every parameter is replaced, so that nothing depends on what it begins with.
[[probes]]
kind = "checkpoint"
name = "checkpoint"
case = "row"
seed = 9

# variants/forgets_the_sigmoid.py: what it must end with, and which cases and probes must catch it.
[variants.forgets_the_sigmoid]
outcome = "wrong_value"
fails = ["row", "checkpoint"]
"""

_MODULE_HEAD = """
import jax
from flax import nnx


class @Module@(nnx.Module):
    def __init__(self, *, rngs):
        self.weight = nnx.Param(nnx.initializers.normal(1.0)(rngs.params(), (6,)))

    def __call__(self, x):
        return {answer}


def @function@(seed, x):
    return @Module@(rngs=nnx.Rngs(int(seed)))(x)
"""

_MODULE = {
    "problem.toml": _MODULE_MANIFEST,
    "statement.md": r"""
# @title@

Let a part of each number through a gate that is learned:

$$y = x \cdot \sigma(x \cdot w)$$

## The task

Write the module `@Module@`. Its one parameter, `weight`, has the shape `(6,)`, and begins with
`nnx.initializers.normal(1.0)`, drawn with one key of `rngs.params()`. Called with `x` of shape `(6,)`, it
returns $y$ of the same shape.

Then `@function@(seed, x)` builds it with `nnx.Rngs(int(seed))` and calls it with `x`.

:::hint Where to begin
A parameter is an `nnx.Param`; in an expression it is the array that it holds.
:::

:::recap
The gate looks at the number that it lets through, as in the swish, whose weight is one.
:::
""",
    "starter.py": """
import jax
from flax import nnx


class @Module@(nnx.Module):
    def __init__(self, *, rngs: nnx.Rngs):
        raise NotImplementedError

    def __call__(self, x):
        raise NotImplementedError


def @function@(seed, x):
    return @Module@(rngs=nnx.Rngs(int(seed)))(x)
""",
    "variants/forgets_the_sigmoid.py": (
        '"""The gate lets everything through, times its weight: the sigmoid is missing."""\n'
        + _MODULE_HEAD.format(answer="x * (x * self.weight)").replace("import jax\n", "", 1)
    ),
    "reference/reference.py": (
        '"""The gate looks at the number that it lets through."""\n'
        + _MODULE_HEAD.format(answer="x * jax.nn.sigmoid(x * self.weight)")
    ),
    "reference/also_right/gate_first.py": (
        '"""The same product, from the other side."""\n'
        + _MODULE_HEAD.format(answer="jax.nn.sigmoid(self.weight * x) * x")
    ),
}
