"""What needs somebody at a keyboard, or a notebook around it: habits that do no harm there."""

from app.grading.explain.rule import Asked, Rule, rule

_NAMES = {
    "get_ipython": "`get_ipython` is only there in a notebook: leave the line out.",
    "display": "`display` is only there in a notebook: write `print`.",
    "exit": "`exit` is only there in a console: leave it out, a solution is to end by returning its answer.",
    "quit": "`quit` is only there in a console: leave it out, a solution is to end by returning its answer.",
}
_ONLY = "only `jax`, `flax`, `numpy` and `optax` are, beside Python's own library"
_PACKAGES = {
    "google": "is only there in Colab, and nothing of it is needed here: leave the line out.",
    "IPython": "is only there in a notebook: leave the line out.",
    "matplotlib": "is not there, and no picture is shown here: leave it out, and whatever it draws.",
    "seaborn": "is not there, and no picture is shown here: leave it out, and whatever it draws.",
    "torch": f"is not there: layers are in `flax.nnx`, mathematics in `jax.numpy`; {_ONLY}.",
    "tensorflow": f"is not there: layers are in `flax.nnx`, mathematics in `jax.numpy`; {_ONLY}.",
    "keras": f"is not there: layers are in `flax.nnx`, mathematics in `jax.numpy`; {_ONLY}.",
    "einops": f"is not there: use `reshape` and `transpose`, or `jnp.einsum`; {_ONLY}.",
}


def _package(asked: Asked) -> str:
    said = _PACKAGES.get(asked[1].partition(".")[0])
    return f"`{asked[1]}` {said}" if said else ""


RULES: tuple[Rule, ...] = (
    rule("NameError", rf"name '({'|'.join(_NAMES)})' is not defined", lambda asked: _NAMES[asked[1]]),
    rule("ModuleNotFoundError", r"No module named '([\w.]{1,120})'", _package),
    rule(
        "EOFError",
        r"EOF when reading a line",
        lambda _: (
            "`input` waits for a keyboard, and there is none here: all that is asked about arrives in the "
            "parameters."
        ),
    ),
    rule(
        "BdbQuit",
        r"",
        lambda _: (
            "A breakpoint waits for somebody at a keyboard, and there is nobody here: leave `breakpoint()` "
            "and `set_trace()` out. `print` shows what a value is."
        ),
    ),
    rule(
        "SystemExit",
        r"",
        lambda _: (
            "This ends the whole program, and no answer can come any more: leave it out. A function ends "
            "by `return`."
        ),
    ),
)
