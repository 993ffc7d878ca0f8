"""The style sheet says of each class what the converter wrote as a style."""

import re

import pytest

from app.catalog.markup.mathml import BACK_MU, CLASSES, STYLES
from tests.support.checkout import CHECKOUT

_CSS = re.sub(r"/\*.*?\*/", "", (CHECKOUT / "app/web/styles/maths.css").read_text(), flags=re.DOTALL)
_RULES = re.findall(r"([^{}]+)\{([^{}]*)\}", _CSS)


def said_of(name: str) -> str:
    """All declarations of the rules that a class alone selects."""
    return ";".join(
        re.sub(r":\s+", ":", body.strip())
        for selectors, body in _RULES
        if any(re.fullmatch(rf"([\w >]*)\.{name}", one.strip()) for one in selectors.split(","))
    )


@pytest.mark.parametrize(("style", "name"), STYLES.items())
def test_a_class_is_the_style_that_it_stands_for(style: str, name: str) -> None:
    assert style in re.split(r";\s*", said_of(name))


def test_a_negative_space_goes_back_as_far_as_its_class_says() -> None:
    for mu in BACK_MU:
        assert said_of(f"maths-back-{mu}") == f"margin-left:calc(-{mu}em / 18);"


def test_the_converters_own_classes_are_known() -> None:
    for name in CLASSES - {"math-core-serif-font"}:  # A page's prose has no serif to turn to.
        assert f".{name}" in _CSS or '[class^="menclose-"]' in _CSS


def test_a_class_that_nobody_declared_would_show() -> None:
    assert said_of("maths-nowhere") == ""
