"""A text becomes a module, or there is a reason why not."""

from types import ModuleType

import pytest

from sandbox.inside.load.load_code import load, load_trusted
from sandbox.interface import Loaded, Outputs, Refusal
from sandbox.protocol import Load

_RIGHT = "def shift(seed, x):\n    return x\n"


def _loaded(code: str, module: ModuleType | None = None) -> Loaded:
    request = Load(
        code=code,
        more_code=(),
        function="shift",
        parameters=("seed", "x"),
        outputs=Outputs(),
        forbidden=(),
        cache_key="",
    )
    return load(request, module or ModuleType("solution"))


def test_a_byte_order_mark_does_no_harm() -> None:
    """Trusted code may have one, too; the lines stay where they are."""
    module = ModuleType("solution")
    assert _loaded(f"\ufeff{_RIGHT}", module) == _loaded(_RIGHT)
    assert module.shift(1, 2) == load_trusted(f"\ufeff{_RIGHT}").shift(1, 2) == 2
    assert _loaded("\ufeffx =\n").line == _loaded("x =\n").line == 1


@pytest.mark.parametrize(
    ("code", "message", "line"),
    [
        (f"{_RIGHT}type X = int\n", "this is Python 3.12; here 3.11 runs: leave out the word `type`", 3),
        (f'{_RIGHT}y = f"{{d["k"]}}"\n', "this is Python 3.12; here 3.11 runs: inside the braces", 3),
        (f"{_RIGHT}y = (\n", "'(' was never closed", 3),
        (f"{_RIGHT}%matplotlib inline\n", "this is a command of a notebook", 3),
        ('{"cells": [], "nbformat": 4}', "this is a whole notebook", 1),
    ],
)
def test_what_cannot_be_parsed_is_told_with_its_line(code: str, message: str, line: int) -> None:
    found = _loaded(code)
    assert (found.refusal, found.line) == (Refusal.SYNTAX_ERROR, line)
    assert found.message.startswith(message)


def test_a_newer_name_is_an_exception_that_is_explained_outside() -> None:
    found = _loaded(f"from typing import override\n{_RIGHT}")
    assert found.raised is not None
    assert (found.raised.type, found.line) == ("ImportError", 1)
    assert found.raised.message.startswith("cannot import name 'override' from 'typing'")


def test_a_function_for_a_program_alone_is_told_as_that() -> None:
    """A module that is graded is not `__main__`."""
    inside = "".join(f"    {line}\n" for line in _RIGHT.splitlines())
    found = _loaded(f'x = 1\nif __name__ == "__main__":\n{inside}')
    assert (found.refusal, found.line) == (Refusal.MISSING_FUNCTION, 3)
    assert "is not run here: move it out" in found.message
    assert "is not run here" not in _loaded('if __name__ == "__main__":\n    x = 1\n').message


@pytest.mark.parametrize("sign", ["\x0c", "\x0b", "\x1c", "\x85", "\u2028", "\u2029", "\r", "\r\n"])
def test_a_line_that_raised_is_quoted_as_it_is_counted(sign: str) -> None:
    """What other readers of text take for the end of a line is none to the parser, and the reverse."""
    found = _loaded(f"x = 1\n# a{sign}# b\nraise ValueError(1)\n{_RIGHT}")
    assert found.raised is not None
    [frame] = found.raised.frames
    assert (frame.line, frame.text) == (4 if sign[0] == "\r" else 3, "raise ValueError(1)")
