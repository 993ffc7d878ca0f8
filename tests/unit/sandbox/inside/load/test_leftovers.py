"""What was copied along with code is told by its habit; a slip of the pen is not."""

import ast
import json
import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.inside.load.leftovers import is_notebook, leftover
from tests.support.checkout import CHECKOUT

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
    ("In [3]: import jax", "prompts of a notebook"),
    ("import jax\njnp.dot?", "asks a notebook for help"),
    ("?jnp.dot", "asks a notebook for help"),
    ("x = 1\n<<<<<<< HEAD\n", "merge conflict"),
    ("x = “a”", "“ is a quote as word processors set it"),
    ("x = ‘a’", "write a straight one"),
    ("x = 1 − 2", "write the minus sign"),
    ("x = a[…]", "write three dots"),
    ("x\u00a0= 1", "invisible character (U+00A0, no-break space)"),
    ("x\u200b = 1", "invisible character (U+200B, zero width space)"),
    ("`x = 1`", "a backtick ` is no quote of Python"),
    ("x = `1`", "a backtick ` is no quote of Python"),
    ('x = "a”', "” is a quote as word processors set it"),
    ("print('a’)", "’ is a quote as word processors set it"),
    ("x = 1e‑3", "‑ is a dash as word processors set it"),
    ("x = 1 + \\\u00a0\n2", "invisible character (U+00A0, no-break space)"),
    ("x = 1 + \\ \n2", "nothing may stand, not even a blank"),
    ("x = \ue000", "(U+E000, a character without a name)"),
    ("ï»¿x = 1", "a byte-order mark that was read in another encoding"),
    ('path = "C:\\Users\\me"', "a backslash in a text begins a sign"),
    ("import math  def f(x):  return x", "the ends of lines were lost"),
]
_SLIPS = [
    "def f(x)\n    pass",
    "x = (1",
    "x = 5 %",
    "x = !",
    "x = 1 2",
    "x = €",
    "x = >> 2",
    "x = (y +)",
    "for x in {1 2}:\n    pass",
    "match x:\n    case (1:\n        pass",
    "def f(x):\n    # your code here\n",
    "def f(x):\n    # TODO\n\ndef g(x):\n    return x\n",
    "class A:\n## Parameters\n",
    "def f(x):\n    # define the layers first\n",
    "def f(x):\n    # include the CLS token\n",
    "if x:\n    #pragma: no cover\n",
    'x = "it’s',
    "for x in y: z = 1 if w",
]


def _error(code: str) -> SyntaxError:
    with pytest.raises(SyntaxError) as caught:
        ast.parse(code)
    return caught.value


@pytest.mark.parametrize(("code", "said"), _COPIED)
def test_a_habit_is_told_in_one_sentence(code: str, said: str) -> None:
    found = leftover(code, _error(code))
    assert found is not None
    assert said in found.message
    assert "\n" not in found.message


@pytest.mark.parametrize("code", _SLIPS)
def test_of_a_slip_nothing_is_said(code: str) -> None:
    assert leftover(code, _error(code)) is None


@pytest.mark.parametrize(
    "line",
    ["await f(x)", "x = [await f(y) for y in z]", "async with f(x): pass", "async for y in x: pass"],
)
def test_waiting_outside_of_a_function_is_a_notebooks(line: str) -> None:
    """Only the compiler notices, once all is parsed."""
    code = f"{_RIGHT}{line}\n{_RIGHT}"
    with pytest.raises(SyntaxError) as caught:
        compile(code, "solution.py", "exec", dont_inherit=True)
    found = leftover(code, caught.value)
    assert found is not None
    assert (found.line, "only a notebook waits" in found.message) == (_RIGHT.count("\n") + 1, True)


_RIGHT = "import math\n\n\ndef shift(seed, x):\n    return [\n        math.sqrt(x)\n    ]\n"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("%%time", "command of a notebook"),
        ("!./run.sh", "command of a notebook"),
        ("!{sys.executable} -m pip install flax", "nothing can be installed here"),
        ("pip install -U flax", "nothing can be installed here"),
        ("files = !ls *.py", "has a notebook run a command"),
        ("took = %timeit -o f(x)", "has a notebook run a command"),
        ("```", "marks code in Markdown"),
        ("[3]: import jax", "prompts of a notebook"),
        ("   ...: y = 1", "prompts of a notebook"),
        ("$ python solution.py", "command of a shell"),
        ("me@host:~/code$ ls", "command of a shell"),
        ("git clone https://example.test/a", "command of a shell"),
        ("x[0]?", "asks a notebook for help"),
        (r"PS C:\Users\me> python solution.py", "command of a shell"),
        (r"C:\code> python solution.py", "command of a shell"),
        ("(venv) $ ls", "command of a shell"),
        ("Traceback (most recent call last):", "a report of an error"),
        ("Cell In[3], line 2", "a report of an error"),
        ("NameError                 Traceback (most recent call last)", "a report of an error"),
        ("https://docs.jax.dev/en/latest/", "an address of the web"),
        ("[the documentation](https://docs.jax.dev)", "this is Markdown"),
        ("- [ ] add the bias", "this is Markdown"),
        (r"\begin{align}", "this is LaTeX"),
        ("> y = 1", "marks what is quoted"),
        ("@@ -1,3 +1,4 @@", "this is a diff"),
        ("+import jax", "this is a diff"),
        ("-y = 1", "this is a diff"),
        ("||||||| base", "merge conflict"),
        ("Here is the corrected solution:", "this is a sentence"),
        ("It's only the shift that was missing.", "this is a sentence"),
        ("Let me know if you have questions!", "this is a sentence"),
        ("**Solution**", "this is Markdown"),
        ("1. First do this", "this is Markdown"),
        ("Copy code", "the button above the code"),
        ("<pre><code>x = 1</code></pre>", "a tag of a web page"),
        ("y = 1 if x &lt; 2 else 3", "`&lt;` is how a web page writes '<'"),
        ("y = x && 1", "write `and`"),
        ("y = x || 1", "write `or`"),
        ("y = !x", "write `not`"),
        ("// a comment", "begins with #"),
        ("raise ValueError, 'x'", "this is Python 2: write `raise"),
        ("y = x <> 1", "write `!=`"),
        ("y = x – 1", "– is a dash"),
        ("y = “a”", "“ is a quote"),
        ("y = ´a´", "´ is a quote"),
        ("y = 2 × 3", "× is a sign that Python does not have: write *"),
        ("y = f（x）", "（ is the wide form of ("),
        ("y = 1；", "； is the wide form of ;"),
        ("y\u3000= 1", "(U+3000, ideographic space)"),
        ("y\x0b= 1", "(U+000B, vertical tab)"),
        ("y\u2028= 1", "(U+2028, line separator)"),
        ("y\x85= 1", "(U+0085, next line)"),
        ("y\u2800= 1", "(U+2800, braille pattern blank)"),
        ("y\ufeff= 1", "an invisible byte-order mark (U+FEFF)"),
        ("y\ufffd= 1", "a character was lost"),
        (r"y = 1\nz = 2", r"`\n` stands here in the place of an end of line"),
    ],
)
@pytest.mark.parametrize(
    "wrong_below", ["", "\nx = (\n", "\n%%time\n", "\ny = 'abc\n", "\ny = “a\n", "\n)\n"]
)
def test_the_first_line_that_no_python_has_is_told_whatever_is_wrong_below(
    line: str, said: str, wrong_below: str
) -> None:
    """The parser looks ahead, and may report a later line first."""
    code = f"{_RIGHT}{line}\n{_RIGHT}{wrong_below}"
    found = leftover(code, _error(code))
    assert found is not None
    if not said[:1].isascii() or "U+" in said or "lost" in said or "stands here" in said:
        # Of a character, only the parser knows: it may name that of a later line.
        assert found.line >= _RIGHT.count("\n") + 1
        if wrong_below:
            return
    assert said in found.message
    assert found.line == _RIGHT.count("\n") + 1


@pytest.mark.parametrize("numbered", ["{} {}", "{}: {}", "{:3} | {}", "{:02}. {}", "{}\t{}"])
def test_numbers_of_lines_are_told(numbered: str) -> None:
    lines = enumerate(_RIGHT.splitlines(), start=8)
    code = "\n".join(numbered.format(number, line) for number, line in lines)
    found = leftover(code, _error(code))
    assert found is not None
    assert "the numbers of the lines were copied along" in found.message


@pytest.mark.parametrize("fence", ["```", "~~~"])
def test_a_text_around_the_code_is_told_to_be_left(fence: str) -> None:
    code = f"Here is what you need:\n\n{fence}python\n{_RIGHT}{fence}\nIt works since x is a number.\n"
    found = leftover(code, _error(code))
    assert found is not None
    assert (found.line, "keep only what stands between the lines of ```" in found.message) == (1, True)


def test_tabs_among_blanks_and_a_text_that_is_indented_as_a_whole_are_told() -> None:
    mixed = "def shift(seed, x):\n    y = x\n\treturn y\n"
    whole = "".join(f"    {line}" for line in _RIGHT.splitlines(keepends=True))
    feed = "class A:\n    def f(self):\n    \x0c    return 1\n"
    for code, line, said in (
        (mixed, 3, "by tabs"),
        (whole, 1, "the whole text is"),
        (feed, 3, "(U+000C, form feed)"),
    ):
        found = leftover(code, _error(code))
        assert found is not None
        assert (found.line, said in found.message) == (line, True)


def test_a_whole_notebook_is_known() -> None:
    cell = {"cell_type": "code", "execution_count": None, "source": ["x = 1"]}
    notebook = json.dumps({"cells": [cell], "nbformat": 4})
    assert is_notebook(notebook)
    assert is_notebook(f"\n{notebook}\n")
    assert is_notebook(json.dumps([cell]))
    assert is_notebook(json.dumps(cell))
    assert is_notebook(f"{notebook}\ndef f(x):\n    return x\n")
    assert is_notebook(json.dumps({"cells": [cell]}, indent=1)[:-9])
    assert not is_notebook('{"cells": 1, }')
    assert not is_notebook('{"cells": 1}\ndef f(x):\n    return x\n')
    assert not is_notebook('x = {"cells": 1}')
    assert not is_notebook('{"cells"' * 50_000)


@given(st.text(), st.integers(-2, 5))
def test_no_text_is_beyond_words(code: str, line: int) -> None:
    error = SyntaxError("invalid syntax", ("solution.py", line, 1, code))
    found = leftover(code, error)
    assert found is None or found.message
    assert not is_notebook(code)


@pytest.mark.parametrize(
    "piece", ["x = 1\n", "(", "f(\n", "'", "> ", "1\n", "Here is the code.\n", '{"cell_type":']
)
def test_a_text_as_long_as_allowed_is_read(piece: str) -> None:
    code = piece * (64_000 // len(piece)) + "\n%%time\n"
    is_notebook(code)
    leftover(code, SyntaxError("invalid syntax", ("solution.py", 1, 1, "")))


def _slips(code: str) -> Iterator[str]:
    """The text with one character left out, doubled or put in, at many places."""
    draw = random.Random(3)
    for _ in range(40):
        place = draw.randrange(len(code))
        yield code[:place] + code[place + 1 :]
        yield code[:place] + code[place] + code[place:]
        yield code[:place] + draw.choice("()[]{}:,.'\"=+-*@# ") + code[place:]


def test_slips_of_the_pen_are_left_to_the_parser() -> None:
    """In solutions as they are written, with their docstrings and comments."""
    wrong = named = 0
    for path in sorted((CHECKOUT / "reference_solutions").glob("*/reference.py")):
        for code in _slips(path.read_text()):
            try:
                ast.parse(code)
            except SyntaxError as error:
                wrong += 1
                named += leftover(code, error) is not None
    assert wrong > 100
    assert named <= wrong / 100
