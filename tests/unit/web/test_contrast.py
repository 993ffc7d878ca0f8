"""The colours of text keep WCAG's AA contrast on what they stand on, in light and in dark."""

import itertools
import re

import pytest

from app.web.outcome_words import Tone
from tests.support.checkout import CHECKOUT

_STYLES = CHECKOUT / "app/web/styles/colours.css"
_GROUNDS = ("page", "surface", "surface-sunk")
_PAIRS = [
    *itertools.product(("ink", "ink-soft", "accent"), _GROUNDS),
    *((tone, ground) for tone in Tone for ground in ("surface", "surface-sunk", f"{tone}-ground")),
    *(("ink", f"{tone}-ground") for tone in Tone),
    *(("ink-soft", f"{tone}-ground") for tone in Tone),
    ("ink", "accent-ground"),
    ("accent", "accent-ground"),
    ("accent-ink", "accent"),
    ("accent-ink", "accent-hover"),
    *itertools.product(
        ("ink", "hl-keyword", "hl-string", "hl-number", "hl-comment", "hl-name", "hl-call", "hl-special"),
        ("code-ground", "code-active", "fault-ground"),
    ),
]


def palettes() -> dict[str, dict[str, str]]:
    light, dark = _STYLES.read_text().split("@media")
    return {
        name: dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", css))
        for name, css in (("light", light), ("dark", dark))
    }


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_black_on_white_is_the_greatest_contrast() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("palette", ["light", "dark"])
def test_every_pair_of_text_and_ground_can_be_read(palette: str) -> None:
    colours = palettes()[palette]
    weak = {
        f"{ink} on {ground}": round(contrast(colours[ink], colours[ground]), 2)
        for ink, ground in _PAIRS
        if contrast(colours[ink], colours[ground]) < 4.5
    }
    assert weak == {}


@pytest.mark.parametrize("palette", ["light", "dark"])
def test_frames_of_fields_and_the_focus_can_be_seen(palette: str) -> None:
    colours = palettes()[palette]
    for line, ground in itertools.product(("line-strong", "focus"), _GROUNDS):
        assert contrast(colours[line], colours[ground]) >= 3
