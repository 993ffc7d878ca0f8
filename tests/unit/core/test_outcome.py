"""Outcomes and how a verdict follows from them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.outcome import Outcome, worst

_OF_A_CASE = [outcome for outcome in Outcome if outcome not in (Outcome.ACCEPTED, Outcome.CANCELLED)]


@given(st.lists(st.sampled_from(_OF_A_CASE), min_size=1))
def test_one_failing_case_fails_the_whole(outcomes: list[Outcome]) -> None:
    """Accepted means that every single case passed."""
    assert (worst(outcomes) is Outcome.ACCEPTED) == all(outcome is Outcome.PASSED for outcome in outcomes)


@given(st.lists(st.sampled_from(_OF_A_CASE), min_size=1))
def test_the_order_of_cases_does_not_matter(outcomes: list[Outcome]) -> None:
    """A verdict depends on what happened, not on when."""
    assert worst(outcomes) is worst(list(reversed(outcomes)))


def test_no_case_is_no_verdict() -> None:
    """An empty list must never count as accepted."""
    with pytest.raises(ValueError, match="empty"):
        worst([])


def test_our_fault_outranks_everything() -> None:
    """A learner is never blamed where the grader broke."""
    assert worst([Outcome.WRONG_VALUE, Outcome.INTERNAL_ERROR, Outcome.CRASHED]) is Outcome.INTERNAL_ERROR
