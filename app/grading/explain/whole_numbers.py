"""Floats where a size, a count or a seed belongs."""

import re

from app.grading.explain.rule import Asked, Rule, rule

_ARRIVES = "Every number arrives as a float"
_NAMED = re.compile(r"\b(range|zeros|ones|Rngs|key|PRNGKey|arange)\(\s{0,4}([^\W\d]\w{0,40})\s{0,4}\)")
_DIVIDED = re.compile(r"[^/]/[^/]")


def _cast(asked: Asked) -> str:
    """Say how to write it, with the learner's own names where the line has them."""
    if found := _NAMED.search(asked.line):
        return f"{_ARRIVES}: write `{found[1]}(int({found[2]}))`."
    if _DIVIDED.search(asked.line):
        return (
            f"{_ARRIVES}, and `/` makes one even of whole numbers: write `int(d_model)`, and `//` to divide."
        )
    return f"{_ARRIVES}: write `int(d_model)`, and so for every size, count and seed."


def _shape(asked: Asked) -> str:
    inside = asked[1]
    if "Tracer" in inside:
        return (
            "A shape must be known before the program is compiled, and this one depends on an argument of "
            "the compiled function. Name that argument in `static_argnums`, or keep the size out of "
            "`jax.jit`."
        )
    if "." in inside:
        plain = inside.replace("np.float64(", "").replace("np.float32(", "").replace(")", "").rstrip(", ")
        comma = "" if "," in plain else ","
        return f"The shape `({plain}{comma})` has a float in it. {_cast(asked)}"
    return "A shape is a tuple of whole numbers."


RULES: tuple[Rule, ...] = (
    rule(
        "TypeError",
        r"Shapes must be 1D sequences of concrete values of integer type, got "
        r"[(\[]([^\n]{0,300}?),?[)\]](?:\.|$)",
        _shape,
    ),
    rule(
        "TypeError",
        r"'(?:numpy\.)?float(?:32|64)?' object cannot be interpreted as an integer",
        lambda a: f"A whole number is needed here, and this is a float. {_cast(a)}",
    ),
    rule(
        "TypeError",
        r"expected a sequence of integers or a single integer, got '",
        lambda a: f"A shape is made of whole numbers, and this is a float. {_cast(a)}",
    ),
    rule(
        "TypeError",
        r"Indexer must have integer or boolean type, got indexer with type (\w{1,20})",
        lambda a: f"An index must be a whole number, and this one is {a[1]}. {_cast(a)}",
    ),
    rule(
        "TypeError",
        r"can't multiply sequence by non-int of type 'float'",
        lambda a: f"A list can be repeated a whole number of times only. {_cast(a)}",
    ),
    rule(
        "TypeError",
        r"(?:list|tuple) indices must be integers or slices, not float",
        lambda a: f"An index must be a whole number, and this is a float. {_cast(a)}",
    ),
    rule(
        "TypeError",
        r"slice indices must be integers or None",
        lambda a: f"The ends of a slice must be whole numbers. {_cast(a)}",
    ),
    rule(
        "TypeError",
        r"broadcast_in_dim shape must have every element be an integer type",
        lambda a: f"A count or a size here is a float. {_cast(a)}",
    ),
    rule(
        "TypeError",
        r"`pad_width` must be of integral type",
        lambda a: f"The width of a padding is a whole number. {_cast(a)}",
    ),
    rule(
        "ValueError",
        r"Invalid rng value: -?\d{1,30}\.\d{0,30}, expected a jax\.Array",
        lambda _: f"The seed of `nnx.Rngs` is a whole number. {_ARRIVES}: write `nnx.Rngs(int(seed))`.",
    ),
    rule(
        "ValueError",
        r"Invalid rng value: ",
        "`nnx.Rngs` takes a whole number as its seed, or a key of `jax.random.key`.",
    ),
    rule(
        "TypeError",
        r"PRNG key seed must be an integer",
        lambda _: f"The seed of a key is a whole number. {_ARRIVES}: write `jax.random.key(int(seed))`.",
    ),
    rule(
        "ValueError",
        r"Input type must be an integer or unsigned integer",
        "`nnx.Embed` looks rows up by their numbers, so its input must be of an integer dtype: convert it "
        "with `.astype(jnp.int32)`.",
    ),
    rule(
        "ValueError",
        r"indices must have an integer type",
        "What picks entries out of an array must be of an integer dtype: convert it with "
        "`.astype(jnp.int32)`.",
    ),
    rule(
        "TypeError",
        r"'float' object is not iterable",
        lambda a: f"A float stands where a whole number, or a tuple of them, is needed. {_cast(a)}",
    ),
    rule(
        "TypeError",
        r"grad requires real- or complex-valued inputs .{0,120}but got (\w{1,20})",
        lambda a: f"A gradient is taken by floats, and this argument is {a[1]}: convert it to float32 first.",
    ),
)
