"""Each operator makes its mistake, as text, and nothing else of the solution changes."""

import ast
import textwrap

import pytest

from app.grading.mutate.mutants import Mutant, made_mutants
from app.grading.mutate.solution import Solution

_HEAD = "import jax\nimport jax.numpy as jnp\nfrom flax import nnx\n\n\n"


def _mutants(body: str, samples: dict[str, object] | None = None) -> list[Mutant]:
    text = _HEAD + textwrap.dedent(body).strip("\n") + "\n"
    return list(made_mutants(Solution(text, "f", samples or {})))


def _in_function(line: str) -> str:
    return f"def f(x, w, heads):\n    {line}\n"


_LAYER = """
class M(nnx.Module):
    def __init__(self, d, rngs):
        {}

    def __call__(self, x):
        return {}


def f(x):
    return M(3, rngs=nnx.Rngs(0))(x)
"""


def _layer(created: str, called: str = "x") -> str:
    return _LAYER.format(created, called)


_LN = "self.ln = nnx.LayerNorm(d, rngs=rngs)"
_FC = "self.fc = nnx.Linear(d, d, rngs=rngs)"
_LOOP = _layer("self.bs = bs", "0\n        for b in self.bs:\n            x = b(x)")
_READ = _layer("self.p = nnx.Param(jnp.zeros(d))", "x * self.p[...]")
_CONV = _layer('self.c = nnx.Conv(1, d, (2, 2), padding="VALID", rngs=rngs)')
_NORMED = _layer(_LN, "x + self.mlp(self.ln(x))")
_TABLE = [
    ("residual_dropped", _NORMED, "return self.mlp(self.ln(x))"),
    ("branch_dropped", _NORMED, "return x\n"),
    (
        "residual_of_normed",
        _layer(_LN, "x + self.mlp(self.ln(x))"),
        "return self.ln(x) + self.mlp(self.ln(x))",
    ),
    ("post_norm", _NORMED, "return self.ln(x + self.mlp(x))"),
    ("norm_dropped", _layer(_LN, "self.mlp(self.ln(x))"), "return self.mlp(x)"),
    ("another_epsilon", _layer(_LN), "nnx.LayerNorm(d, rngs=rngs, epsilon=1e-05)"),
    ("another_epsilon", _layer("self.ln = nnx.LayerNorm(d, epsilon=1e-6, rngs=rngs)"), "epsilon=1e-05, rngs"),
    ("another_norm", _layer(_LN), "nnx.RMSNorm(d, rngs=rngs)"),
    ("term_dropped", _in_function("return x - w"), "return x\n"),
    ("term_dropped", _in_function("return x / (w + x) * 2"), "x / w * 2"),
    ("softmax_axis", _in_function("return jax.nn.softmax(x, axis=-1)"), "jax.nn.softmax(x, axis=-2)"),
    ("softmax_axis", _in_function("return jax.nn.softmax(x)"), "jax.nn.softmax(x, axis=0)"),
    ("softmax_axis", _in_function("return jax.nn.softmax(x, -1)"), "jax.nn.softmax(x, -2)"),
    ("softmax_dropped", _in_function("return jax.nn.softmax(x + w, axis=-1) @ w"), "return (x + w) @ w"),
    ("reduction_axis", _in_function("return x.mean(axis=-1)"), "x.mean(axis=0)"),
    ("reduction_axis", _in_function("return jnp.sum(x, 0)"), "jnp.sum(x, -1)"),
    ("scale_dropped", _in_function("return x @ w / jnp.sqrt(w.shape[-1])"), "return x @ w\n"),
    ("root_dropped", _in_function("return x / jnp.sqrt(w.shape[-1])"), "return x / w.shape[-1]"),
    ("root_dropped", _in_function("return x * jax.lax.rsqrt(w + 1e-6)"), "x * (1 / (w + 1e-06))"),
    ("scale_of_another_width", _in_function("return w / jnp.sqrt(w.shape[-1])"), "jnp.sqrt(x.shape[-1])"),
    ("epsilon_outside_root", _in_function("return x / jnp.sqrt(w + heads)"), "x / (jnp.sqrt(w) + heads)"),
    ("transpose_dropped", _in_function("return x @ w.T"), "return x @ w\n"),
    ("transpose_dropped", _in_function("return x.swapaxes(0, 1).sum()"), "return x.sum()"),
    ("transpose_dropped", _in_function("return jnp.transpose(x, (1, 0))"), "return x\n"),
    ("axes_swapped", _in_function("return x.transpose(0, 2, 1)"), "x.transpose(0, 1, 2)"),
    ("reshape_by_column", _in_function("return x.reshape(-1)"), "x.reshape(-1, order='F')"),
    ("reshape_axes_swapped", _in_function("return x.reshape(2, heads, -1)"), "x.reshape(heads, 2, -1)"),
    ("reshape_axes_swapped", _in_function("return jnp.reshape(x, (2, heads, -1))"), "(heads, 2, -1)"),
    ("einsum_axes_swapped", _in_function('return jnp.einsum("qd,kd->qk", x, w)'), "'qd,kd->kq'"),
    ("merged_in_another_order", _in_function('return rearrange(x, "h w c -> (h w) c")'), "-> (w h) c"),
    ("one_off", _in_function("return jnp.zeros((heads + 1, 3))"), "jnp.zeros((heads, 3))"),
    ("table_one_row_more", _in_function("return jnp.zeros((heads, 3))"), "jnp.zeros((heads + 1, 3))"),
    ("range_one_short", _in_function("return [x for _ in range(heads)]"), "range(heads - 1)"),
    ("counted_from_one", _in_function("return jnp.arange(heads)"), "jnp.arange(1, heads + 1)"),
    ("another_constant", _in_function("return x / 10000 ** w"), "x / 100000 ** w"),
    ("another_row", _in_function("return x[0]"), "return x[1]"),
    ("another_row", _in_function("return x[-1, :]"), "return x[0, :]"),
    ("mean_for_a_row", _in_function("return x[0]"), "return x.mean(axis=0)"),
    ("another_slice", _in_function("return x[1:]"), "return x[:-1]"),
    ("another_slice", _in_function("return x[:, 0::2] + x[1:, 0]"), "x[:-1, 0]"),
    (
        "last_layer_dropped",
        _layer("self.bs = bs", "0\n        for b in self.bs:\n            x = b(x)"),
        "list(self.bs)[:-1]",
    ),
    (
        "layers_reversed",
        _layer("self.bs = bs", "0\n        for b in self.bs:\n            x = b(x)"),
        "reversed(list(self.bs))",
    ),
    (
        "one_layer_for_all",
        _layer("self.bs = bs", "0\n        for b in self.bs:\n            x = b(x)"),
        "list(self.bs)[:1] * len(self.bs)",
    ),
    ("another_activation", _in_function("return nnx.gelu(x)"), "nnx.relu(x)"),
    ("another_activation", _in_function("return jnp.sin(x)"), "jnp.cos(x)"),
    ("another_activation", _in_function("return jnp.tanh(x)"), "jax.nn.sigmoid(x)"),
    ("another_form_of_gelu", _in_function("return nnx.gelu(x)"), "nnx.gelu(x, approximate=False)"),
    ("another_form_of_gelu", _in_function("return nnx.gelu(x, approximate=False)"), "approximate=True"),
    ("activation_dropped", _in_function("return nnx.relu(x + w) * 2"), "return (x + w) * 2"),
    (
        "bias_dropped",
        _layer(_FC),
        "nnx.Linear(d, d, rngs=rngs, use_bias=False)",
    ),
    ("bias_added", _layer("self.fc = nnx.Linear(d, d, use_bias=False, rngs=rngs)"), "use_bias=True"),
    (
        "another_initialiser",
        _layer(_FC),
        "kernel_init=nnx.initializers.xavier_uniform()",
    ),
    (
        "another_padding",
        _layer('self.c = nnx.Conv(1, d, (2, 2), padding="VALID", rngs=rngs)'),
        "padding='SAME'",
    ),
    ("plain_array", _layer("self.p = nnx.Param(jnp.zeros(d))"), "self.p = jnp.zeros(d)"),
    ("another_start", _layer("self.p = nnx.Param(jnp.zeros(d))"), "nnx.Param(jnp.ones(d))"),
    (
        "another_spread",
        _layer("self.p = nnx.Param(nnx.initializers.truncated_normal(0.02)(rngs.params(), (d,)))"),
        "truncated_normal(0.1)",
    ),
    (
        "another_initialiser",
        _layer("self.p = nnx.Param(nnx.initializers.truncated_normal(0.02)(rngs.params(), (d,)))"),
        "nnx.initializers.normal(0.02)",
    ),
    (
        "gradient_stopped",
        _layer("self.p = nnx.Param(jnp.zeros(d))", "x * self.p[...]"),
        "jax.lax.stop_gradient(self.p[...])",
    ),
    (
        "gradient_stopped",
        _layer("self.p = nnx.Param(jnp.zeros(d))", "x * self.p.value"),
        "stop_gradient(self.p.value)",
    ),
    (
        "parameter_ignored",
        _layer("self.p = nnx.Param(jnp.zeros(d))", "x * self.p[...]"),
        "x * (0 * self.p[...])",
    ),
    (
        "creation_order",
        _layer("self.a = nnx.Linear(d, 1, rngs=rngs)\n        self.b = nnx.Linear(1, d, rngs=rngs)"),
        "self.b = nnx.Linear(1, d, rngs=rngs)\n        self.a = nnx.Linear(d, 1, rngs=rngs)",
    ),
    (
        "layers_exchanged",
        _layer(
            "self.k = nnx.Linear(d, d, rngs=rngs)\n        self.v = nnx.Linear(d, d, rngs=rngs)",
            "0\n        k = g(self.k(x))\n        v = g(self.v(x))",
        ),
        "k = g(self.v(x))\n        v = g(self.k(x))",
    ),
    (
        "one_layer_for_two",
        _layer(
            "self.k = nnx.Linear(d, d, rngs=rngs)\n        self.v = nnx.Linear(d, d, rngs=rngs)",
            "0\n        k = g(self.k(x))\n        v = g(self.v(x))",
        ),
        "k = g(self.k(x))\n        v = g(self.k(x))",
    ),
    ("another_reduction", _in_function("return x.mean(axis=0)"), "x.sum(axis=0)"),
    ("another_reduction", _in_function("return jnp.max(x)"), "jnp.mean(x)"),
    ("unbiased_variance", _in_function("return x.var(axis=-1)"), "x.var(axis=-1, ddof=1)"),
    ("biased_variance", _in_function("return x.var(axis=-1, ddof=1)"), "ddof=0"),
    ("another_spread", _in_function("return x.var(axis=-1)"), "x.std(axis=-1)"),
    ("half_precision", _in_function("return jnp.asarray(x, jnp.float32)"), "jnp.asarray(x, jnp.bfloat16)"),
    ("cast_dropped", _in_function("return x * int(heads)"), "x * heads"),
    ("cast_dropped", _in_function("return x.astype(jnp.int32)"), "return x\n"),
    ("joined_in_another_order", _in_function("return jnp.concatenate([x, w], axis=0)"), "[w, x], axis=0"),
    ("added_in_place_of_joined", _in_function("return jnp.concatenate([x, w], axis=0)"), "return x + w"),
    ("not_expanded", _in_function("return jnp.broadcast_to(w, x.shape) * x"), "return w * x"),
    ("factors_exchanged", _in_function("return x @ w.T"), "w.T @ x"),
    ("sizes_exchanged", _in_function("h, w, c = x.shape"), "w, h, c = x.shape"),
]


@pytest.mark.parametrize(("operator", "body", "wanted"), _TABLE)
def test_an_operator_makes_its_mistake(operator: str, body: str, wanted: str) -> None:
    """And the text stays Python."""
    made = [mutant.code for mutant in _mutants(body) if mutant.operator == operator]
    # Without the parentheses that are there for safety.
    texts = [f"{ast.unparse(ast.parse(code))}\n" for code in made]

    assert any(wanted in text for text in texts), texts


def test_an_argument_is_ignored_in_the_way_of_the_first_sample() -> None:
    """A number is the sample's, an array keeps its shape alone."""
    body = 'def f(x, heads):\n    """Doc."""\n    return x * heads\n'
    texts = [m.code for m in _mutants(body, {"x": object(), "heads": 2}) if m.operator == "argument_ignored"]

    assert any("    heads = 2.0\n    return" in text for text in texts)
    assert any("    x = 0 * x + 1\n    return" in text for text in texts)


@pytest.mark.parametrize(
    "body",
    [
        _in_function("return x[heads + w]"),
        _in_function("return x.reshape(heads + w, -1)"),
        _in_function("return jnp.zeros(heads * w)"),
        _in_function("y: list[int] = []\n    return y"),
    ],
)
def test_sizes_and_types_are_no_arrays(body: str) -> None:
    """A sum that is a place or a shape has no term that could be forgotten, and `list[int]` has no row."""
    operators = {mutant.operator for mutant in _mutants(body)}

    assert not operators & {"term_dropped", "scale_dropped", "another_row", "residual_dropped"}


def test_two_mutants_at_one_line_are_told_apart_and_none_is_made_twice() -> None:
    """By what they say, not by where they stand."""
    mutants = _mutants("def f(x):\n    return x.sum() + x.sum()\n")

    assert len({mutant.id for mutant in mutants}) == len(mutants)
    assert len({mutant.code for mutant in mutants}) == len(mutants)
    assert len([mutant for mutant in mutants if mutant.operator == "another_reduction"]) == 2


def test_a_text_with_umlauts_and_a_form_feed_is_changed_at_the_right_place() -> None:
    """Places are counted in bytes, as the parser counts them."""
    body = "def f(x, w):\n    # Größe \x0c und Maß\n    return 'ä' * 0 or x - w\n"
    texts = [mutant.code for mutant in _mutants(body) if mutant.operator == "term_dropped"]

    assert any("return 'ä' * 0 or x\n" in text for text in texts)


def test_sentences_quote_nothing_of_the_reference() -> None:
    """A learner is told of the mistake, never how the reference is written."""
    body = (
        "def f(secret_name, other_secret):\n    return jnp.sqrt(secret_name @ other_secret.T).mean(axis=0)\n"
    )

    for mutant in _mutants(body):
        assert "secret" not in mutant.sentence
