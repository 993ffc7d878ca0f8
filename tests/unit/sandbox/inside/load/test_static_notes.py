"""Notes on a text: certain, few, and none on what is well written."""

import ast
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.problem_folder import load_folders, read_problem
from sandbox.inside.load.static_notes import static_notes
from tests.support.checkout import CHECKOUT
from tests.support.toy_problem import REFERENCE


def _notes(code: str, entry: str = "f") -> tuple[str, ...]:
    return static_notes(ast.parse(textwrap.dedent(code)), entry)


@pytest.mark.parametrize(
    ("code", "beginning"),
    [
        ("def f(a, b):\n    return a\n", "line 1: `f` never uses its parameter `b`."),
        ("\ndef f(a, b, c, d):\n    return b + d\n", "line 2: `f` never uses its parameters `a`, `c`."),
        ("import numpy as np\ndef f():\n    return np.random.normal()\n", "line 3: `np.random.normal` draws"),
        ("from numpy import random\ndef f():\n    return random.rand(3)\n", "line 3: `np.random.rand` draws"),
        ("import random\ndef f():\n    return random.random()\n", "line 3: `random.random` draws"),
        ("from random import gauss\ndef f():\n    return gauss(0, 1)\n", "line 1: `random.gauss` draws"),
        ("def g(x, kept=[]):\n    return kept\ndef f():\n    return g(1)\n", "line 1: the default of `kept`"),
        ("def f(*, kept={}):\n    return kept\n", "line 1: the default of `kept`"),
        ("def f(n):\n    for i in range(n):\n        if i:\n            print(i)\n", "line 4: this `print`"),
        ("def f(n):\n    while n:\n        print(n)\n", "line 3: this `print`"),
    ],
)
def test_what_is_worth_a_word_gets_one(code: str, beginning: str) -> None:
    """With the line, and what to write in its place."""
    assert len([note for note in _notes(code) if note.startswith(beginning)]) == 1


@pytest.mark.parametrize(
    "code",
    [
        REFERENCE.replace("def shift", "def f"),
        "def f(a, b):\n    raise NotImplementedError\n",
        'def f(a, b):\n    """To be written."""\n    ...\n',
        "def f(a, b, c):\n    return a  # to be finished\n",
        "def f(a, _b):\n    return a\n",
        "def f(a, b):\n    def inner():\n        return b\n    return a + inner()\n",
        "def f(a, b):\n    return sum(locals().values())\n",
        "import numpy as np\ndef f():\n    return np.random.default_rng(3).normal()\n",
        "import jax\ndef f():\n    return jax.random.normal(jax.random.key(0))\n",
        "from jax import random\ndef f():\n    return random.normal(random.key(0))\n",
        "def f(x, kept=()):\n    return x, kept\n",
        "def f(x):\n    print(x)\n    return x\n",
        "f = max\n",
        "",
    ],
)
def test_what_is_well_written_gets_none(code: str) -> None:
    """A note that is not true, or not useful, makes all others worthless."""
    assert _notes(code) == ()


def test_there_are_few_notes_on_any_text() -> None:
    """A wall of remarks is not read."""
    code = "".join(f"def g{i}(a=[], b={{}}):\n    return a, b\n" for i in range(50))

    assert len(_notes(code)) <= 6


_NAMES = st.sampled_from(["f", "a", "np", "random", "print", "locals", "x" * 200, "ж"])


@given(st.lists(_NAMES, max_size=6, unique=True), st.lists(_NAMES, max_size=6), st.booleans())
def test_any_text_gets_bounded_notes(parameters: list[str], used: list[str], loops: bool) -> None:
    """They travel in a report whose fields are bounded."""
    body = "".join(f"        print({name}.random.rand)\n" for name in used) or "        pass\n"
    head = "    while True:\n" if loops else "    if True:\n"
    notes = _notes(f"import numpy as np\ndef f({', '.join(parameters)}):\n{head}{body}")

    assert all(len(note) <= 2000 for note in notes)


def _solutions() -> list[tuple[str, str]]:
    loaded = load_folders(CHECKOUT / "problems", CHECKOUT / "reference_solutions")
    problems = [read_problem(files) for files in loaded.problems.values()]
    return [
        (problem.manifest.entry.function, code)
        for problem in problems
        for code in (problem.reference, problem.starter, *problem.also_right.values())
    ]


def test_no_reference_and_no_starter_gets_a_note() -> None:
    """Whoever writes as we do gets no note."""
    assert len(_solutions()) > 10
    assert [_notes(code, entry) for entry, code in _solutions() if _notes(code, entry)] == []
