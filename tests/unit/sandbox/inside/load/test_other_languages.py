"""Forms of other languages are told in one sentence each, at the line where they stand."""

import ast

import pytest

from sandbox.inside.load.leftovers import leftover

_ABOVE = "import math\n\n\ndef shift(seed, x):\n    y = [\n        math.sqrt(x)\n    ]\n"
_BELOW = "    return y\n"


def leftover_of(code: str) -> tuple[int, str] | None:
    """The line and the sentence, of a text that Python cannot read."""
    with pytest.raises(SyntaxError) as caught:
        ast.parse(code)
    found = leftover(code, caught.value)
    return None if found is None else (found.line, found.message)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("x++", "write `x += 1`"),
        ("x--;", "write `x -= 1`"),
        ("y[0]++", "write `y[0] += 1`"),
        ("y = x++;", "write `x += 1`"),
        ("let x = 1", "`let` is not Python's"),
        ("let mut x = 1;", "`let` is not Python's"),
        ("const x = 1;", "`const` is not Python's"),
        ("const auto x = 1;", "`const` is not Python's"),
        ("var x = 1", "`var` is not Python's"),
        ("var x;", "`var` is not Python's"),
        ("int n = 3;", "no `int` in front of a name"),
        ("float z;", "no `float` in front of a name"),
        ("y = x && 1", "write `and`"),
        ("if (x && y) {", "write `and`"),
        ("y = x || 1", "write `or`"),
        ("y = !x", "write `not`"),
        ("if (!x) {", "write `not`"),
        ("if x === 1:", "write `==`"),
        ("y = x !== 1", "write `!=`"),
        ("function double(x) {", "write `def double(…):`"),
        ("function double() { return 2; }", "write `def double(…):`"),
        ("async function double() {", "write `def double(…):`"),
        ("double <- function(x) {", "write `def f(…):`"),
        ("func double(x int) int {", "write `def double(…):`"),
        ("fn double(x: f32) -> f32 {", "write `def double(…):`"),
        ("double square(double x) {", "begins with `def`, and has no `double`"),
        ("def square(float x):", "write `x: float`"),
        ("// double it", "a comment of Python begins with #"),
        ("y = 2 // what is asked for", "a comment of Python begins with #"),
        ("y = 2 /* what is asked for */", "a comment of Python begins with #"),
        ("else if x:", "write `elif`"),
        ("} else if (x) {", "write `elif`"),
        ("elseif x", "write `elif`"),
        ("elsif x", "write `elif`"),
        ("if x then", "has no `then`"),
        ("if (x) {", "without braces"),
        ("while (x) {", "without braces"),
        ("def double(x) {", "without braces"),
        ("} else {", "without braces"),
        ("switch (x) {", "`switch` is not Python's"),
        ("switch x:", "`switch` is not Python's"),
        ("for (int i = 0; i < 3; i++) {", "write `for i in range(n):`"),
        ("for (let i = 0; i < 3; i++)", "write `for i in range(n):`"),
        ("for i = 1:3", "write `for i in range(n):`"),
        ("for (const z of y) {", "write `for x in xs:`"),
        ("foreach (z in y) {", "write `for x in xs:`"),
        ("using namespace std;", "this is C++"),
        ("std::vector<float> y;", "this is C++"),
        ("auto y = std::move(x);", "`auto`"),
        ("y := 1", "`:=` alone in a line is not Python's: write `=`"),
        ("y, z := double(x)", "`:=` alone in a line is not Python's: write `=`"),
        ("print x", "write `print(…)`"),
        ("print 'x', x", "write `print(…)`"),
        ("y = x ? 1 : 2", "write `b if a else c`"),
        ("f = (x) => x + 1", "write `lambda x: …`"),
        ("f = x -> x + 1", "or `lambda x: …`"),
        ("y = new Shift(x)", "call the class itself"),
        ("throw y", "write `raise`"),
        ("} catch (error) {", "write `except`"),
        ("y = x .* 2", "`*` multiplies arrays element by element"),
        ("if x ~= 1", "write `!=`"),
        ("$y = 1", "no `$` in front"),
    ],
)
@pytest.mark.parametrize("below", ["", "    z = (\n", "}\n", "\n%%time\n"])
def test_each_is_told_in_one_sentence_at_its_line(line: str, words: str, below: str) -> None:
    """Whatever is wrong below it."""
    found = leftover_of(f"{_ABOVE}    {line}\n{_BELOW}{below}")
    assert found is not None
    assert (found[0], words in found[1]) == (_ABOVE.count("\n") + 1, True), found
    assert "\n" not in found[1]


@pytest.mark.parametrize(
    ("code", "line", "said"),
    [
        ("if (x) {\n  y = 1;\n}\n", 1, "without braces"),
        ("while (x > 1) {\n  f(x);\n  x = x - 1;\n}\n", 1, "without braces"),
        ("switch (x) {\n  case 1:\n    y = 2;\n}\n", 1, "`switch` is not Python's"),
        ("try {\n  y = 1;\n} catch (e) {\n}\n", 1, "without braces"),
        ("def f(x):\n    #include <vector>\n", 2, "this is C++"),
        ("#include <vector>\nint main() {\n  return 0;\n}\n", 2, "begins with `def`, and has no `int`"),
        ("function f(x)\n  y = 2 * x\nend\n", 1, "write `def f(…):`"),
        ("class A {\n  int x;\n};\n", 1, "without braces"),
    ],
)
def test_a_whole_text_of_another_language_is_told_at_its_first_form(code: str, line: int, said: str) -> None:
    found = leftover_of(code)
    assert found is not None
    assert (found[0], said in found[1]) == (line, True), found


@pytest.mark.parametrize(
    "code",
    [
        "y = {\n    'a': 1,\n    'b' 2,\n}\n",
        "for k in {\n    'a',\n    'b' c,\n}:\n    pass\n",
        "if x in {1, 2 3}:\n    pass\n",
        "x = f(a, b\ny = g(a)\n",
        "def f(x) -> int\n    return x\n",
        "y = x //\n",
        "y = x -\n",
        "match x:\n    case [1, 2:\n        pass\n",
        "lambda x: x +\n",
        "y = 'let x = 1\n",
        "y = x if x > 0\n",
        "class A\n    pass\n",
        "for x in xs\n    pass\n",
        "val = = 1\n",
        "let = (1\n",
    ],
)
def test_a_slip_in_python_is_left_to_its_parser(code: str) -> None:
    found = leftover_of(code)
    assert found is None, found
