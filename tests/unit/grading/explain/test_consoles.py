"""What needs a keyboard or a notebook is told by that, not by a name that looks alike."""

import pytest

from app.grading.explain.explain import explain


@pytest.mark.parametrize(
    ("kind", "message", "said"),
    [
        ("NameError", "name 'get_ipython' is not defined", "only there in a notebook"),
        ("NameError", "name 'exit' is not defined", "only there in a console"),
        ("NameError", "name 'exits' is not defined", "Is `next` meant?"),
        ("ModuleNotFoundError", "No module named 'google.colab'", "only there in Colab"),
        ("ModuleNotFoundError", "No module named 'matplotlib.pyplot'", "no picture is shown here"),
        ("ModuleNotFoundError", "No module named 'torchaudio'", "is not there: only `jax`"),
        ("EOFError", "EOF when reading a line", "arrives in the parameters"),
        ("BdbQuit", "", "leave `breakpoint()` and `set_trace()` out"),
        ("SystemExit", "1", "A function ends by `return`"),
        ("KeyboardInterrupt", "", "Nobody interrupts a solution here"),
    ],
)
def test_a_habit_is_told_with_what_to_do(kind: str, message: str, said: str) -> None:
    assert said in explain(kind, message, nearest="next")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("true", "True"),
        ("TRUE", "True"),
        ("false", "False"),
        ("null", "None"),
        ("nil", "None"),
        ("none", "None"),
    ],
)
def test_the_constants_of_other_languages_are_told(name: str, meant: str) -> None:
    """Not as a name that looks alike."""
    said = explain("NameError", f"name '{name}' is not defined", line=f"y = {name}", nearest="next")
    assert said == f"Python writes `True`, `False` and `None`: `{name}` is `{meant}` there."


@pytest.mark.parametrize(
    ("line", "name", "said"),
    [
        ("ls -la", "ls", "This is no Python"),
        ("end", "end", "ends where its indentation does"),
        ("end;", "end", "ends where its indentation does"),
        ("fi", "fi", "ends where its indentation does"),
        ("y <- x", "y", "`<-` is not Python's"),
        ("y<-c(1, 2)", "y", "`<-` is not Python's"),
        ("this.x = 1", "this", "a method lists `self`"),
        ("x = end", "end", "There is no variable `end` here"),
        ("if y <-1:", "y", "There is no variable `y` here"),
    ],
)
def test_lines_of_other_languages_that_python_can_read_are_told(line: str, name: str, said: str) -> None:
    assert said in explain("NameError", f"name '{name}' is not defined", line=line)


def test_a_parameter_in_the_place_of_its_numbers_is_told() -> None:
    message = "Triggering __jax_array__() during abstractification is no longer supported. To avoid this"
    assert "write `self.w[...]`" in explain("ValueError", message)


@pytest.mark.parametrize(
    ("kind", "message", "line", "said"),
    [
        ("EOFError", "", "code = getpass.getpass()", "`getpass` waits for a keyboard"),
        ("EOFError", "EOF when reading a line", "n = int(input())", "`input` waits for a keyboard"),
        (
            "ValueError",
            "invalid literal for int() with base 10: ''",
            "n = int(sys.stdin.readline())",
            "`stdin` waits for a keyboard",
        ),
        ("SystemExit", "2", "given = parser.parse_args()", "leave `argparse` and `sys.argv` out"),
        ("IndexError", "list index out of range", "n = sys.argv[1]", "leave `argparse` and `sys.argv` out"),
        ("AssertionError", "", "assert x.shape == (3,)", "An `assert` of your own did not hold"),
        ("NameError", "name 'Array' is not defined", "Array([1., 2.], dtype=float32)", "what was printed"),
        ("NameError", "name 'tensor' is not defined", "tensor([[1., 2.]])", "what was printed"),
    ],
)
def test_what_the_line_asks_for_is_told(kind: str, message: str, line: str, said: str) -> None:
    assert said in explain(kind, message, line=line)


@pytest.mark.parametrize(
    ("kind", "message", "line"),
    [
        ("EOFError", "", "data = pickle.load(file)"),
        ("ValueError", "invalid literal for int() with base 10: ''", "n = int(text)"),
        ("AssertionError", "", "check(x)"),
    ],
)
def test_the_same_exception_of_another_line_speaks_for_itself(kind: str, message: str, line: str) -> None:
    assert explain(kind, message, line=line) == ""
