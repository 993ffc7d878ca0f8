"""Flax: modules, parameters and random numbers."""

import re

from app.grading.explain.rule import FUNCTION, NAME, Asked, Rule, rule

_CONTAINERS = {"list": ("a plain list", "nnx.List([...])"), "dict": ("a plain dict", "nnx.Dict(...)")}
_DATA_PATTERN = (
    r"Found (?:unexpected )?data on value of type '?<class '(\w{1,40})'>'? .{0,40}"
    r"static attribute '(\w{1,80})'"
)


_LINEN = (
    "`flax.linen` is the older Flax, whose modules need `init` and `apply`. Here models are made with "
    "`flax.nnx`, such as `nnx.Linear(8, 4, rngs=rngs)`."
)


def _container(asked: Asked) -> str:
    name = asked[2]
    plain, wrapped = _CONTAINERS.get(asked[1], (f"a plain {asked[1]}", "nnx.List([...])"))
    return (
        f"`self.{name}` is {plain} that holds modules or arrays, and Flax does not look into it. Make it "
        f"part of the model with `self.{name} = {wrapped}`."
    )


def _arguments_of_layer(asked: Asked) -> str:
    if "Rngs" in asked.line or "rngs" in asked.line:
        return "The layers of Flax take the random numbers by name: write `rngs=rngs`."
    return ""


_NO_MESH = (
    "Partitions spread arrays over devices by a mesh, and there is none here, nor a second device: leave out "
    "what names shardings, such as `nnx.with_partitioning` and `with_sharding_constraint`."
)
_ONE_DEVICE = "One processor computes here, and no GPU or TPU: leave out what spreads arrays over devices."


def _called_value(asked: Asked) -> str:
    """Say of a value of an array, called as PyTorch calls it, how it is read; empty for any other."""
    for name in ("size", "shape"):
        if f".{name}(" in asked.line:
            return (
                f"`{name}` is called in PyTorch; here the sides are `x.shape`, and one of them `x.shape[0]`."
            )
    if asked.match[0].startswith("'jaxlib"):
        return "An array stands where a function or a layer is called: square brackets pick its entries."
    return ""


RULES: tuple[Rule, ...] = (
    rule("ValueError", r"An auto mesh context or metadata is required", _NO_MESH),
    rule("RuntimeError", r"with_sharding_constraint requires a non-empty mesh", _NO_MESH),
    rule("ValueError", r"Number of devices \d{1,6} must be >= the product of mesh_shape", _ONE_DEVICE),
    rule("RuntimeError", r"Unknown backend:? '?(?:gpu|tpu|cuda|rocm|metal)", _ONE_DEVICE),
    rule(
        "IndexError",
        r"list index out of range",
        lambda a: _ONE_DEVICE if re.search(r"devices\([^)]{0,40}\)\s?\[", a.line) else "",
    ),
    rule(
        "AttributeError",
        r"\""
        + NAME
        + r"\" object has no attribute \""
        + NAME
        + r"\"\. If \"[^\"]{1,80}\" is defined in '\.setup\(\)'",
        _LINEN,
    ),
    rule(
        "AttributeError",
        r"[Mm]odule '?flax\.nnx'? has no attribute '(?:compact|share_scope|apply|scan_module)'",
        _LINEN,
    ),
    rule(
        "TypeError",
        r"scan body function carry input and carry output must have the same pytree structure, .{0,300}?"
        r"is a <class 'flax\.nnx\.variablelib\.",
        "A loop carries numbers, and goes in with a parameter itself: write `self.w[...]`, with the dots.",
    ),
    rule(
        "TypeError",
        FUNCTION + r"\.__init__\(\) missing \d required keyword-only argument: 'rngs'",
        lambda a: (
            f"`{a[1]}` draws its initial parameters at random and needs to be told from what: pass "
            "`rngs=rngs` to it."
        ),
    ),
    rule(
        "ValueError",
        r"`deterministic` is False, but no `rngs` argument was provided to Dropout",
        "Dropout draws at random and needs to be told from what: make it with `rngs=rngs`, or call it with "
        "`deterministic=True`.",
    ),
    rule(
        "TypeError",
        r"(?:Linear|Conv|LayerNorm|Embed|Dropout|MultiHeadAttention|BatchNorm|RMSNorm|Einsum|LinearGeneral)\.__init__\(\)"
        r" takes \d{1,2} positional arguments but \d{1,2} were given",
        _arguments_of_layer,
    ),
    rule(
        "AttributeError",
        r"'(?:int|float|NoneType|PRNGKeyArray|jaxlib\._jax\.ArrayImpl|ArrayImpl)' object has no attribute "
        r"'params'",
        "`rngs` must be an `nnx.Rngs`: write `rngs=nnx.Rngs(int(seed))`, and hand the same one on to every "
        "layer.",
    ),
    rule("ValueError", _DATA_PATTERN, _container),
    rule(
        "ValueError",
        r"Cannot assign data value of type '?<class '[\w.]{1,120}'>'? to static attribute '(\w{1,80})'",
        lambda a: (
            f"`self.{a[1]}` was first set to something without arrays, so Flax takes it for a constant. Set "
            f"it once, in `__init__`, or write `self.{a[1]} = nnx.data(...)`."
        ),
    ),
    rule(
        "ValueError",
        r"Found data in value of type .{0,200}annotated with nnx\.static",
        "`nnx.static` is for constants such as sizes and names; an array belongs into an `nnx.Param`, or "
        "`nnx.data(...)`.",
    ),
    rule(
        "TypeError",
        r"JAX arrays are immutable and do not support in-place item assignment",
        lambda a: (
            "A JAX array never changes. Make a new one: `x = x.at[0].add(y)` in place of `x[0] += y`."
            if "+=" in a.line
            else "A JAX array never changes. Make a new one: `x = x.at[0].set(y)` in place of `x[0] = y`."
        ),
    ),
    rule(
        "TypeError",
        r"'_IndexUpdateHelper' object does not support item assignment",
        "A JAX array never changes. Make a new one: `x = x.at[0].set(y)` in place of `x.at[0] = y`.",
    ),
    rule(
        "TypeError",
        r"JAX encountered invalid PRNG key data",
        "Random numbers are drawn by a key: write `jax.random.key(int(seed))`, and hand that on.",
    ),
    rule(
        "AttributeError",
        r"__delitem__",
        "A JAX array never changes, so nothing can be deleted from it: `jnp.delete` makes a shorter one.",
    ),
    rule(
        "ValueError",
        r"assignment destination is read-only",
        "`np.asarray` of a JAX array is a view that cannot be written to: copy it with `np.array`, or stay "
        "in JAX and write `x = x.at[0].set(y)`.",
    ),
    rule(
        "TypeError",
        r"unhashable type: '(?:jaxlib\._jax\.)?(ArrayImpl|Param|\w{0,40}Tracer)'",
        lambda a: (
            f"{'A parameter' if a[1] == 'Param' else 'A JAX array'} cannot be a key of a dict, an entry of "
            "a set or an argument of a cached function: use something with a fixed value, such as a number."
        ),
    ),
    rule(
        "TypeError",
        r"object\.__init__\(\) takes exactly one argument",
        "`nnx.Module` itself takes no arguments: leave `super().__init__(...)` away, or call it with "
        "nothing.",
    ),
    rule(
        "TypeError",
        NAME + r"\(\) takes no arguments",
        lambda a: (
            f"The class `{a[1]}` has no `__init__` that takes anything. Is it spelt with two underscores on "
            f"each side? Or was an instance meant: `{a[1]}()(x)`?"
        ),
    ),
    rule(
        "TypeError",
        r"'NoneType' object is not callable",
        "Something that should be a layer or a function is None: was it ever set, and does what made it "
        "`return` it?",
    ),
    rule("TypeError", r"'(?:int|tuple|jaxlib\._jax\.ArrayImpl)' object is not callable", _called_value),
    rule(
        "TypeError",
        r"'" + NAME + r"' object is not callable",
        lambda a: (
            f"A `{a[1]}` cannot be called like a function."
            + (" A module is called through its method `__call__`." if a[1][:1].isupper() else "")
        ),
    ),
    rule(
        "ValueError",
        r"Triggering __jax_array__\(\)",
        "A parameter itself stands where its numbers are needed: write `self.w[...]`, with the dots, in the "
        "place of `self.w`.",
    ),
    rule(
        "CallCompactUnboundModuleError",
        r"",
        _LINEN,
    ),
    rule(
        "TypeError",
        r"Missing required argument `wrt`",
        "`nnx.Optimizer` needs to know what it changes: write `nnx.Optimizer(model, optax.adam(1e-3), "
        "wrt=nnx.Param)`.",
    ),
)
