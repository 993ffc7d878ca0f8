"""Another activation, another form of the same one, or none."""

import ast
from collections.abc import Iterator

from app.grading.mutate.change import Change
from app.grading.mutate.solution import Solution, argument

_OTHERS = {
    "gelu": ("relu", "silu"),
    "relu": ("gelu", "leaky_relu"),
    "silu": ("gelu", "relu"),
    "swish": ("gelu", "relu"),
    "leaky_relu": ("relu",),
    "elu": ("relu",),
    "softplus": ("relu",),
    "tanh": ("sigmoid",),
    "sigmoid": ("tanh",),
    "sin": ("cos",),
    "cos": ("sin",),
}
_EVERYWHERE = frozenset({"tanh", "sin", "cos"})
"""These are of `jax.numpy`, and so is what they are confused with, unless it is an activation."""


def mutate(solution: Solution) -> Iterator[Change]:
    """Yield changes of each activation that is called."""
    for call in solution.all_of(ast.Call):
        name = solution.last_name(call.func)
        if name not in _OTHERS or not isinstance(call.func, ast.Attribute):
            continue
        if solution.own_attribute(call.func) or len(call.args) != 1:
            continue
        yield from _of_call(solution, call, name)


def _of_call(solution: Solution, call: ast.Call, name: str) -> Iterator[Change]:
    inner = solution.source_of(call.args[0])
    if name == "gelu":
        yield _other_form(solution, call)
    for other in _OTHERS[name]:
        function = solution.source_of(call.func).rpartition(".")[0]
        if name in _EVERYWHERE and other not in _EVERYWHERE:
            function = f"{solution.alias_of('jax', 'jax')}.nn"
        yield solution.change(
            "another_activation",
            call,
            f"{function}.{other}({inner})",
            f"`{other}` is applied, where `{name}` is asked for.",
            group=False,
        )
    if name not in ("sin", "cos"):
        yield solution.change("activation_dropped", call, inner, f"No `{name}` is applied.")


def _other_form(solution: Solution, call: ast.Call) -> Change:
    form = argument(call, "approximate")
    exact = isinstance(form, ast.Constant) and form.value is False
    sentence = (
        "GELU is applied in its tanh form; the exact one is asked for."
        if exact
        else "GELU is applied in its exact form; the tanh form, `nnx.gelu`'s default, is asked for."
    )
    other = f"{solution.source_of(call.func)}({solution.source_of(call.args[0])}, approximate={exact})"
    return solution.change("another_form_of_gelu", call, other, sentence, group=False)
