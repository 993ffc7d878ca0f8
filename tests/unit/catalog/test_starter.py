"""A starter that the grader would refuse, whatever a learner adds to it, is refused itself."""

import ast
from pathlib import Path

import pytest

from app.catalog.faults import PackageFault
from app.catalog.problem_folder import load_folders, read_problem
from app.catalog.starter import starter_faults
from app.errors import ProblemError
from sandbox.forbidden_names import first_forbidden
from tests.support.toy_problem import toy_files, toy_problem, write_toy_folders

_FORBIDDEN = ("nnx.MultiHeadAttention", "jax.numpy.linalg.qr")


def _faults(starter: str) -> list[PackageFault]:
    return list(starter_faults(toy_problem().manifest.entry, _FORBIDDEN, starter))


@pytest.mark.parametrize(
    ("starter", "said"),
    [
        ("", "starter.py: has no code; define `shift`; it is what learners begin with"),
        ("\n  \n", "starter.py: has no code"),
        ("# to be written\n", "starter.py: has no code"),
        ("def shift(seed, x)\n    pass\n", "starter.py:1: is no Python: expected ':'"),
        ("def shift(seed, x):\n    pass\n%time\n", "starter.py:3: is no Python: "),
        (
            "def shift(seed, x):\n    pass\0\n",
            "starter.py: is no Python: source code string cannot contain null",
        ),
        (
            "def shfit(seed, x): ...",
            "does not define `shift`, which entry.function in problem.toml names; it",
        ),
        (
            "def Shift(seed, x): ...",
            "does not define `shift`, which entry.function in problem.toml names; it",
        ),
        ("class A:\n    def shift(seed, x): ...", "does not define `shift`"),
        (
            "def f():\n    def shift(seed, x): ...",
            "in problem.toml names; it defines f",
        ),
        ("if __name__ == '__main__':\n    def shift(seed, x): ...", "does not define `shift`"),
        ("import jax", "starter.py: does not define `shift`"),
        (
            "def shift(x, seed): ...",
            "starter.py:1: `entry` in problem.toml calls shift(seed, x), but this is shift(x, s",
        ),
        ("\ndef shift(seed): ...", "starter.py:2: `entry` in problem.toml calls shift(seed, x), but"),
        ("def shift(seed, x, y): ...", "calls shift(seed, x), but this is shift(seed, x, y)"),
        ("def shift(): ...", "calls shift(seed, x), but this is shift()"),
        ("def shift(*, seed, x): ...", "calls shift(seed, x), but this is shift(*, seed, x)"),
        ("def shift(seed, x, *, y): ...", "calls shift(seed, x), but this is shift(seed, x, *, y)"),
        ("def shift(seed, x): ...\ndef shift(x, seed): ...", "starter.py:2: `entry` in problem.toml calls"),
        (
            "async def shift(seed, x): ...",
            "starter.py:1: `shift` is an `async def`, and it is called",
        ),
        (
            "from flax import nnx\ndef shift(seed, x):\n    return nnx.MultiHeadAttention(8)",
            "starter.py:3: uses nnx.MultiHeadAttention, which `forbidden` in problem.toml rules out",
        ),
        ("from flax.nnx import MultiHeadAttention\ndef shift(seed, x): ...", "starter.py:1: uses nnx.Multi"),
    ],
)
def test_an_unusable_starter_is_refused_with_its_line_and_the_key(starter: str, said: str) -> None:
    [fault] = _faults(starter)
    assert said in str(fault)


@pytest.mark.parametrize(
    "starter",
    [
        "def shift(seed, x):\n    raise NotImplementedError\n",
        "\ufeffdef shift(seed, x): ...",
        "def shift(seed: float, x, y=1, *rest, z=2, **others) -> int: ...",
        "def shift(*arguments): ...",
        "def shift(seed, image): ...",
        "def shift(seed, /, x): ...",
        "def _shift(seed, x): ...\nshift = _shift",
        "import jax\n@jax.jit\ndef shift(seed, x): ...",
        "try:\n    def shift(seed, x): ...\nexcept ImportError:\n    pass",
        "if True:\n    def shift(seed, x): ...",
        "class Shift:\n    def __call__(self, seed, x): ...\nshift = Shift()",
        "from a import b as shift",
        "def shift(x, seed): ...\ndef shift(seed, x): ...",
        "# nnx.MultiHeadAttention is to be built\ndef shift(seed, x):\n    'no nnx.MultiHeadAttention'\n",
        "class MultiHeadAttention: ...\ndef shift(seed, x): ...",
    ],
)
def test_a_usable_starter_is_accepted(starter: str) -> None:
    assert _faults(starter) == []


_USES = [
    "from flax import nnx\nnnx.MultiHeadAttention(1)",
    "import flax\nflax.nnx.MultiHeadAttention",
    "import flax.nnx as n\nn.MultiHeadAttention",
    "from flax import nnx as n\nn.MultiHeadAttention.init",
    "from flax.nnx import MultiHeadAttention as A",
    "import jax.numpy as jnp\njnp.linalg.qr(1)",
    "from jax.numpy import linalg\nlinalg.qr",
    "from jax.numpy.linalg import qr, svd",
    "import jax.numpy as jnp\njnp.linalg.svd(1)",
    "nnx.Linear(1)",
    "a().nnx.MultiHeadAttention",
    "MultiHeadAttention",
    "'nnx.MultiHeadAttention'",
]


@pytest.mark.parametrize("uses", _USES)
def test_a_starter_is_searched_for_forbidden_names_as_a_submission_is(uses: str) -> None:
    """By the same search."""
    text = f"def shift(seed, x): ...\n{uses}\n"
    found = first_forbidden(ast.parse(text), _FORBIDDEN)
    if found is None:
        assert _faults(text) == []
        return
    [fault] = _faults(text)
    assert f"starter.py:{found.line}: uses {found.name}," in str(fault)


@pytest.mark.parametrize(
    "starter", [b"", b"def shift(x, seed): ...", b"\xff\xfed\0e\0f\0", b"def shift(seed, x): '\xe4'"]
)
def test_a_package_with_such_a_starter_is_refused_by_whoever_reads_it(tmp_path: Path, starter: bytes) -> None:
    """At the start of a service, by `validate`, and when it is published."""
    with pytest.raises(ProblemError, match=r"^starter\.py(:1)?: "):
        read_problem({**toy_files(), "starter.py": starter})
    write_toy_folders(tmp_path)
    (tmp_path / "problems" / "1-toy-shift" / "starter.py").write_bytes(starter)
    loaded = load_folders(tmp_path / "problems", tmp_path / "references")
    assert not loaded.problems
    assert loaded.refused[0].message.startswith("1-toy-shift/starter.py:")
