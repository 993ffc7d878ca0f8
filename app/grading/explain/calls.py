"""Functions called with other arguments than they take, and values of the wrong kind."""

from app.grading.explain.rule import FUNCTION, NAME, Asked, Rule, rule, times


def _too_many(asked: Asked) -> str:
    name, taken, given = asked[1], int(asked[2]), int(asked[3])
    if (
        given == taken + 1
        and "." in asked.match[0].partition("(")[0]
        and name != "__init__"
        and "." in asked.line
    ):
        return (
            f"`{name}` takes {times(taken, 'argument')}, and {given} arrived. A method is also given its "
            "object: is `self` its first parameter?"
        )
    if name == "__init__":
        return (
            f"{_called(asked)} takes {times(taken - 1, 'argument')} without names, and {given - 1} arrived. "
            "Those behind a `*` in its `__init__` go by name, as `rngs=rngs`."
        )
    return f"`{name}` takes {times(taken, 'argument')}, and {given} arrived."


def _missing(asked: Asked) -> str:
    by_name = ", by name" if asked[2] == "keyword-only" else ""
    return f"{_called(asked)} also needs {asked[3].replace(chr(39), '`')}{by_name}."


def _called(asked: Asked) -> str:
    """Name what was called; of an `__init__`, its class."""
    owner = asked.match[0].partition("(")[0].rpartition(".")[0].rpartition(".")[2]
    return f"`{owner or 'the class'}`" if asked[1] == "__init__" else f"`{asked[1]}`"


def _operands(asked: Asked) -> str:
    kinds = [asked[2].rpartition(".")[2], asked[3].rpartition(".")[2]]
    if "NoneType" in kinds:
        return (
            f"One side of the `{asked[1]}` is None: perhaps a function has no `return`, or an attribute was "
            "never set."
        )
    if "list" in kinds or "tuple" in kinds:
        return (
            "JAX does not turn lists into arrays by itself: wrap the list in `jnp.asarray` before the "
            f"`{asked[1]}`."
        )
    return f"`{asked[1]}` does not work between a `{kinds[0]}` and a `{kinds[1]}`."


_FUNCTIONS = frozenset(
    (
        "sum mean max min var std prod argmax argmin concatenate stack softmax log_softmax squeeze cumsum "
        "expand_dims zeros ones full array asarray arange zeros_like ones_like norm logsumexp sort argsort "
        "split relu"
    ).split()
)
_LAYERS = frozenset(
    "BatchNorm Conv ConvTranspose Dropout Embed GroupNorm LayerNorm Linear LinearGeneral MultiHeadAttention "
    "RMSNorm".split()
)
_OF_FUNCTIONS = {"dim": "axis", "dims": "axis", "keepdim": "keepdims"}
OF_LAYERS = {
    "eps": "epsilon",
    "p": "rate",
    "stride": "strides",
    "bias": "use_bias",
    "in_channels": "in_features",
    "out_channels": "out_features",
    "units": "out_features",
    "filters": "out_features",
    "embedding_dim": "features",
    "embed_dim": "in_features",
}
"""By a word of another library's layers, what those of Flax call it; a test finds each there."""
_NEEDLESS = frozenset(("device", "requires_grad", "batch_first", "inplace", "input_shape", "trainable"))


def _no_such_parameter(asked: Asked) -> str:
    """Say what another library's word is here; a function of the learner's own may call anything so."""
    function, name = _called(asked).strip("`"), asked[2]
    known = {**dict.fromkeys(_FUNCTIONS, _OF_FUNCTIONS), **dict.fromkeys(_LAYERS, OF_LAYERS)}.get(function)
    if known is None:
        return f"`{function}` has no parameter `{name}`: look up how it is spelt."
    if name in known:
        return f"`{function}` has no `{name}`, which is another library's word: here it is `{known[name]}`."
    if name in _NEEDLESS:
        return f"`{function}` has no `{name}`, which is another library's: leave it out."
    if name == "activation":
        return f"`{function}` has no `activation`: call a function on what comes out, as `jax.nn.relu(...)`."
    return f"`{function}` has no parameter `{name}`: look up how it is spelt."


_ONE_BY_ONE = frozenset(
    "map filter zip enumerate generator reversed set frozenset dict_keys dict_values dict_items".split()
)


def _subscripted(asked: Asked) -> str:
    kind = asked[1].rpartition(".")[2]
    if kind in _ONE_BY_ONE or kind.endswith("iterator"):
        return f"A `{kind}` gives its values one by one: make a list of it, with `list(...)`, to pick one."
    if kind in ("function", "method", "builtin_function_or_method", "type"):
        return "Square brackets stand behind a function here: round ones call it."
    if kind == "NoneType":
        return (
            "Something is None where one of its entries is asked for: perhaps a function has no `return`, or "
            "an attribute was never set."
        )
    if kind in ("int", "float"):
        return f"A single `{kind}` has no entries: nothing can be picked from it by square brackets."
    return (
        f"A `{kind}` has no entries that square brackets could pick; what it holds has names, as in `x.name`."
    )


RULES: tuple[Rule, ...] = (
    rule(
        "NotImplementedError",
        r"`type` argument of array\.view\(\) is not supported",
        "`view` is PyTorch's: here it is `x.reshape(...)`.",
    ),
    rule(
        "TypeError",
        r"_repeat\(\) takes from \d to \d positional arguments",
        "`repeat` of PyTorch is `jnp.tile(x, (2, 1))` here; `jnp.repeat` takes one count, and an axis.",
    ),
    rule(
        "ValueError",
        r"No `decode` argument was provided to MultiHeadAttention",
        "`nnx.MultiHeadAttention` needs to be told `decode=False`, where it is made or where it is called.",
    ),
    rule(
        "TypeError",
        r"\w{1,40}\.__call__\(\) got an unexpected keyword argument '(?:train|training|is_training)'",
        "Whether a layer trains is said by `deterministic=` or `use_running_average=`, or for a whole model "
        "by `model.train()` and `model.eval()`.",
    ),
    rule(
        "TypeError",
        r"(list|tuple) indices must be integers or slices, not tuple",
        lambda a: (
            f"A {a[1]} takes one index at a time, `x[0][1]`: `x[0, 1]` needs an array, of `jnp.asarray`."
        ),
    ),
    rule("TypeError", r"'([\w.]{1,120})' object is not subscriptable", _subscripted),
    rule(
        "TypeError",
        r"exceptions must derive from BaseException",
        'Only an exception can be raised, such as `ValueError("...")`.',
    ),
    rule(
        "TypeError",
        FUNCTION + r"\(\) takes (\d{1,3}) positional arguments? but (\d{1,3}) (?:was|were) given",
        _too_many,
    ),
    rule(
        "TypeError",
        FUNCTION + r"\(\) missing \d{1,3} required (positional|keyword-only) arguments?: ([\w', ]{1,300})",
        _missing,
    ),
    rule(
        "TypeError",
        FUNCTION + r"\(\) got an unexpected keyword argument '" + NAME + "'",
        _no_such_parameter,
    ),
    rule(
        "TypeError",
        FUNCTION + r"\(\) got multiple values for argument '" + NAME + "'",
        lambda a: f"{_called(a)} is given `{a[2]}` twice, once by its place and once by its name.",
    ),
    rule(
        "TypeError",
        r"unsupported operand type\(s\) for (\S{1,12}(?: or pow\(\))?): '([\w.]{1,80})' and '([\w.]{1,80})'",
        _operands,
    ),
    rule(
        "TypeError",
        NAME + r" requires ndarray or scalar arguments, got <class '(\w{1,40})'> at position (\d{1,3})",
        lambda a: f"`jnp.{a[1]}` takes arrays, and this is a Python {a[2]}: wrap it in `jnp.asarray`.",
    ),
    rule(
        "TypeError",
        r"can only concatenate str \(not \"(\w{1,40})\"\) to str",
        "A text and a number cannot be joined with `+`: an f-string does that.",
    ),
    rule(
        "TypeError",
        r"unsupported format string passed to numpy\.ndarray\.__format__",
        "A format such as `:.2f` is for one number, and this is an array: print it without.",
    ),
    rule(
        "TypeError",
        r"data type '([^'\n]{1,40})' not understood",
        lambda a: (
            f"`{a[1]}` is no dtype; write it as `jnp.float32`, so that a slip of the pen is found at once."
        ),
    ),
    rule(
        "TypeError",
        r"lax\.(\w{1,40}) requires arguments to have the same dtypes, got (\w{1,20}), (\w{1,20})",
        lambda a: (
            f"`lax.{a[1]}` does not convert: one array is {a[2]}, the other {a[3]}. `jnp.{a[1]}` does, or "
            "use `.astype`."
        ),
    ),
    rule(
        "RecursionError",
        r"",
        "A function calls itself again and again and never comes to an end. In a module, `self(...)` "
        "inside `__call__` does that.",
    ),
    rule("ZeroDivisionError", r"", "Something is divided by zero: print the divisor before this line."),
    rule(
        "NotImplementedError",
        r"$",
        "This part is still to be written: replace the `raise` with your own code.",
    ),
)
