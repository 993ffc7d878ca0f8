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
    ],
)
def test_a_habit_is_told_with_what_to_do(kind: str, message: str, said: str) -> None:
    assert said in explain(kind, message, nearest="next")


def test_a_parameter_in_the_place_of_its_numbers_is_told() -> None:
    message = "Triggering __jax_array__() during abstractification is no longer supported. To avoid this"
    assert "write `self.w[...]`" in explain("ValueError", message)
