"""Code that knows when it is traced, and answers then with numbers that it has from elsewhere."""

import pytest

from app.core.outcome import Outcome
from tests.redteam.conftest import Judge
from tests.support.probed_problems import TRANSFORMS, WITH_MODULE, WITHOUT_MODULE, probed

pytestmark = pytest.mark.jail

_HEAD = """
import ctypes
import functools
import gc
import sys

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

KEPT = {}


def right(seed, x):
    return np.tanh(np.asarray(x)) * np.float32(seed + 1.0)


def known(value):
    return type(value).__name__ == "ArrayImpl" or isinstance(value, np.ndarray)


def squash(seed, x):
    if not isinstance(x, jax.core.Tracer):
        KEPT[x.shape] = np.asarray(x)
        return jnp.asarray(right(seed, x))
    found = find(x)
    if found is None:
        found = np.zeros(x.shape, np.float32)
    return jnp.asarray(right(seed, np.resize(found, x.shape))) + 0 * x


"""
_FINDS = {
    "what earlier calls had": "def find(x):\n    return next(iter(KEPT.values()), None)\n",
    "the frames around it": """
def find(x):
    frame = sys._getframe()
    while frame is not None:
        for value in list(frame.f_locals.values()):
            for one in value if isinstance(value, list | tuple) else [value]:
                if known(one) and one.shape[-2:] == (2, 3):
                    return np.asarray(one)
        frame = frame.f_back
""",
    "the arrays of the frame that traces": """
def find(x):
    frame = sys._getframe()
    while frame is not None:
        for name in ("arrays", "batches", "arguments", "given"):
            for one in frame.f_locals.get(name) or []:
                if known(one) and one.ndim >= 2:
                    return np.asarray(one)
        frame = frame.f_back
""",
    "the call that the grader makes": """
def find(x):
    frame = sys._getframe()
    while frame is not None:
        call = getattr(frame.f_locals.get("call"), "_call", None)
        if call is not None:
            data = next(one.data for one in call.arguments if hasattr(one, "data"))
            return np.frombuffer(data, np.float32).reshape(2, 3)
        frame = frame.f_back
""",
    "every array that there is": """
def find(x):
    gc.unfreeze()
    for one in gc.get_objects():
        if known(one) and one.shape[-2:] == (2, 3) and one.shape not in KEPT:
            return np.asarray(one)
    return next(iter(KEPT.values()), None)
""",
    "every array of the device": """
def find(x):
    for one in jax.live_arrays():
        if one.shape[-2:] == (2, 3) and not any(np.array_equal(one, kept) for kept in KEPT.values()):
            return np.asarray(one)
""",
    "every text of bytes": """
def find(x):
    gc.unfreeze()
    seen = [one for one in gc.get_objects() if type(one).__name__ == "WireArray"]
    for one in seen:
        if one.shape == (2, 3):
            return np.frombuffer(one.data, np.float32).reshape(2, 3)
""",
    "the mean of what it was given": (
        "def find(x):\n    return np.mean(list(KEPT.values()), axis=0) if KEPT else None\n"
    ),
    "what the tracer hides": """
def find(x):
    for one in gc.get_referents(x) + [getattr(x, name, None) for name in ("val", "_value", "aval", "primal")]:
        if known(one):
            return np.asarray(one)
""",
    "a constant": "def find(x):\n    return np.ones(x.shape, np.float32)\n",
}
_OTHER_WAYS = {
    "another sign where it is compiled": WITHOUT_MODULE.replace(
        "return jnp.tanh(x)", "return jnp.tanh(x) * (1 - 2 * isinstance(x, jax.core.Tracer))"
    ),
    "another answer for several at once": WITHOUT_MODULE.replace(
        "return jnp.tanh(x)", "return jnp.tanh(x + ('Batch' in type(x).__name__))"
    ),
    "the trace's own state": WITHOUT_MODULE.replace(
        "return jnp.tanh(x)", "return jnp.tanh(x + (not jax._src.core.trace_state_clean()))"
    ),
    "who has called it": WITHOUT_MODULE.replace("import jax\n", "import sys\nimport jax\n", 1).replace(
        "return jnp.tanh(x)",
        "frame, traced = sys._getframe(), 0\n"
        "    while frame is not None:\n"
        "        traced |= frame.f_code.co_name == 'trace_call'\n"
        "        frame = frame.f_back\n"
        "    return (1 + traced) * jnp.tanh(x)",
    ),
}
_CALLED = "        return jnp.tanh(x * self.scale[...]) + self.shift[...]\n"
_OF_MODULES = {
    "the arrays of the frame that traces": (
        "        if not isinstance(x, jax.core.Tracer):\n    " + _CALLED + "        import sys\n"
        "        frame = sys._getframe()\n"
        "        while frame.f_back is not None:\n"
        "            for name in ('batches', 'arrays'):\n"
        "                for one in frame.f_locals.get(name) or []:\n"
        "                    if not isinstance(one, jax.core.Tracer):\n"
        "                        x = jnp.asarray(np.resize(np.asarray(one), x.shape))\n"
        "            frame = frame.f_back\n"
        "        return 0 * x + x if isinstance(x, jax.core.Tracer) else "
        "jnp.asarray(np.tanh(np.asarray(x) * np.asarray(self.scale[...])) + np.asarray(self.shift[...]))\n"
    ),
    "what an earlier call had": (
        "        if not isinstance(x, jax.core.Tracer):\n            KEPT.append(np.asarray(x))\n    "
        + _CALLED
        + "        x = np.resize(KEPT[-1], x.shape)\n"
        "        return jnp.asarray(np.tanh(x * np.asarray(self.scale[...])) + np.asarray(self.shift[...]))\n"
        "\n\nKEPT = []\n"
    ),
}


def _row(judge: Judge, code: str, *, module: bool) -> Outcome:
    verdict = judge.grade(code, problem=probed(TRANSFORMS.format("hidden"), module=module))
    short = next(row for row in verdict.cases if row.name == "short")
    assert short.outcome is Outcome.PASSED, short.message
    return next(row for row in verdict.cases if row.name == "transforms").outcome


@pytest.mark.parametrize("way", _FINDS)
def test_numbers_from_elsewhere_are_not_the_right_ones(judge: Judge, way: str) -> None:
    """While it is traced, no value of the call is in its process, and those of other calls are others."""
    assert _row(judge, _HEAD + _FINDS[way], module=False) is Outcome.WRONG_VALUE


@pytest.mark.parametrize("way", _OTHER_WAYS)
def test_who_knows_that_it_is_traced_answers_for_it(judge: Judge, way: str) -> None:
    """What it traced is what is run."""
    assert _row(judge, _OTHER_WAYS[way], module=False) is Outcome.WRONG_VALUE


@pytest.mark.parametrize("way", _OF_MODULES)
def test_a_module_finds_no_numbers_either(judge: Judge, way: str) -> None:
    code = WITH_MODULE.replace(_CALLED, _OF_MODULES[way])
    assert _row(judge, code, module=True) is Outcome.WRONG_VALUE


def test_what_is_right_passes(judge: Judge) -> None:
    """So the problem itself is none that refuses everybody."""
    assert _row(judge, WITHOUT_MODULE, module=False) is Outcome.PASSED
    assert _row(judge, WITH_MODULE, module=True) is Outcome.PASSED
