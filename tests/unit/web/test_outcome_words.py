"""How outcomes are said and drawn."""

import re
from pathlib import Path

import pytest

from app.core.outcome import Outcome
from app.core.paths import path_of
from app.core.verdict import Mode
from app.web.outcome_words import Tone, outcome_words, verdict_words


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_words_and_a_tone(outcome: Outcome) -> None:
    words = outcome_words(outcome)
    assert words.word
    assert words.sentence.endswith(".")


def test_no_two_outcomes_have_the_same_word() -> None:
    assert len({outcome_words(outcome).word for outcome in Outcome}) == len(Outcome)


def test_every_tone_has_an_icon_and_a_colour() -> None:
    """Colour never stands alone."""
    drawing = (path_of("static") / "icons.svg").read_text()
    icons = set(re.findall(r'<symbol id="(\w+)"', drawing))
    colours = (Path(path_of("static")).parent / "styles" / "colours.css").read_text()
    for tone in Tone:
        assert tone in icons
        # Once for light pages, once for dark ones.
        assert colours.count(f"--{tone}:") == 2


def test_a_run_that_passes_has_not_been_accepted() -> None:
    assert verdict_words(Outcome.ACCEPTED, Mode.RUN).word != verdict_words(Outcome.ACCEPTED, Mode.SUBMIT).word
