"""What was copied along with code is told by its habit; a slip of the pen is not."""

import ast
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.inside.load.leftovers import is_notebook, leftover

_COPIED = [
    ("import jax\n%matplotlib inline\n", "command of a notebook"),
    ("%%time\nx = 1", "command of a notebook"),
    ("!ls", "command of a notebook"),
    ("import jax\n!pip install flax", "nothing can be installed here"),
    ("%pip install flax", "nothing can be installed here"),
    ("```python\nx = 1\n```", "marks code in Markdown"),
    ("x = 1\n```\n", "marks code in Markdown"),
    (">>> x = 1", "prompts of a Python console"),
    ("def f(x):\n... return x", "prompts of a Python console"),
    ("In [3]: import jax", "prompt of a notebook"),
    ("import jax\njnp.dot?", "asks a notebook for help"),
    ("?jnp.dot", "asks a notebook for help"),
    ("x = 1\n<<<<<<< HEAD\n", "merge conflict"),
    ("x = “a”", "“ is a quote as word processors set it"),
    ("x = ‘a’", "write a straight one"),
    ("x = 1 − 2", "write the minus sign"),
    ("x = a[…]", "write three dots"),
    ("x\u00a0= 1", "invisible character (U+00A0, no-break space)"),
    ("x\u200b = 1", "invisible character (U+200B, zero width space)"),
]
_SLIPS = [
    "def f(x)\n    pass",
    "x = (1",
    "x = 5 %",
    "x = !",
    "x = 1 2",
    "x = €",
    "print 'a'",
    "x = >> 2",
    "a ? b : c",
]


def _error(code: str) -> SyntaxError:
    with pytest.raises(SyntaxError) as caught:
        ast.parse(code)
    return caught.value


@pytest.mark.parametrize(("code", "said"), _COPIED)
def test_a_habit_is_told_in_one_sentence(code: str, said: str) -> None:
    assert said in leftover(code, _error(code))


@pytest.mark.parametrize("code", _SLIPS)
def test_of_a_slip_nothing_is_said(code: str) -> None:
    assert leftover(code, _error(code)) == ""


def test_a_whole_notebook_is_known() -> None:
    notebook = json.dumps({"cells": [{"cell_type": "code", "source": ["x = 1"]}], "nbformat": 4})
    assert is_notebook(notebook)
    assert is_notebook(f"\n{notebook}\n")
    assert not is_notebook('{"cells": 1, }')
    assert not is_notebook('x = {"cells": 1}')
    assert not is_notebook('{"cells"' * 50_000)


@given(st.text(), st.integers(-2, 5))
def test_no_text_is_beyond_words(code: str, line: int) -> None:
    error = SyntaxError("invalid syntax", ("solution.py", line, 1, code))
    assert isinstance(leftover(code, error), str)
    assert not is_notebook(code)
