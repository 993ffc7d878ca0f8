"""Exceptions in plain words, from text that may be hostile."""

import re
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.grading.check.case_result import without_details
from app.grading.explain.explain import _RULES, explain, explanation, first_sentence
from sandbox.interface import Frame, Raised
from tests.support.real_messages import RealMessage, read

_KNOWN = read()
_TYPES = sorted({kind for rule in _RULES for kind in rule.types})
_HOSTILE = [
    "(" * 9000,
    "1, " * 3000,
    "(1, " * 3000,
    "a." * 4000,
    "shapes=[" + "(), " * 2000,
    "[" + "1," * 4000,
]
_LENGTHS = (450, 1_800)
_GROWTH = 10.0
"""A fourfold message may take so many times as long: more than four, for what is measured is small."""


@pytest.mark.parametrize("real", _KNOWN, ids=lambda real: real.name)
def test_a_real_message_is_explained(real: RealMessage) -> None:
    """What JAX, Flax and Python really say of a common mistake gets the sentence that is written down."""
    said = explain(real.type, real.message, line=real.line, nearest=real.nearest)

    assert said == real.explanation
    assert said


def test_an_explanation_names_the_shapes_at_hand() -> None:
    """A learner reads their own numbers, not a lecture."""
    said = explain("TypeError", "add got incompatible shapes for broadcasting: (5, 8), (4, 8).")

    assert "`(5, 8)` and `(4, 8)` cannot be added: 5 meets 4" in said


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("for _ in range(num_layers):", "`range(int(num_layers))`"),
        ("x = jnp.zeros((d_model / 2, 4))", "`//` to divide"),
        ("x = jnp.zeros((d_model, 4))", "`int(d_model)`"),
    ],
)
def test_the_advice_uses_the_line_where_it_can(line: str, advice: str) -> None:
    """The learner's own names are easier to recognise than made-up ones."""
    message = "'float' object cannot be interpreted as an integer"

    assert advice in explain("TypeError", message, line=line)


def test_a_name_that_is_no_identifier_is_not_passed_on() -> None:
    """The process that says what looks alike is the learner's own."""
    said = explain("NameError", "name 'logit' is not defined", nearest="`secret` <b>")

    assert "secret" not in said
    assert "`logit`" in said


def test_an_unknown_exception_is_left_to_speak_for_itself() -> None:
    """Nothing is better than a guess."""
    assert explain("MyOwnError", "add got incompatible shapes for broadcasting: (5, 8), (4, 8).") == ""
    assert explain("TypeError", "something else") == ""


@given(st.sampled_from(_TYPES), st.text(max_size=300), st.text(max_size=80), st.text(max_size=20))
def test_any_text_gets_a_bounded_answer(kind: str, message: str, line: str, nearest: str) -> None:
    """Nothing from a jail may raise in the worker."""
    assert len(explain(kind, message, line=line, nearest=nearest)) <= 600


@given(
    st.sampled_from(_KNOWN),
    st.integers(0, 400),
    st.integers(0, 60),
    st.text(alphabet="0123456789²٣(),[] '-.aé", max_size=40),
)
def test_a_message_that_was_tampered_with_raises_nothing(
    real: RealMessage, start: int, length: int, put: str
) -> None:
    """Near a real message the rules match in part, with groups that hold anything."""
    message = real.message[:start] + put + real.message[start + length :]

    assert len(explain(real.type, message, line=real.line)) <= 600


def _growth(act: Callable[[str], object], hostile: str) -> float:
    """Return how many times as much processor time a fourfold message takes, at the best of a few tries."""

    def seconds(length: int) -> float:
        start = time.process_time()
        act(hostile[:length])
        return time.process_time() - start

    short, long = (min(seconds(length) for _ in range(5)) for length in _LENGTHS)
    return long / short


@pytest.mark.parametrize("hostile", _HOSTILE, ids=range(len(_HOSTILE)))
def test_no_message_takes_long(hostile: str) -> None:
    """Patterns that try every way to fail would stop the worker for all learners."""

    def explain_all(text: str) -> None:
        for real in _KNOWN[::4]:
            middle = len(real.message) // 2
            explain(real.type, real.message[:middle] + text, line=text)
            explain(real.type, text, line=text)

    assert _growth(explain_all, hostile) < _GROWTH


def test_a_pattern_that_tries_every_way_is_noticed() -> None:
    """The square of the length is too much already."""
    pattern = re.compile(r"\(*\(*x")
    assert _growth(pattern.match, "(" * 9000) > _GROWTH


@given(st.sampled_from(_KNOWN), st.text(max_size=200), st.text(max_size=50))
def test_an_exception_of_a_hidden_case_is_explained_by_its_type_alone(
    real: RealMessage, text: str, name: str
) -> None:
    """Message, line and names could carry the hidden case's values."""

    def said(message: str, line: str, nearest: str) -> str:
        frames = (Frame(line=3, function="f", text=line),)
        return explanation(
            without_details(Raised(type=real.type, message=message, frames=frames, nearest=nearest))
        )

    assert said(real.message, real.line, real.nearest) == said(text, text, name)


@pytest.mark.parametrize("real", _KNOWN, ids=lambda real: real.name)
def test_the_first_sentence_fits_beside_a_case(real: RealMessage) -> None:
    """The table of cases says what is wrong; the advice stands above it once."""
    assert 10 < len(first_sentence(real.explanation)) < 240


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("list indices must be integers or slices, not tuple", "one index at a time"),
        ("'map' object is not subscriptable", "make a list of it"),
        ("'dict_keys' object is not subscriptable", "make a list of it"),
        ("'list_iterator' object is not subscriptable", "make a list of it"),
        ("'function' object is not subscriptable", "round ones call it"),
        ("'NoneType' object is not subscriptable", "Something is None"),
        ("'float' object is not subscriptable", "has no entries"),
        ("'Linear' object is not subscriptable", "as in `x.name`"),
        ("sum() got an unexpected keyword argument 'dim'", "here it is `axis`"),
        ("Linear.__init__() got an unexpected keyword argument 'bias'", "`Linear` has no `bias`, which is"),
        ("zeros() got an unexpected keyword argument 'device'", "leave it out"),
        ("Linear.__init__() got an unexpected keyword argument 'activation'", "as `jax.nn.relu(...)`"),
        (
            "f() got an unexpected keyword argument 'dim'",
            "`f` has no parameter `dim`: look up how it is spelt.",
        ),
        ("exceptions must derive from BaseException", "Only an exception can be raised"),
    ],
)
def test_a_value_of_the_wrong_kind_is_told(message: str, said: str) -> None:
    assert said in explain("TypeError", message)
