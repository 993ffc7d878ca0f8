"""Texts as people send them: they load, or are refused at the right line in one plain sentence."""

import linecache
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from sandbox.inside.load.load_code import load
from sandbox.interface import Loaded, Outputs, Refusal, Structure
from sandbox.protocol import Load

_RIGHT = "import math\n\n\ndef shift(seed, x):\n    return math.sqrt(seed) + x\n"


@pytest.fixture(autouse=True)
def _nothing_stays(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A text is taken for the module `solution`, and for that file's text."""
    monkeypatch.setitem(sys.modules, "solution", ModuleType("solution"))
    yield
    linecache.cache.pop("solution.py", None)


def _load(code: str) -> Loaded:
    order = Load(
        code=code,
        more_code=(),
        function="shift",
        parameters=("seed", "x"),
        outputs=Outputs(structure=Structure.ARRAY, names=("",), dtypes=("float32",)),
        forbidden=(),
        cache_key="",
    )
    return load(order, ModuleType("solution"))


@pytest.mark.parametrize(
    "code",
    [
        f"\ufeff{_RIGHT}",
        f"\ufeff\ufeff{_RIGHT}",
        _RIGHT.replace("\n", "\r\n"),
        _RIGHT.replace("\n", "\r"),
        f"\ufeff{_RIGHT}".replace("\n", "\r\n"),
        _RIGHT.replace("\n\n\n", "\n\x0c\n"),
        _RIGHT.replace("    ", "\t"),
        _RIGHT.rstrip("\n"),
        f"{_RIGHT}# %%time !pip install ``` >>> In [3]: “x” – \ufeff \u200b plt.show() exit() input()\n",
        f'{_RIGHT}NOTE = """\n%matplotlib inline\n```python\n>>> x\nHere is the code:\n“x” – … ×\n"""\n',
        f'{_RIGHT}if __name__ == "__main__":\n    print(shift(1, 2))\n    input()\n    exit()\n',
        f"#!/usr/bin/env python3\n# -*- coding: latin-1 -*-\n{_RIGHT}",
        f'{{"cells": 1}}\n{_RIGHT}',
        f"type = 3\nmatch = type\n{_RIGHT}",
    ],
)
def test_a_right_text_loads_without_a_word(code: str) -> None:
    """Whatever editor it comes from, and whatever stands in its strings and comments."""
    assert _load(code) == Loaded()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("{}%%time\n", 6, "a command of a notebook"),
        ("%pip install flax\n{}", 1, "nothing can be installed here"),
        ("x = [1,\n\n“a”]\n{}", 3, "“ is a quote"),
        ("{}\ufeffx = 1\n", 6, "byte-order mark"),
        ("x = 'a\x0cb\u2028c\x85d\x1ce'\n{}%%time\n", 7, "a command of a notebook"),
        ("def f(x)\n    return x\n{}", 1, "expected ':'"),
        ("{}try:\n    pass\nexcept ValueError, e:\n    pass\n", 8, "write `except ValueError as e:`"),
        (
            "{}try:\n    pass\nexcept ValueError, TypeError:\n    pass\n",
            8,
            "this is Python 3.14; here 3.11 runs",
        ),
        ('{}x = f"{{d["k"]}}"\n', 6, "this is Python 3.12; here 3.11 runs"),
        ("{}x = 'a\0b'\n", 6, "NUL characters, as one in UTF-16"),
        ("{}await x\n", 6, "only a notebook waits outside of a function"),
        ("ï»¿{}", 1, "a byte-order mark that was read in another encoding"),
        ("{}def g(x):\n    # to be done\n", 7, "expected an indented block after function definition"),
    ],
)
def test_a_refusal_is_told_at_the_line_of_the_text(text: str, line: int, said: str, end: str) -> None:
    loaded = _load(text.format(_RIGHT).replace("\n", end))
    assert (loaded.refusal, loaded.line) == (Refusal.SYNTAX_ERROR, line)
    assert said in loaded.message
    assert "\n" not in loaded.message


@pytest.mark.parametrize("odd", ["\x0c", "\x0b", "\x1c", "\x85", "\u2028", "\u2029"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_text_quoted_is_that_of_the_line(odd: str, end: str) -> None:
    """Python ends no line at a form feed or at U+2028."""
    code = f"# a{odd}b{odd}c\nx = 'p{odd}q'\n{_RIGHT}1 / 0  # here\n".replace("\n", end)
    loaded = _load(code)
    assert loaded.raised is not None
    assert (loaded.line, loaded.raised.frames[-1].text) == (8, "1 / 0  # here")


@pytest.mark.parametrize(
    ("code", "line", "said"),
    [
        ("", None, "there is no code in the text: a function named shift is called here"),
        ("\n\n# to be written\n", None, "there is no code in the text"),
        ("x = 1\n", None, "there is no function named shift"),
        ("def run(a):\n    return a\n", None, "there is no function named shift; your code defines run"),
        (
            "\ndef shfit(seed, x):\n    return x\n",
            2,
            "there is no function named shift: is shfit meant to be it?",
        ),
        ("def Shift(seed, x):\n    return x\n", 1, "is Shift meant to be it?"),
        ("class A:\n    def shift(self, seed, x):\n        return x\n", 2, "inside the class A: move it out"),
        ("def f():\n    def shift(seed, x):\n        return x\n", 2, "inside the function f: move it out"),
        (
            "if __name__ == '__main__':\n    def shift(seed, x):\n        return x\n",
            2,
            "which is not run here",
        ),
        ("if '__main__' == __name__:\n    shift = max\n", 2, "which is not run here: move it out"),
        (
            "def main():\n    def shift(a, b): ...\nif __name__ == '__main__':\n    main()\n",
            2,
            "the function main",
        ),
        (
            "if __name__ == '__main__':\n    from m import f as shift\n",
            2,
            "which is not run here: move it out",
        ),
        ("x = 1\n'''\ndef shift(seed, x):\n    return x\n'''\n", 2, "shift stands in a text in quotes"),
        ("'''A shift, and no def of one.'''\n", None, "there is no function named shift"),
        ("if False:\n    def shift(seed, x):\n        return x\n", 2, "where the code does not come by"),
        ("class shift:\n    def __init__(self, seed, x): ...\n", 1, "shift is a class"),
        ("def shift(seed, x): ...\ndel shift\n", 1, "is no function any more when the code has run"),
        ("def d(f): ...\n@d\ndef shift(seed, x): ...\n", 3, "is no function any more when the code has run"),
    ],
)
def test_a_missing_function_is_told_with_what_there_is(code: str, line: int | None, said: str) -> None:
    loaded = _load(code)
    assert (loaded.refusal, loaded.line) == (Refusal.MISSING_FUNCTION, line)
    assert said in loaded.message


@pytest.mark.parametrize(
    "code",
    [
        "def shift(seed, x):\n    breakpoint()\n    return x\n",
        "def shift(seed, x):\n    breakpoint()\n",
        "def shift(seed, x):\n    breakpoint()  # here\n    for i in (1, 2):\n        pass\n",
        "import pdb\ndef shift(seed, x):\n    pdb.set_trace()\n\n\n    return x\n",
        "def shift(seed, x):\n    for i in (1, 2):\n        if i == 2: breakpoint()\n    return x\n",
    ],
)
def test_a_breakpoint_is_told_at_its_own_line(code: str) -> None:
    """The debugger stops at the one behind, or only where the function has returned."""
    # In a process of its own: a test's debugger is not that of Python.
    command = [sys.executable, "-c", _CALL, code]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    waking = ("breakpoint(", "set_trace(")
    lines = [
        number for number, line in enumerate(code.splitlines(), 1) if any(word in line for word in waking)
    ]
    assert done.stdout.splitlines()[-1] == f"BdbQuit {lines[0]}"


_CALL = """
import sys
from types import ModuleType
from sandbox.inside.load.load_code import load_trusted
from sandbox.inside.report.errors import describe
module = load_trusted(sys.argv[1])
try:
    module.shift(1, 2)
    sys.stdout.write("")
except BaseException as error:
    raised = describe(error)
    print()
    print(raised.type, raised.frames[-1].line if raised.frames else None)
"""
