"""Python that needs a value where JAX has only its shape: inside `jit`, `grad`, `vmap` and loops."""

from app.grading.explain.rule import Asked, Rule, rule

_ONLY_SHAPES = "Inside `jax.jit`, or a loop of JAX, an array has a shape and a dtype but no numbers yet"


def _concretization(asked: Asked) -> str:
    if "`int` function" in asked[0] or "`float` function" in asked[0] or "`bool` function" in asked[0]:
        return (
            f"{_ONLY_SHAPES}, so it cannot become a Python number. Convert with `.astype`, or do it outside "
            "of what is compiled."
        )
    if "jnp.arange" in asked[0] or "size argument" in asked[0]:
        return (
            f"{_ONLY_SHAPES}, so a size cannot depend on them. Name the argument that the size comes from "
            "in `static_argnums`, or compute it outside."
        )
    return (
        f"{_ONLY_SHAPES}, and this line needs a number. Move it out of what is compiled, or name the "
        "argument in `static_argnums`."
    )


def _trace_context(asked: Asked) -> str:
    what = asked[1] or "a module"
    if what == "RngCount":
        return (
            "Random numbers were drawn from an `nnx.Rngs` that comes from outside the compiled function. "
            "Hand it in as an argument and compile with `nnx.jit`, or draw outside."
        )
    return (
        f"`{what}` belongs to a module from outside the function that `jax.jit` or `jax.grad` works on, and "
        "is changed inside it. Hand the module in as an argument, and use `nnx.jit` or `nnx.grad`, which "
        "carry changes out again."
    )


RULES: tuple[Rule, ...] = (
    rule(
        "TracerBoolConversionError",
        r"",
        f"{_ONLY_SHAPES}, so `if`, `while`, `and` and `not` cannot look at it. Choose with `jnp.where`, or "
        "branch with `jax.lax.cond`.",
    ),
    rule(
        "TracerIntegerConversionError",
        r"",
        f"{_ONLY_SHAPES}, so it cannot be a Python index or the length of a `range`. Use a JAX loop such as "
        "`jax.lax.fori_loop`, index an array in place of a list, or name the argument in `static_argnums`.",
    ),
    rule(
        "TracerArrayConversionError",
        r"",
        f"{_ONLY_SHAPES}, so NumPy cannot work on it. Use the function of the same name in `jnp`.",
    ),
    rule(
        "NonConcreteBooleanIndexError",
        r"",
        f"{_ONLY_SHAPES}, so the size of `x[mask]` is not known. Keep the shape and choose with "
        "`jnp.where(mask, x, 0)`.",
    ),
    rule("ConcretizationTypeError", r".{0,1500}", _concretization),
    rule(
        "UnexpectedTracerError",
        r"",
        "A value from inside a compiled function was kept, in a list or an attribute, and used after it. "
        "Return from the function what is needed outside.",
    ),
    rule(
        "IndexError",
        r"Slice entries must be static integers",
        f"{_ONLY_SHAPES}, so it cannot be the end of a slice. Use `jax.lax.dynamic_slice`, or name the "
        "argument in `static_argnums`.",
    ),
    rule(
        "TraceContextError",
        r"Cannot mutate '?([^\W\d]\w{0,79})?'? from (?:a )?different trace level",
        _trace_context,
    ),
    rule(
        "TraceContextError",
        r"",
        "A module from outside is changed inside a function that JAX transforms. Hand it in as an "
        "argument, and use `nnx.jit` or `nnx.grad`.",
    ),
    rule(
        "ValueError",
        r"Non-hashable static arguments are not supported",
        "An argument in `static_argnums` must be a plain value, such as a number or a text: an array "
        "cannot be static.",
    ),
    rule(
        "TypeError",
        r"Error interpreting argument to .{0,300}?The problematic value is of type <class '([\w.]{1,80})'>"
        r"(?: and was passed to the function at path (\w{1,80}))?",
        lambda a: (
            f"{f'The argument `{a[2]}`' if a[2] else 'An argument'} of a compiled function is a "
            f"`{a[1].rpartition('.')[2]}`; `jax.jit` takes arrays and numbers. Name it in `static_argnums`, "
            "or use `nnx.jit` for modules."
        ),
    ),
)
