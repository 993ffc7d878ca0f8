"""Places and names in sentences."""

import numpy as np
import pytest

from app.grading.phrases.index_words import index_words, names_words, shape_words, where_words


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
