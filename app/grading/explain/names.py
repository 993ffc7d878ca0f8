"""Names that are not there: variables, attributes, imports."""

import unicodedata

from app.grading.explain.rule import NAME, Asked, Rule, rule

_CAPITALS = {
    "true": "True",
    "TRUE": "True",
    "false": "False",
    "FALSE": "False",
    "null": "None",
    "NULL": "None",
    "nil": "None",
    "none": "None",
    "NONE": "None",
    "undefined": "None",
}
MOVED = {
    "softmax": "jax.nn.softmax",
    "log_softmax": "jax.nn.log_softmax",
    "relu": "jax.nn.relu",
    "gelu": "jax.nn.gelu",
    "silu": "jax.nn.silu",
    "sigmoid": "jax.nn.sigmoid",
    "one_hot": "jax.nn.one_hot",
    "logsumexp": "jax.nn.logsumexp",
    "Dense": "nnx.Linear",
    "BatchNorm2d": "nnx.BatchNorm",
    "Conv2d": "nnx.Conv",
    "ModuleList": "nnx.List",
    "Parameter": "nnx.Param",
    "tree_map": "jax.tree.map",
    "random": "jax.random",
    "ReLU": "jax.nn.relu",
    "GELU": "jax.nn.gelu",
    "SiLU": "jax.nn.silu",
    "Sigmoid": "jax.nn.sigmoid",
    "Softmax": "jax.nn.softmax",
    "Tanh": "jnp.tanh",
    "cat": "jnp.concatenate",
    "tensor": "jnp.asarray",
    "from_numpy": "jnp.asarray",
    "randn": "jax.random.normal",
    "rand": "jax.random.uniform",
    "randint": "jax.random.randint",
    "manual_seed": "jax.random.key",
    "no_grad": "jax.lax.stop_gradient",
    "unsqueeze": "jnp.expand_dims",
    "permute": "jnp.transpose",
    "bmm": "jnp.matmul",
    "mm": "jnp.matmul",
    "reduce_mean": "jnp.mean",
    "reduce_sum": "jnp.sum",
    "Embedding": "nnx.Embed",
    "MultiheadAttention": "nnx.MultiHeadAttention",
    "ModuleDict": "nnx.Dict",
    "Conv1d": "nnx.Conv",
    "BatchNorm1d": "nnx.BatchNorm",
    "cross_entropy": "optax.softmax_cross_entropy_with_integer_labels",
    "erf": "jax.scipy.special.erf",
}
"""By a name that is often looked for in the wrong module, where it is."""
OF_ARRAYS = {
    "permute": "transpose",
    "view": "reshape",
    "unsqueeze": "x[None]",
    "expand": "jnp.broadcast_to",
    "detach": "jax.lax.stop_gradient",
    "numpy": "np.asarray",
    "float": "x.astype(jnp.float32)",
    "long": "x.astype(jnp.int32)",
    "softmax": "jax.nn.softmax",
    "append": "jnp.concatenate",
    "contiguous": "nothing: there is no need for it",
    "cpu": "nothing: there is no need for it",
    "cuda": "nothing: there is no need for it",
    "to": "nothing: there is no need for it",
    "clone": "nothing: an array never changes",
    "backward": "jax.grad",
    "masked_fill": "jnp.where",
    "type": "x.astype(jnp.float32)",
    "mm": "jnp.matmul",
    "bmm": "jnp.matmul",
    "matmul": "jnp.matmul",
    "relu": "jax.nn.relu",
    "exp": "jnp.exp",
    "sqrt": "jnp.sqrt",
}
"""By a method that JAX arrays lack, what does the same."""
_OF_MODULES = {
    "forward": "write `__call__` in its place, and call the module itself, `model(x)`",
    "parameters": "`nnx.state(model, nnx.Param)` has them",
    "named_parameters": "`nnx.state(model, nnx.Param)` has them",
    "state_dict": "`nnx.state(model)` has it",
    "load_state_dict": "`nnx.update(model, state)` does it",
    "register_buffer": "write `self.name = nnx.Variable(...)`",
    "register_parameter": "write `self.name = nnx.Param(...)`",
    "zero_grad": "leave it out, a gradient is what `nnx.grad` returns",
    "cuda": "leave it out",
    "to": "leave it out",
}
"""By what modules of PyTorch have and those of Flax have not, what to do."""
_WEIGHTS = {
    "Linear": "kernel",
    "Conv": "kernel",
    "LayerNorm": "scale",
    "BatchNorm": "scale",
    "Embed": "embedding",
}
_HERE = ("jax", "flax", "numpy", "optax")


def _look_alike(asked: Asked) -> str:
    """Say which letter of a name is from another alphabet, or cannot be seen at all."""
    name = asked[1]
    odd = next((char for char in name if not char.isascii()), "")
    called = unicodedata.name(odd, "a character without a name").lower() if odd else ""
    is_mixed = any(char.isascii() and char.isalpha() for char in name)
    if not odd or called.startswith("latin ") or (odd.isalpha() and not is_mixed):
        return ""  # An ä is what it seems to be, and so are the letters of a name that is Greek as a whole.
    shown = "".join(char for char in name if char.isprintable() and unicodedata.category(char)[0] in "LNP")
    return (
        f"In `{shown}` there is a character that is not what it seems to be (U+{ord(odd):04X}, {called}): "
        "type the name anew."
    )


def _unknown_name(asked: Asked) -> str:
    name = asked[1]
    if name in _CAPITALS:
        return f"Python writes `True`, `False` and `None`: `{name}` is `{_CAPITALS[name]}` there."
    if name == "this":
        return "`this` is not Python's: a method lists `self` as its first parameter, and writes `self.x`."
    if name == "self":
        return "`self` is only there inside a method that lists it as its first parameter."
    if name in MOVED:
        return f"There is no variable `{name}` here: use `{MOVED[name]}`."
    if asked.nearest:
        return f"There is no variable `{name}` here. Is `{asked.nearest}` meant?"
    return (
        f"There is no variable `{name}` here: it is spelt in another way, set in another function, or never."
    )


def _attribute_of_module(asked: Asked) -> str:
    module, name = asked[1], asked[2]
    if name in MOVED and f"{module}.{name}" != MOVED[name]:
        return f"`{name}` is not in `{module}`: use `{MOVED[name]}`."
    if asked.nearest:
        return f"There is no `{name}` in `{module}`. Is `{asked.nearest}` meant?"
    return f"There is no `{name}` in `{module}`."


def _attribute_of_array(asked: Asked) -> str:
    name = asked[1]
    if name in OF_ARRAYS:
        return f"A JAX array has no `.{name}`; what does the same is {_quoted(OF_ARRAYS[name])}."
    if asked.nearest:
        return f"A JAX array has no `.{name}`. Is `.{asked.nearest}` meant?"
    return f"A JAX array has no `.{name}`; most functions on arrays are in `jnp`."


def _quoted(text: str) -> str:
    return text if " " in text else f"`{text}`"


def _attribute(asked: Asked) -> str:
    kind, name = asked[1].rpartition(".")[2], asked[2]
    if kind == "NoneType":
        return (
            f"Something is None where an object with `.{name}` is needed: perhaps a function has no "
            "`return`, or an attribute was never set."
        )
    if kind in ("float", "int", "list", "tuple") and name in (
        "shape",
        "reshape",
        "T",
        "dtype",
        "ndim",
        "sum",
        "mean",
    ):
        return (
            f"This is a Python {kind}, not an array, and has no `.{name}`: make an array of it with "
            "`jnp.asarray`."
        )
    if name in ("init", "apply", "param", "variable", "make_rng"):
        return (
            f"A module of `flax.nnx` has no `.{name}`, that is `flax.linen`: an instance holds its "
            "parameters and is called by itself, `model(x)`."
        )
    if name == "weight" and kind in _WEIGHTS:
        return f"The parameter of `{kind}` that PyTorch calls `weight` is `{_WEIGHTS[kind]}` here."
    if name in _OF_MODULES and kind[:1].isupper():
        return f"`{kind}` has no `.{name}`, that is PyTorch: {_OF_MODULES[name]}."
    if asked.nearest:
        return f"`{kind}` has no attribute `{name}`. Is `{asked.nearest}` meant?"
    return f"`{kind}` has no attribute `{name}`: was it set in `__init__`, under this very name?"


def _no_module(asked: Asked) -> str:
    name = asked[1]
    if name.partition(".")[0] in _HERE:
        return (
            f"There is no module `{name}`: the package is there, but not this part of it. Check the spelling."
        )
    return f"`{name}` is not there: only `jax`, `flax`, `numpy` and `optax` are, beside Python's own library."


_ANY_NAME = r"'([^'\n]{1,80})'"

RULES: tuple[Rule, ...] = (
    rule("NameError", f"name {_ANY_NAME} is not defined", _look_alike),
    rule("AttributeError", rf"'[\w.]{{1,120}}' object has no attribute {_ANY_NAME}", _look_alike),
    rule("NameError", r"name '" + NAME + r"' is not defined", _unknown_name),
    rule(
        "UnboundLocalError",
        r"cannot access local variable '" + NAME + "'",
        lambda a: (
            f"The function sets `{a[1]}` somewhere, so it is a variable of its own, and here it is read "
            "before it was set."
        ),
    ),
    rule("ModuleNotFoundError", r"No module named '([\w.]{1,120})'", _no_module),
    rule(
        "ImportError",
        r"cannot import name '" + NAME + r"' from '([\w.]{1,120})'",
        lambda a: _attribute_of_module(_swapped(a)),
    ),
    rule(
        "AttributeError",
        r"[Mm]odule '?([\w.]{1,120}?)'? has no attribute '" + NAME + "'",
        _attribute_of_module,
    ),
    rule(
        "AttributeError",
        r"'(?:jaxlib\._jax\.)?(?:ArrayImpl|\w{0,30}Tracer)' object has no attribute '" + NAME + "'",
        _attribute_of_array,
    ),
    rule("AttributeError", r"'([\w.]{1,120})' object has no attribute '" + NAME + "'", _attribute),
    rule(
        "AttributeError",
        r"type object '([\w.]{1,120})' has no attribute '" + NAME + "'",
        _attribute,
    ),
    rule("KeyError", r"(?P<key>'[\w. ]{1,60}'|-?\d{1,12})$", lambda a: f"The dict has no key `{a[1]}`."),
)


class _Swapped(Asked):
    """The groups of an import, the module's first."""

    def __getitem__(self, group: int) -> str:
        return Asked.__getitem__(self, {1: 2, 2: 1}.get(group, group))


def _swapped(asked: Asked) -> Asked:
    return _Swapped(match=asked.match, line=asked.line, nearest=asked.nearest)
