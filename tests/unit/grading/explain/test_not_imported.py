"""A name that is known is told with its import; one that may be a variable's is left to what looks alike."""

import importlib

import pytest

from app.grading.explain.explain import explain
from app.grading.explain.not_imported import OF_PYTHON


@pytest.mark.parametrize(
    ("name", "line", "said"),
    [
        ("time", "start = time.time()", "`time` is not imported: write `import time` at the top."),
        ("os", "os.environ['A'] = '1'", "write `import os`"),
        ("Optional", "def f(x: Optional[int]): ...", "write `from typing import Optional`"),
        ("Callable", "f: Callable", "write `from collections.abc import Callable`"),
        ("reduce", "reduce(f, x)", "write `from functools import reduce`"),
        ("jnp", "jnp.zeros(3)", "write `import jax.numpy as jnp`"),
        ("einsum", "y = einsum('ij->ji', x)", "There is no variable `einsum` here: write `jnp.einsum`."),
        ("Linear", "self.a = Linear(3, 4, rngs=rngs)", "write `nnx.Linear`"),
        ("softmax", "y = softmax(x)", "use `jax.nn.softmax`"),
        ("Dense", "self.a = Dense(3)", "use `nnx.Linear`"),
        ("keras", "keras.layers.Dense(3)", "there is no PyTorch or TensorFlow here"),
        ("Tensor", "x: Tensor = y", "there is no PyTorch or TensorFlow here"),
        ("linen", "linen.Dense(3)", "is the older Flax"),
        ("hk", "hk.Linear(3)", "Haiku"),
        ("rearrange", "rearrange(x, 'a b -> b a')", "comes from `einops`, which is not there"),
        ("drive", "drive.mount('/content/drive')", "only there in Colab"),
        ("xrange", "for i in xrange(3):", "is Python 2: write `range`"),
    ],
)
def test_a_known_name_is_told_with_what_to_write(name: str, line: str, said: str) -> None:
    """Also where another name looks alike."""
    assert said in explain("NameError", f"name '{name}' is not defined", line=line, nearest="")
    assert said in explain("NameError", f"name '{name}' is not defined", line=line, nearest="likeness")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("time", "y = time + 1"),
        ("string", "return string"),
        ("mean", "y = x - mean"),
        ("files", "for f in files:"),
    ],
)
def test_a_name_that_may_be_a_variables_is_left_to_what_looks_alike(name: str, line: str) -> None:
    said = explain("NameError", f"name '{name}' is not defined", line=line, nearest="times")
    assert said == f"There is no variable `{name}` here. Is `times` meant?"


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            "module 'jax.numpy' has no attribute 'randn'",
            "`randn` is not in `jax.numpy`: use `jax.random.normal`",
        ),
        ("module 'flax.nnx' has no attribute 'Embedding'", "use `nnx.Embed`"),
        ("'jaxlib._jax.ArrayImpl' object has no attribute 'cuda'", "there is no need for it"),
        ("'jaxlib._jax.ArrayImpl' object has no attribute 'backward'", "what does the same is `jax.grad`"),
        ("'Linear' object has no attribute 'weight'", "is `kernel` here"),
        ("'Net' object has no attribute 'forward'", "write `__call__` in its place"),
        ("'Net' object has no attribute 'state_dict'", "`nnx.state(model)` has it"),
        ("'Net' object has no attribute 'weight'", "was it set in `__init__`"),
    ],
)
def test_what_pytorch_has_is_told_with_what_does_it_here(message: str, said: str) -> None:
    assert said in explain("AttributeError", message)


@pytest.mark.parametrize("module", OF_PYTHON)
def test_what_is_recommended_of_pythons_library_is_there(module: str) -> None:
    there = vars(importlib.import_module(module))
    assert [name for name in OF_PYTHON[module].split() if name not in there] == []
