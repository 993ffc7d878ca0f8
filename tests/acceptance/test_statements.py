"""A statement with every construct, in the browsers that there are: aligned, whole, and by classes alone."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support.every_construct import every_construct
from tests.support.firefox import FIREFOX, open_firefox
from tests.support.served_service import served_service
from tests.support.small_problem import write_problem

pytestmark = pytest.mark.browser

Evaluate = Callable[[str], Any]
_PAGE = "/problems/every-construct"
_NEAR_PIXELS = 1.5

_EDGES = """() => [...document.querySelectorAll('mtable')].map(table =>
  [...table.children].map(row => [...row.children].map(cell => {
    const parts = [...cell.children].map(part => part.getBoundingClientRect()).filter(box => box.width);
    const own = cell.getBoundingClientRect();
    return parts.length
      ? {left: Math.min(...parts.map(b => b.left)), right: Math.max(...parts.map(b => b.right)),
         cell_left: own.left, cell_right: own.right}
      : null;
  })))"""
"""Where the content of each cell of each table of a formula begins and ends, and the cell itself."""
_WHATEVER_BREAKS_THE_POLICY = "() => [...document.querySelectorAll('.statement [style]')].length"
_STYLE_OF = "selector => getComputedStyle(document.querySelector(selector))"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    place = tmp_path_factory.mktemp("every-construct")
    write_problem(every_construct(), place)
    with served_service(place) as served:
        yield served.address + _PAGE


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def evaluate(
    request: pytest.FixtureRequest, address: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Evaluate]:
    """What runs JavaScript in the page; in Chromium nothing of the page breaks its policy meanwhile."""
    if request.param == "firefox":
        if FIREFOX is None:
            pytest.skip("needs firefox-esr: apt-get install firefox-esr")
        with open_firefox(tmp_path_factory.mktemp("firefox")) as firefox:
            firefox.resize(1200, 900)
            firefox.open(address)
            yield firefox.evaluate
        return
    chromium: Browser = request.getfixturevalue("chromium")
    page = chromium.new_page()
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.goto(address)
    yield page.evaluate
    assert [text for text in messages if "Policy" in text] == []
    page.close()


def near(values: list[float]) -> bool:
    return max(values) - min(values) <= _NEAR_PIXELS


def test_aligned_lines_are_aligned(evaluate: Evaluate) -> None:
    """What stands before a sign ends where it ends in the other lines; what begins with one begins there."""
    aligned, align = evaluate(_EDGES)[:2]
    columns = [(row[0], row[1]) for row in aligned], [(row[1], row[2]) for row in align]
    for pairs in columns:
        assert near([before["right"] for before, _ in pairs])
        assert near([after["left"] for _, after in pairs])
        assert not near([before["left"] for before, _ in pairs])
        assert all(-_NEAR_PIXELS <= after["left"] - before["right"] < 12 for before, after in pairs)


def test_numbers_of_equations_stand_at_the_right(evaluate: Evaluate) -> None:
    align = evaluate(_EDGES)[1]
    numbers = [row[-1] for row in align]
    assert near([number["right"] for number in numbers])
    assert all(number["left"] - row[2]["right"] > 40 for number, row in zip(numbers, align, strict=True))


def test_an_arrays_columns_stand_as_they_were_asked_for(evaluate: Evaluate) -> None:
    array = next(table for table in evaluate(_EDGES) if len(table) == 3 and len(table[0]) == 3)
    assert near([row[0]["left"] for row in array])
    assert near([(row[1]["left"] + row[1]["right"]) / 2 for row in array])
    assert near([row[2]["right"] for row in array])
    lines = evaluate(
        "() => ['.maths-line-right', '.maths-line-top', '.maths-dashes-top'].map("
        "name => { const s = getComputedStyle(document.querySelector(name));"
        "return [s.borderRightStyle, s.borderTopStyle] })"
    )
    assert lines[0][0] == "solid"
    assert lines[1][1] == "solid"
    assert lines[2][1] == "dashed"


def test_columns_of_a_table_are_aligned(evaluate: Evaluate) -> None:
    aligned = evaluate(
        "() => [...document.querySelectorAll('.wide tr')].map(row =>"
        "[...row.children].map(cell => getComputedStyle(cell).textAlign))"
    )
    assert [row[1:] for row in aligned] == [["center", "right"]] * 3


def test_nothing_in_the_page_is_what_its_policy_forbids(evaluate: Evaluate) -> None:
    assert evaluate(_WHATEVER_BREAKS_THE_POLICY) == 0


def test_the_text_is_as_it_was_typed(evaluate: Evaluate) -> None:
    text = evaluate("() => document.querySelector('.statement').innerText")
    for typed in (
        "Choice (c), an option --fresh, \"double\" and 'single' quotes, don't ... and +-;",
        "$5 and $10",
    ):
        assert typed in text
    formulas = evaluate("() => [...document.querySelectorAll('math')].map(one => one.textContent)")
    for sign in ("ℝ", "𝜽", "𝒙", "𝐖", "logits"):
        assert any(sign in formula for formula in formulas), sign
    assert evaluate("() => document.querySelectorAll('.maths-source').length") == 0


def test_the_figure_is_shown_and_described(evaluate: Evaluate) -> None:
    said, width = evaluate(
        "() => { const i = document.querySelector('.figure img');"
        "i.loading = 'eager'; return i.decode().then(() => [i.alt, i.naturalWidth]) }"
    )
    assert said == "Two patches, p sub 0 and p sub 1, of R to the d."[:-1]
    assert width == 240


def test_what_stands_in_a_box_has_one(evaluate: Evaluate) -> None:
    """Chromium by the style sheet, Firefox by itself."""
    inner, outer = evaluate(
        "() => { const box = document.querySelector('menclose[notation=box]');"
        "return [box.firstElementChild.getBoundingClientRect().width, "
        "box.getBoundingClientRect().width] }"
    )
    assert outer - inner >= 6


def test_a_bar_covers_what_stands_below_it(evaluate: Evaluate) -> None:
    """Chromium by the style sheet, Firefox by itself."""
    base, line, bar = evaluate(
        "() => { const bar = document.querySelector('.maths-bar'); const base = bar.previousElementSibling;"
        "return [base.getBoundingClientRect().width, getComputedStyle(base).borderTopStyle,"
        "bar.getBoundingClientRect().width] }"
    )
    assert line == "solid" or bar >= base - 1


def test_a_negative_space_draws_nearer(evaluate: Evaluate) -> None:
    assert evaluate("() => getComputedStyle(document.querySelector('.maths-back-3')).marginLeft").startswith(
        "-"
    )


@pytest.mark.parametrize("width", [360, 1200])
def test_no_formula_widens_the_page(chromium: Browser, address: str, width: int) -> None:
    page = chromium.new_page(viewport={"width": width, "height": 800})
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    page.close()
