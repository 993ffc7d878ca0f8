"""Numbers, places, names and a problem's own words in sentences."""

import numpy as np
import pytest

from app.grading.phrases import index_words, names_words, number_text, shape_words, where_words, words_for

_WORDS = {
    "blocks.*.ln1.scale": "in each block",
    "blocks.0.ln1.scale": "in the first block",
    "scale": "a norm's scale",
    "head.*": "the classifier",
}


def test_shapes_and_indices_are_written_as_python_writes_them() -> None:
    assert [shape_words(shape) for shape in ((), (3,), (2, 3))] == ["()", "(3,)", "(2, 3)"]
    assert [index_words(index) for index in ((), (3,), (2, 3))] == ["[]", "[3]", "[2, 3]"]


@pytest.mark.parametrize(
    ("count", "words"),
    [(1, "`a`"), (2, "`a` and `b`"), (3, "`a`, `b` and `c`"), (7, "`a`, `b`, `c`, `d`, `e` and 2 more")],
)
def test_names_are_listed_and_many_are_counted(count: int, words: str) -> None:
    assert names_words(list("abcdefg")[:count]) == words


@pytest.mark.parametrize(
    ("shape", "places", "words"),
    [
        ((4,), [], ""),
        ((4,), [0, 1, 2, 3], ""),
        ((4,), [0, 3], ""),
        ((4,), [2], "only the number at [2] differs"),
        ((4,), [1, 3], "all that differs lies in indices 1 to 3"),
        ((2, 3), [3, 4, 5], "all that differs lies in row 1"),
        ((2, 3), [1, 4], "all that differs lies in column 1"),
        ((3, 3), [3, 4, 7], "all that differs lies in rows 1 to 2 and columns 0 to 1"),
        ((2, 2, 2), [4, 6], "all that differs lies in index 1 of axis 0 and index 0 of axis 2"),
    ],
)
def test_a_plain_place_of_all_differences_is_said(
    shape: tuple[int, ...], places: list[int], words: str
) -> None:
    """Nothing is said where they lie everywhere."""
    wrong = np.zeros(shape, bool)
    wrong.flat[places] = True
    assert where_words(wrong) == words


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("blocks.0.ln1.scale", "in the first block"),
        ("blocks.3.ln1.scale", "in each block"),
        ("ln_f.scale", "a norm's scale"),
        ("head.kernel", "the classifier"),
        ("body.head.kernel", ""),
        ("pos_embed", ""),
    ],
)
def test_the_closest_words_are_taken(path: str, said: str) -> None:
    """The whole path before a pattern, a pattern before the last name."""
    assert words_for(path, _WORDS) == said


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-0.12344, "-0.1234"),
        (1.2e-7, "1.2e-07"),
        (9007199254740993, "9007199254740993"),
        (10**30, "1e+30"),
        (True, "true"),
        (float("nan"), "NaN"),
        (float("-inf"), "-infinity"),
        (1 + 2j, "1+2j"),
        (1 - 0.5j, "1-0.5j"),
    ],
)
def test_a_number_is_short_and_in_one_line(value: complex, text: str) -> None:
    """An integer keeps its digits as long as there is room for them."""
    assert number_text(value) == text


def test_what_is_no_number_is_not_written() -> None:
    with pytest.raises(TypeError, match="is no number"):
        number_text("1")
