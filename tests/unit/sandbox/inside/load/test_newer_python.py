"""Syntax of a newer Python is called that; a slip of the pen is not."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.inside.load.newer_python import NewerSyntax, newer_syntax

_NEWER = [
    ('x = f"{d["k"]}"', (3, 12), 1, "other quotes"),
    ("x = f'{d['k']}'", (3, 12), 1, "other quotes"),
    ('x = f"{", ".join(names)}"', (3, 12), 1, "other quotes"),
    ('x = 1\n\nprint(f"a {d["b"]} c {y}")', (3, 12), 3, "other quotes"),
    ('x = f"{a!r:{w["n"]}}" + f"{b}"', (3, 12), 1, "other quotes"),
    ('x = f"{f"{f"{1}"}"}"', (3, 12), 1, "other quotes"),
    ('x = f"""{d["""k"""]}"""', (3, 12), 1, "other quotes"),
    ("x = f\"{'\\n'.join(a)}\"", (3, 12), 1, "no backslash"),
    ('x = f"""{a # the first\n}"""', (3, 12), 1, "no comment"),
    ('x = f"{\n    a\n}"\ny = 1', (3, 12), 1, "on the line where they open"),
    ("def f[T](x): pass", (3, 12), 1, "type parameters"),
    ("@g\nasync def f[T: int, *Ts, **P](x): pass", (3, 12), 2, "type parameters"),
    ("def f[\n    T,\n](x):\n    pass", (3, 12), 1, "type parameters"),
    ("class A[T]:\n    x: T", (3, 12), 1, "type parameters"),
    ("class A[T](B[T]): pass", (3, 12), 1, "type parameters"),
    ("class A:\n    def f[T](self): pass", (3, 12), 2, "type parameters"),
    ("def f[T = int](x): pass", (3, 13), 1, "type parameters"),
    ("type X = int", (3, 12), 1, "the word `type`"),
    ("if True:\n    type X[T] = list[T]", (3, 12), 2, "the word `type`"),
    ("x = 1; type X = int", (3, 12), 1, "the word `type`"),
    ('x = t"a{b}"', (3, 14), 1, "t-strings"),
    ("try:\n    pass\nexcept A, B:\n    pass", (3, 14), 3, "in parentheses"),
    ('def f[T](x): pass\ndef g(x)\n    return f"{x["k"]}"', (3, 12), 1, "type parameters"),
]
_WRONG_ANYWHERE = [
    'x = f"{d["k"]}',
    'x = f"{lambda x: 1}"',
    'x = f"{}" + f"{d["k"]}"',
    'x = f"{a b}"',
    "def f[1](x): pass",
    "def f[T(x): pass",
    "def f[T](x) pass",
    "def f(x)\n    pass",
    "class A[T]\n    pass",
    "type X",
    "type = \n",
    "x = f\"{d['k']\"",
    "try:\n    pass\nexcept A, B as e:\n    pass",
    "try:\n    pass\nexcept A)B, C:\n    pass",
    "x = ft'{a}'",
    'return f"{x}" y',
    "def g(x)\n    pass\n\ndef f[T](x): pass",
    "x = (\n",
    "'",
    'f"{' * 200,
    "(" * 500,
    "def f[" + "[" * 500,
]
_RIGHT = [
    "type = 3\ntype(x)\nmatch = type\n",
    'x = f"{d[\'k\']!r:>{w}} {{}} {y = } {z:%H:%M}" f"b"\n',
    "x = a[b]; y = (lambda: 1)\n",
    "try:\n    pass\nexcept* (A, B) as e:\n    pass\n",
    'x = rf"\\d{a}" + rb"\\x" + u"c"\nif"a"in"b": pass\n',
    "def f(x: list[int]) -> dict[str, int]: return {a: b for a, b in x}\n",
]


def _found(code: str) -> NewerSyntax | None:
    try:
        ast.parse(code)
    except SyntaxError as error:
        return newer_syntax(code, error)
    raise AssertionError(f"this Python reads {code!r}")


@pytest.mark.parametrize(("code", "version", "line", "advice"), _NEWER)
def test_newer_syntax_is_told_with_version_line_and_what_to_write(
    code: str, version: tuple[int, int], line: int, advice: str
) -> None:
    found = _found(code)
    assert found is not None
    assert (found.version, found.line) == (version, line)
    assert found.message.startswith(f"this is Python {version[0]}.{version[1]}; here 3.11 runs: ")
    assert advice in found.message


@pytest.mark.parametrize("code", _WRONG_ANYWHERE)
def test_what_is_wrong_in_every_python_is_not_called_newer(code: str) -> None:
    assert _found(code) is None


@pytest.mark.parametrize("right", _RIGHT)
@pytest.mark.parametrize("wrong", ["x = (", "def g(x)\n    pass", "x y"])
def test_what_this_python_reads_is_never_the_reason(right: str, wrong: str) -> None:
    ast.parse(right)
    assert _found(f"{right}{wrong}\n") is None


@given(st.text(alphabet="fFtr\"'{}[]()#\\\n:=!, xdefclastypexcept.1", max_size=60))
def test_any_text_is_read_to_an_end(code: str) -> None:
    """It is a hostile one's: whatever it is, there is an answer and no exception."""
    error = SyntaxError("invalid syntax")
    error.lineno = 1
    found = newer_syntax(code, error)
    assert found is None or found.version > (3, 11)


def test_a_text_as_long_as_allowed_is_read() -> None:
    """Full of newer syntax, too: the first of it is told."""
    for piece in ('x = f"{d["k"]}"\n', "type X = int\n", "def f[T](x): pass\n"):
        assert _found(piece * 2000) is not None
