"""How long pages took, in figures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.page_times import PageTimes

_SECONDS = st.lists(st.floats(0.001, 10), min_size=1, max_size=200)


@given(seconds=_SECONDS, share=st.floats(0.01, 1))
def test_a_share_of_pages_took_at_most_what_is_said_of_it(seconds: list[float], share: float) -> None:
    """And it is a time that one of them took."""
    times = PageTimes.of(seconds)
    assert times.at(share) in seconds
    assert times.share_within(times.at(share)) >= share - 1e-9


def test_the_figures_of_a_hundred_pages() -> None:
    times = PageTimes.of([number / 100 for number in range(100, 0, -1)])
    assert (times.p50, times.p95, times.slowest) == (0.5, 0.95, 1.0)
    assert times.share_within(0.25) == 0.25
    assert PageTimes.of([2.0]).times(PageTimes.of([0.5])) == (4, 4, 4)


def test_of_no_pages_nothing_is_said() -> None:
    with pytest.raises(ValueError, match="no page"):
        PageTimes.of([])
