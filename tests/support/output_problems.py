"""Problems whose answer is one array of any dtype, or several; graded in no time."""

import hashlib

import msgspec

from app.catalog.problem_folder import read_problem
from app.core.problem import Entry, Problem

_MANIFEST = """
id = "{id}"
slug = "{structure}-of-outputs"
position = 2
title = "Several outputs"
track = "toys"
summary = "Return scores, their order and which are positive."

[entry]
function = "rank"
parameters = ["x"]
structure = "{structure}"

[[entry.outputs]]
name = "scores"

[[entry.outputs]]
name = "order"
dtype = "int32"

[[entry.outputs]]
name = "positive"
dtype = "bool"

[[cases]]
name = "shown"
visibility = "sample"
[cases.arguments]
x = {{ generator = "normal", shape = [4], seed = 2 }}

[[cases]]
name = "kept-back"
visibility = "hidden"
[cases.arguments]
x = {{ generator = "normal", shape = [6], seed = 3 }}

[variants.descending]
outcome = "wrong_value"
fails = ["shown", "kept-back"]
"""
_REFERENCE = '''"""{docstring}"""
import jax
import jax.numpy as jnp


def rank(x):
    scores = jax.nn.softmax(x)
    order = jnp.argsort({keys})
    return {returned}
'''
TUPLE = "(scores, order, x > 0)"
DICT = '{"scores": scores, "order": order, "positive": x > 0}'


def several_outputs(structure: str) -> Problem:
    """With `structure` "tuple" or "dict"."""
    returned = {"tuple": TUPLE, "dict": DICT}[structure]
    manifest = _MANIFEST.format(
        structure=structure, id=f"5b7a9a52-90f7-4a3a-9d3c-0c9ff1f9d0{len(returned):02x}"
    )
    texts = {
        "problem.toml": manifest,
        "statement.md": "# Several outputs\n\nReturn all.\n",
        "starter.py": "def rank(x):\n    raise NotImplementedError\n",
        "reference/reference.py": answering(returned),
        "variants/descending.py": answering(
            returned, keys="-scores", docstring="You sort the largest first."
        ),
    }
    return read_problem({name: text.encode() for name, text in texts.items()})


def answering(returned: str, *, keys: str = "scores", docstring: str = "Ranks.") -> str:
    """A solution that returns this expression of `x`, `scores` and `order`."""
    return _REFERENCE.format(returned=returned, keys=keys, docstring=docstring)


def one_output(dtype: str, returned: str) -> Problem:
    """The same function with a single array of `dtype`, which the reference makes by `returned`."""
    several = several_outputs("tuple")
    entry = Entry(function="rank", parameters=("x",), output_dtype=dtype)
    manifest = msgspec.structs.replace(several.manifest, entry=entry, variants={})
    version = hashlib.sha256(f"{dtype} {returned}".encode()).hexdigest()
    return msgspec.structs.replace(
        several, version=version, manifest=manifest, reference=answering(returned), variants={}
    )
