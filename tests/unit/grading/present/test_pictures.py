"""Whatever two arrays hold, their picture is small, harmless and says in words what it shows."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from app.core.tolerance import Tolerance
from app.grading.compare.tolerance import value_errors
from app.grading.present.pictures import SIZE_LIMIT_BYTES, picture
from tests.support.compared_arrays import Array, pairs

_SVG = "{http://www.w3.org/2000/svg}"
_ELEMENTS = {_SVG + name for name in ("svg", "title", "desc", "text", "path", "rect", "g")}
_LARGE_SHAPES = st.sampled_from(
    [
        (64,),
        (65,),
        (5000,),
        (1, 70),
        (70, 1),
        (12, 12),
        (13, 12),
        (16, 16),
        (17, 40),
        (900, 3),
        (2, 3, 30, 30),
    ]
)


def _picture(got: Array, expected: Array, name: str = "") -> str:
    return picture(got, expected, value_errors(got, expected, Tolerance()), name=name)


def _checked(svg: str) -> ElementTree.Element:
    """Well-formed, bounded, and nothing in it that could do or load anything."""
    assert len(svg.encode()) <= SIZE_LIMIT_BYTES
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]", svg)
    root = ElementTree.fromstring(svg)  # noqa: S314 - it is our own
    assert {element.tag for element in root.iter()} <= _ELEMENTS
    for element in root.iter():
        assert not [name for name in element.attrib if name in ("style", "href", "id") or name[:2] == "on"]
        assert "nan" not in " ".join(element.attrib.values())
        assert "inf" not in " ".join(element.attrib.values())
    assert root.get("role") == "img"
    assert [child.tag for child in root][:2] == [_SVG + "title", _SVG + "desc"]
    return root


@given(pairs(finite=False), st.text())
def test_a_picture_of_any_two_arrays_can_be_shown(pair: tuple[Array, Array], name: str) -> None:
    """NaN, infinities, the largest doubles, no axis at all; the name is an author's."""
    svg = _picture(*pair, name=name)
    if pair[0].size == 0:
        assert svg == ""
    else:
        _checked(svg)


@settings(max_examples=60)
@given(_LARGE_SHAPES, st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.1, 0.5, 1.0]), st.data())
def test_a_picture_of_large_arrays_stays_small(
    shape: tuple[int, ...], seed: int, wrong: float, data: st.DataObject
) -> None:
    """They are pooled, or cut to one slice."""
    random = np.random.default_rng(seed)
    expected = random.normal(size=shape) * 10.0 ** random.uniform(-30, 30, shape)
    got = np.where(random.random(shape) < wrong, random.normal(size=shape), expected)
    got.flat[0] = data.draw(st.sampled_from([0.0, np.nan, np.inf, 1.7e308, 5e-324]))
    _checked(_picture(got, expected))


def _words(got: Array, expected: Array) -> str:
    return _checked(_picture(got, expected)).findtext(f"{_SVG}desc") or ""


def test_a_vector_is_told_in_words() -> None:
    expected = np.array([1.0, 2.0, 4.0, 0.5])
    assert _words(expected + np.array([0, 0.25, -1, 0]), expected) == (
        "2 of 4 numbers differ. All that differs lies in indices 1 to 2. "
        "The largest error is 1, at [2]: 4 is expected, yours is 3."
    )
    assert "All of yours are 0." in _words(np.zeros(4), expected)
    assert "At [1] 2 is expected, yours is NaN." in _words(np.array([1, np.nan, 4, 0.5]), expected)
    assert "Your bars are cut off at 16." in _words(np.array([1e6, 2, 4, 0.5]), expected)


def test_a_matrix_is_told_in_words() -> None:
    expected = np.arange(20.0).reshape(4, 5)
    row, block = expected.copy(), expected.copy()
    row[2] += 1
    block[1:3, 4] += [1, 2]
    assert "All that differs lies in row 2." in _words(row, expected)
    assert "All that differs lies in rows 1 to 2 and column 4." in _words(block, expected)
    assert "hatched is what differs" in _words(row, expected)


def test_of_several_axes_the_slice_with_the_largest_error_is_drawn() -> None:
    expected = np.zeros((2, 3, 4, 4))
    got = expected.copy()
    got[0, 0, 0, 0], got[1, 2, 3, 3] = 1, 5
    svg = _picture(got, expected)
    assert svg.count("Only the slice [1, 2] is drawn.") == 2
    assert "The largest error is 5, at [1, 2, 3, 3]: 0 is expected, yours is 5." in svg
    # One cell of the drawn slice is wrong.
    assert svg.count("l1 1") == 1


@given(hnp.arrays(np.float32, 6, elements=st.floats(-9, 9, width=32)), st.sets(st.integers(0, 5), min_size=1))
def test_each_wrong_number_carries_a_mark(expected: NDArray[np.float32], places: set[int]) -> None:
    """Colour alone tells nothing."""
    got = expected.copy()
    got[sorted(places)] += 1
    [marks] = re.findall(r'<path class="wrong" d="([^"]*)"[^>]*/><text', _picture(got, expected))[-1:]
    assert marks.count("M") == len(places)


@pytest.mark.parametrize("shape", [(4,), (3, 4), (30, 30), (100,)])
def test_without_the_pages_style_it_is_drawn_in_the_colour_of_the_text(shape: tuple[int, ...]) -> None:
    """So it can be read on light and on dark ground."""
    svg = _picture(np.ones(shape), np.zeros(shape))
    assert set(re.findall(r'(?:fill|stroke)="([^"]*)"', svg)) <= {"currentColor", "none"}
