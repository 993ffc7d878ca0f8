"""Single mistakes beside the variants, each made by changing the reference's own text.

None of them is known to the problem, so that it shows what a diagnosis makes of a mistake that it has never
seen: it may find the right name, or none, but never a wrong one.
"""

import msgspec

from app.core.problem import Problem
from app.core.verdict import Diagnosis, DiagnosisKind

_DIVERGENCE = DiagnosisKind.DIVERGENCE
_SHAPE = DiagnosisKind.ERROR_SHAPE
_PARAMETERS = (DiagnosisKind.PARAMETERS, "parameters")
_ORDER = (DiagnosisKind.CREATION_ORDER, "creation_order")


class Mistake(msgspec.Struct, frozen=True, kw_only=True):
    """`old` stands once in the reference of `problem`, and `new` in its place is wrong.

    `names` are the diagnoses that would be right, by kind and id; where there are none, or it finds none,
    a diagnosis has to abstain.
    """

    problem: str
    name: str
    old: str
    new: str
    names: frozenset[tuple[DiagnosisKind, str]] = frozenset()

    def made(self, problem: Problem) -> str:
        """The whole wrong solution.

        Raises:
            AssertionError: the reference has changed, and the mistake with it.
        """
        assert problem.reference.count(self.old) == 1, (
            f"{self.name}: {problem.reference.count(self.old)} times"
        )
        return problem.reference.replace(self.old, self.new)

    def is_named_rightly(self, diagnosis: Diagnosis) -> bool:
        """Whether every name that is told is a right one."""
        return all((diagnosis.kind, name) in self.names for name in (diagnosis.id, *diagnosis.others))


def _stages(*names: str) -> frozenset[tuple[DiagnosisKind, str]]:
    """The first place where the numbers part."""
    return frozenset((_DIVERGENCE, name) for name in names)


def _shapes(*names: str) -> frozenset[tuple[DiagnosisKind, str]]:
    """What the wrong numbers look like."""
    return frozenset((_SHAPE, name) for name in names)


_KEYS = """k = self._split(self.k_proj(x))  # (num_heads, T, d_head)
        v = self._split(self.v_proj(x))"""
_SOFTMAX = "weights = jax.nn.softmax(scores, axis=-1)"
_BLOCKS = """for block in self.blocks:
            x = block(x)
        x = self.ln_f(x)"""
_DENSE = """self.fc1 = nnx.Linear(d_model, d_ff, rngs=rngs)
        self.fc2 = nnx.Linear(d_ff, d_model, rngs=rngs)"""
_IN_BLOCK = _stages("block 1: joined heads")
_IN_HEADS = _stages("joined heads")

ENCODER_BLOCK = (
    Mistake(
        problem="encoder-block",
        name="keys and values swapped",
        old=_KEYS,
        new="k = self._split(self.v_proj(x))\n        v = self._split(self.k_proj(x))",
        names=_IN_HEADS,
    ),
    Mistake(
        problem="encoder-block",
        name="tokens look back only",
        old=_SOFTMAX,
        new="weights = jax.nn.softmax(jnp.where(jnp.tri(x.shape[0]) > 0, scores, -1e9), axis=-1)",
        names=_IN_HEADS,
    ),
    Mistake(
        problem="encoder-block",
        name="scores without softmax",
        old=_SOFTMAX,
        new="weights = scores",
        names=_IN_HEADS,
    ),
    Mistake(
        problem="encoder-block",
        name="softmax over the heads",
        old="softmax(scores, axis=-1)",
        new="softmax(scores, axis=0)",
        names=_IN_HEADS,
    ),
    Mistake(
        problem="encoder-block",
        name="exact GELU",
        old="nnx.gelu(self.fc1(self.ln2(x)))",
        new="nnx.gelu(self.fc1(self.ln2(x)), approximate=False)",
        names=_stages("gelu"),
    ),
    Mistake(
        problem="encoder-block",
        name="another epsilon",
        old="self.ln1 = nnx.LayerNorm(d_model, rngs=rngs)",
        new="self.ln1 = nnx.LayerNorm(d_model, epsilon=1e-2, rngs=rngs)",
        names=_stages("ln1"),
    ),
    Mistake(
        problem="encoder-block",
        name="attention reads what is not normalised",
        old="self.mha(self.ln1(x))",
        new="self.mha(x)",
        names=_stages("between the input and into attention"),
    ),
    Mistake(
        problem="encoder-block",
        name="flattened by column",
        old="jnp.float32)).reshape(-1)",
        new="jnp.float32)).T.reshape(-1)",
        names=_shapes("transposed", "permuted"),
    ),
    Mistake(
        problem="encoder-block",
        name="twice the answer",
        old="return block(jnp.asarray(x, jnp.float32)).reshape(-1)",
        new="return 2 * block(jnp.asarray(x, jnp.float32)).reshape(-1)",
        names=_shapes("constant_ratio"),
    ),
    Mistake(
        problem="encoder-block",
        name="dense layers made in the other order",
        old=_DENSE,
        new="\n        ".join(reversed([line.strip() for line in _DENSE.splitlines()])),
        names=frozenset({_ORDER}),
    ),
    Mistake(
        problem="encoder-block",
        name="queries without a bias",
        old="self.q_proj = nnx.Linear(d_model, d_model, rngs=rngs)",
        new="self.q_proj = nnx.Linear(d_model, d_model, use_bias=False, rngs=rngs)",
        names=frozenset({_PARAMETERS}),
    ),
)

MEAN_POOL = (
    Mistake(
        problem="vit-mean-pool",
        name="patches upside down",
        old="x = grid.reshape(",
        new="x = grid[::-1].reshape(",
        names=_stages("with_positions"),
    ),
    Mistake(
        problem="vit-mean-pool",
        name="positions added twice",
        old="x = x + self.pos_embed[...]",
        new="x = x + 2 * self.pos_embed[...]",
        names=_stages("with_positions"),
    ),
    Mistake(
        problem="vit-mean-pool",
        name="final norm before the blocks",
        old=_BLOCKS,
        new="x = self.ln_f(x)\n        for block in self.blocks:\n            x = block(x)",
        names=_stages("stage_order", "with_positions"),
    ),
    Mistake(
        problem="vit-mean-pool",
        name="last block left out",
        old="for block in self.blocks:",
        new="for block in list(self.blocks)[:-1]:",
        names=_stages("between patches and into ln_f", "between block 1 and into ln_f"),
    ),
    Mistake(
        problem="vit-mean-pool",
        name="blocks in reverse",
        old="for block in self.blocks:",
        new="for block in reversed(list(self.blocks)):",
        names=_stages("stage_order"),
    ),
    Mistake(
        problem="vit-mean-pool",
        name="mean over the features",
        old="x.mean(axis=0)",
        new="x.mean(axis=1)",
    ),
    Mistake(
        problem="vit-mean-pool",
        name="probabilities in place of logits",
        old="return self.head(x.mean(axis=0))",
        new="return jax.nn.softmax(self.head(x.mean(axis=0)))",
        names=_shapes("softmax") | _stages("after head"),
    ),
    Mistake(
        problem="vit-mean-pool",
        name="one added to the answer",
        old="return model(image)",
        new="return model(image) + 1.0",
        names=_shapes("constant_offset") | _stages("after head"),
    ),
    Mistake(
        problem="vit-mean-pool",
        name="one class too many",
        old="self.head = nnx.Linear(d_model, num_classes, rngs=rngs)",
        new="self.head = nnx.Linear(d_model, num_classes + 1, rngs=rngs)",
        names=frozenset({_PARAMETERS}),
    ),
    Mistake(
        problem="vit-mean-pool",
        name="one head, whatever was asked for",
        old="self.num_heads = num_heads",
        new="self.num_heads = 1",
        names=_IN_BLOCK,
    ),
)

CLS_TOKEN = (
    Mistake(
        problem="vit-cls-token",
        name="head on every token",
        old="return self.head(x[0])",
        new="return self.head(x)",
        names=_stages("after ln_f", "head", "after head"),
    ),
    Mistake(
        problem="vit-cls-token",
        name="CLS starts as ones",
        old="nnx.Param(jnp.zeros((1, d_model)))",
        new="nnx.Param(jnp.ones((1, d_model)))",
        names=frozenset({_PARAMETERS}),
    ),
    Mistake(
        problem="vit-cls-token",
        name="CLS added to the patches as well",
        old="jnp.concatenate([self.cls_token[...], patches], axis=0)",
        new="jnp.concatenate([self.cls_token[...], patches + self.cls_token[...]], axis=0)",
        names=_stages("with_positions"),
    ),
    Mistake(
        problem="vit-cls-token",
        name="heads joined without a swap",
        old="heads.swapaxes(0, 1).reshape(x.shape)",
        new="heads.reshape(x.shape)",
        names=_IN_BLOCK,
    ),
    Mistake(
        problem="vit-cls-token",
        name="queries from the layer of the keys",
        old="q = self._split(self.q_proj(x))",
        new="q = self._split(self.k_proj(x))",
        names=_IN_BLOCK,
    ),
    Mistake(
        problem="vit-cls-token",
        name="table of positions a row short",
        old="jnp.zeros((num_patches + 1, d_model))",
        new="jnp.zeros((num_patches, d_model))",
    ),
    Mistake(
        problem="vit-cls-token",
        name="logarithms of probabilities",
        old="return self.head(x[0])",
        new="return jax.nn.log_softmax(self.head(x[0]))",
        names=_shapes("log_softmax") | _stages("after head"),
    ),
    Mistake(
        problem="vit-cls-token",
        name="rows and columns of the image swapped",
        old="grid = self.patch_embed(image)",
        new="grid = self.patch_embed(image.swapaxes(0, 1))",
        names=_stages("patches"),
    ),
    Mistake(
        problem="vit-cls-token",
        name="one block applied again and again",
        old="for block in self.blocks:\n            x = block(x)",
        new="for _ in self.blocks:\n            x = self.blocks[0](x)",
        names=_stages("between patches and into ln_f", "between block 1 and into ln_f"),
    ),
)

MISTAKES = (*ENCODER_BLOCK, *MEAN_POOL, *CLS_TOKEN)
