"""Near misses: single edits of a reference that a tolerance or a draw could let through; how each must end.

Whatever seed is drawn, each ends the same: accepted, because the statement allows it or because a CPU
computes the same bits; or refused, by a case or probe whose inputs make it visible.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from app.core.problem import Problem

ALL = ("encoder-block", "vit-mean-pool", "vit-cls-token")
_MODELS = ALL[1:]


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMiss:
    """Edits of a reference, each old text with its new one wherever it stands, and why it ends as it does."""

    name: str
    edits: tuple[tuple[str, str], ...]
    accepted: bool
    because: str
    problems: tuple[str, ...] = ALL
    shows_in: tuple[str, ...] = ("checkpoint-faint", "gradient")
    """The lasting checks that refuse it, as far as they are made for that; empty for the cases themselves."""

    def made(self, problem: Problem) -> str:
        """Return the whole text.

        Raises:
            ValueError: the reference is written otherwise now.
        """
        code = problem.reference
        for old, new in self.edits:
            if old not in code:
                raise ValueError(f"{self.name}: {problem.slug} has no {old!r} any more")
            code = code.replace(old, new)
        return code


def near_misses(slug: str) -> Iterator[NearMiss]:
    """Yield those of one problem."""
    yield from (miss for miss in NEAR_MISSES if slug in miss.problems)


_LINEAR = "nnx.Linear(d_model, d_model, rngs=rngs)"
_NORM = "nnx.LayerNorm(d_model, rngs=rngs)"
_SCORES = "q @ k.swapaxes(-1, -2) / jnp.sqrt(q.shape[-1])"
_SOFTMAX = "jax.nn.softmax(scores, axis=-1)"
_LOOP = "            x = block(x)\n"
_FEED = "nnx.gelu(self.fc1(self.ln2(x)))"
_HALF, _BRAIN = ".astype(jnp.float16).astype(jnp.float32)", ".astype(jnp.bfloat16).astype(jnp.float32)"

_EPSILON = "Flax's default epsilon is the task's; a checkpoint whose stream is faint shows it"
_PRECISION = "the task computes in float32; large biases of the keys and many logits show less"
_STATED = "the statement asks for float32 and leaves the rest to the solution"
_SAME_BITS = "a CPU computes the same bits"


def _refused(name: str, *edits: tuple[str, str], because: str, problems: tuple[str, ...] = ALL) -> NearMiss:
    return NearMiss(name=name, edits=edits, accepted=False, because=because, problems=problems)


def _refused_by_cases(name: str, *edits: tuple[str, str], because: str) -> NearMiss:
    return NearMiss(name=name, edits=edits, accepted=False, because=because, shows_in=())


def _accepted(name: str, *edits: tuple[str, str], because: str, problems: tuple[str, ...] = ALL) -> NearMiss:
    return NearMiss(name=name, edits=edits, accepted=True, because=because, problems=problems)


def _norm(*lines: str) -> tuple[tuple[str, str], ...]:
    """Put a layer norm written by hand in the place of Flax's; it holds the same parameters."""
    body = "\n".join(f"        {line}" for line in lines)
    own = f"class Norm(nnx.LayerNorm):\n    def __call__(self, x):\n{body}\n\n\nclass MHA("
    return ("class MHA(", own), (_NORM, "Norm(d_model, rngs=rngs)")


_SCALED = "return centred * self.scale[...] + self.bias[...]"

_OF_NORMS = (
    _refused("epsilon 1e-5", (_NORM, _NORM.replace(", ", ", epsilon=1e-5, ", 1)), because=_EPSILON),
    *(
        _refused(
            f"epsilon 1e-5 in {name}",
            (f"self.{name} = {_NORM}", f"self.{name} = {_NORM.replace(', ', ', epsilon=1e-5, ', 1)}"),
            because=_EPSILON,
            problems=ALL if name != "ln_f" else _MODELS,
        )
        for name in ("ln1", "ln2", "ln_f")
    ),
    _refused("epsilon 1e-12", (_NORM, _NORM.replace(", ", ", epsilon=1e-12, ", 1)), because=_EPSILON),
    _refused(
        "epsilon beside the deviation",
        *_norm(
            "centred = x - x.mean(-1, keepdims=True)",
            "centred = centred / (x.std(-1, keepdims=True) + 1e-6)",
            _SCALED,
        ),
        because=_EPSILON,
    ),
    _refused(
        "unbiased variance",
        *_norm(
            "centred = x - x.mean(-1, keepdims=True)",
            "centred = centred / jnp.sqrt(x.var(-1, keepdims=True, ddof=1) + 1e-6)",
            _SCALED,
        ),
        because="a layer norm divides by the biased deviation; no case has so many channels that it hides",
    ),
    _accepted("epsilon written out", (_NORM, _NORM.replace(", ", ", epsilon=1e-6, ", 1)), because=_SAME_BITS),
    _accepted(
        "two-pass variance",
        (_NORM, _NORM.replace(", ", ", use_fast_variance=False, ", 1)),
        because=_STATED,
    ),
    _accepted(
        "variance by hand",
        *_norm(
            "centred = x - x.mean(-1, keepdims=True)",
            "centred = centred / jnp.sqrt(x.var(-1, keepdims=True) + 1e-6)",
            _SCALED,
        ),
        because=_STATED,
    ),
    _accepted(
        "one-pass variance by hand",
        *_norm(
            "mean = x.mean(-1, keepdims=True)",
            "variance = (x * x).mean(-1, keepdims=True) - mean * mean",
            "centred = (x - mean) * jax.lax.rsqrt(variance + 1e-6)",
            _SCALED,
        ),
        because=_STATED,
    ),
)

_TANH_FORM = "0.5 * h * (1 + jnp.tanh(jnp.sqrt(2 / jnp.pi) * (h + 0.044715 * h**3)))"
_GELU = "the task's is the tanh form; biases around -3 in front of it show another"
_OF_GELU = (
    _refused("exact GELU", (_FEED, _FEED.replace("(x)))", "(x)), approximate=False)")), because=_GELU),
    _refused(
        "exact GELU in one block",
        (_LOOP, f"{_LOOP}            EncoderBlock.exact = False\n        EncoderBlock.exact = True\n"),
        (
            _FEED,
            "nnx.gelu(self.fc1(self.ln2(x)), approximate=not EncoderBlock.exact)",
        ),
        ("class EncoderBlock(nnx.Module):\n", "class EncoderBlock(nnx.Module):\n    exact = True\n\n"),
        because=_GELU,
        problems=_MODELS,
    ),
    _refused(
        "GELU by a sigmoid",
        (_FEED, "(lambda h: h * jax.nn.sigmoid(1.702 * h))(self.fc1(self.ln2(x)))"),
        because=_GELU,
    ),
    _accepted(
        "tanh form by hand",
        (_FEED, f"(lambda h: {_TANH_FORM})(self.fc1(self.ln2(x)))"),
        because=_STATED,
    ),
)

_OF_PRECISION = (
    _refused(
        "scores in float16",
        (_SCORES, f"({_SCORES.replace('@ k', '@ k')}){_HALF}"),
        because=_PRECISION,
    ),
    _refused(
        "queries and keys in float16",
        (_SCORES, f"q{_HALF} @ k.swapaxes(-1, -2){_HALF} / jnp.sqrt(q.shape[-1])"),
        because=_PRECISION,
    ),
    _refused(
        "softmax in float16",
        (_SOFTMAX, "jax.nn.softmax(scores.astype(jnp.float16), axis=-1).astype(jnp.float32)"),
        because=_PRECISION,
    ),
    _refused(
        "softmax in bfloat16",
        (_SOFTMAX, "jax.nn.softmax(scores.astype(jnp.bfloat16), axis=-1).astype(jnp.float32)"),
        because=_PRECISION,
    ),
    _refused("weights in float16", (_SOFTMAX, f"{_SOFTMAX}{_HALF}"), because=_PRECISION),
    _refused("weights in bfloat16", (_SOFTMAX, f"{_SOFTMAX}{_BRAIN}"), because=_PRECISION),
    _refused(
        "values in float16",
        ("v = self._split(self.v_proj(x))", f"v = self._split(self.v_proj(x)){_HALF}"),
        because=_PRECISION,
    ),
    _refused(
        "projections in float16",
        (_LINEAR, _LINEAR.replace("rngs", "dtype=jnp.float16, rngs", 1)),
        because=_PRECISION,
    ),
    _refused(
        "feed-forward in float16",
        ("nnx.Linear(d_model, d_ff, ", "nnx.Linear(d_model, d_ff, dtype=jnp.float16, "),
        ("nnx.Linear(d_ff, d_model, ", "nnx.Linear(d_ff, d_model, dtype=jnp.float16, "),
        because=_PRECISION,
    ),
    _refused("hidden layer in float16", (_FEED, f"{_FEED}{_HALF}"), because=_PRECISION),
    _refused(
        "norms in float16", (_NORM, _NORM.replace("rngs", "dtype=jnp.float16, rngs", 1)), because=_PRECISION
    ),
    _refused(
        "stream in float16",
        ("x = x + self.mha(self.ln1(x))", f"x = (x + self.mha(self.ln1(x))){_HALF}"),
        because=_PRECISION,
    ),
    _refused(
        "stream in bfloat16",
        ("x = x + self.mha(self.ln1(x))", f"x = (x + self.mha(self.ln1(x))){_BRAIN}"),
        because=_PRECISION,
    ),
    _refused(
        "patches in float16",
        ('padding="VALID", rngs', 'padding="VALID", dtype=jnp.float16, rngs'),
        because=_PRECISION,
        problems=_MODELS,
    ),
    _refused(
        "input in float16",
        ("jnp.asarray(image, jnp.float32)", f"jnp.asarray(image, jnp.float32){_HALF}"),
        because=_PRECISION,
        problems=_MODELS,
    ),
    _refused(
        "input in float16",
        ("jnp.asarray(x, jnp.float32)", f"jnp.asarray(x, jnp.float32){_HALF}"),
        because=_PRECISION,
        problems=ALL[:1],
    ),
    _refused(
        "head in float16",
        ("nnx.Linear(d_model, num_classes, ", "nnx.Linear(d_model, num_classes, dtype=jnp.float16, "),
        ("return model(image)", "return model(image).astype(jnp.float32)"),
        because=_PRECISION,
        problems=_MODELS,
    ),
    _refused(
        "logits in float16",
        ("return model(image)", f"return model(image){_HALF}"),
        because=_PRECISION,
        problems=_MODELS,
    ),
    _refused(
        "logits to four digits",
        ("return model(image)", "return jnp.round(model(image), 4)"),
        because=_PRECISION,
        problems=_MODELS,
    ),
    _accepted(
        "products of bfloat16",
        (_SCORES, 'jnp.matmul(q, k.swapaxes(-1, -2), precision="BF16_BF16_F32") / jnp.sqrt(q.shape[-1])'),
        because=_SAME_BITS,
    ),
    _accepted(
        "matmul precision bfloat16",
        (
            "        scores = ",
            '        with jax.default_matmul_precision("bfloat16"):\n            scores = ',
        ),
        because=_SAME_BITS,
    ),
    _accepted(
        "matmul precision highest",
        ("        scores = ", '        with jax.default_matmul_precision("highest"):\n            scores = '),
        because=_SAME_BITS,
    ),
)

_TURNED = "        q, k, v = (part.swapaxes(0, 1) for part in (q, k, v))"
_OF_JAX = "jax.nn.dot_product_attention(q, k, v).swapaxes(0, 1)"
_OF_ATTENTION = (
    _accepted(
        "softmax without its maximum",
        (_SOFTMAX, "jnp.exp(scores) / jnp.exp(scores).sum(-1, keepdims=True)"),
        because=_STATED,
    ),
    _accepted(
        "queries scaled first", (_SCORES, "(q / jnp.sqrt(q.shape[-1])) @ k.swapaxes(-1, -2)"), because=_STATED
    ),
    _accepted(
        "scaled by a power", (_SCORES, "q @ k.swapaxes(-1, -2) * q.shape[-1] ** -0.5"), because=_STATED
    ),
    _accepted(
        "attention of JAX",
        ("        heads = weights @ v", f"{_TURNED}\n        heads = {_OF_JAX}"),
        because=_STATED,
    ),
)

_KEYS = "the same seed has to give the task's parameters"
_OF_DRAWS = (
    _refused_by_cases(
        "one key for queries and keys",
        (
            f"self.k_proj = {_LINEAR}",
            f"self.k_proj = {_LINEAR}\n        self.k_proj.kernel[...] = self.q_proj.kernel[...]",
        ),
        because=_KEYS,
    ),
    _refused_by_cases(
        "the stream again for the values",
        (
            f"self.v_proj = {_LINEAR}",
            f"self.v_proj = {_LINEAR.replace('rngs=rngs', 'rngs=nnx.Rngs(rngs.params.key.get_value())')}",
        ),
        because=_KEYS,
    ),
)

_CUT = "a parameter that no gradient reaches is never trained; the gradient probe sees it"
_OF_GRADIENTS = (
    _refused(
        "float64 in NumPy",
        ("import jax\n", "import jax\nimport numpy as np\n"),
        (
            _SCORES,
            _SCORES.replace(
                "q @ k", "jnp.asarray(np.asarray(q, np.float64) @ np.asarray(k, np.float64)"
            ).replace(" /", ", jnp.float32) /"),
        ),
        because=_CUT,
    ),
    *(
        _refused(
            f"gradient stopped at {name}",
            (f"self.{name}[...]", f"jax.lax.stop_gradient(self.{name}[...])"),
            because=_CUT,
            problems=problems,
        )
        for name, problems in (("cls_token", ALL[2:]), ("pos_embed", _MODELS))
    ),
    _refused(
        "gradient stopped at the weights", (_SOFTMAX, f"jax.lax.stop_gradient({_SOFTMAX})"), because=_CUT
    ),
    _accepted(
        "float64 in NumPy after the model",
        ("import jax\n", "import jax\nimport numpy as np\n"),
        ("return model(image)", "return np.asarray(model(image), np.float64).astype(np.float32)"),
        because=_SAME_BITS,
        problems=_MODELS,
    ),
)

_WAYS = (
    _accepted(
        "compiled",
        ("return model(image)", "return nnx.jit(lambda model, image: model(image))(model, image)"),
        because=_STATED,
        problems=_MODELS,
    ),
    _accepted(
        "mean as a sum", ("x.mean(axis=0)", "x.sum(axis=0) / x.shape[0]"), because=_STATED, problems=ALL[1:2]
    ),
)

NEAR_MISSES = (*_OF_NORMS, *_OF_GELU, *_OF_PRECISION, *_OF_ATTENTION, *_OF_DRAWS, *_OF_GRADIENTS, *_WAYS)
