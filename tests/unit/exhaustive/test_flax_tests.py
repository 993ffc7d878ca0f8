"""Lists of results are compared test by test; what could not be read is no agreement."""

from collections.abc import Mapping

import pytest

from tests.exhaustive.flax_tests.states import Outcomes, Ran, summary
from tests.exhaustive.parts.flax import table

_PLAIN: Outcomes = {"a::one": ["passed", ""], "a::two": ["skipped", "needs a TPU"]}


def _ran(**outcomes: Outcomes) -> Mapping[str, Ran]:
    return {state: Ran(outcomes=of, seconds=1.0, stored=7) for state, of in outcomes.items()}


def test_equal_lists_are_counted() -> None:
    found = summary(dict(_ran(plain=_PLAIN, warm=_PLAIN)))
    assert found == {"passed": 1, "skipped": 1, "stored": 7, "seconds": {"plain": 1.0, "warm": 1.0}}


@pytest.mark.parametrize(
    "other",
    [
        {**_PLAIN, "a::one": ["failed", "AssertionError: 1"]},
        {**_PLAIN, "a::two": ["skipped", "for another reason"]},
        {"a::one": ["passed", ""]},
        {**_PLAIN, "a::three": ["passed", ""]},
    ],
)
def test_another_list_is_refused(other: Outcomes) -> None:
    with pytest.raises(AssertionError, match="warm: a::"):
        summary(dict(_ran(plain=_PLAIN, warm=other)))


@pytest.mark.parametrize("nothing", [{}, {"a": ["not collected", "ImportError"]}])
def test_no_results_are_no_agreement(nothing: Outcomes) -> None:
    with pytest.raises(AssertionError, match=r"no test was run|not collected: a"):
        summary(dict(_ran(plain=nothing, warm=nothing)))


def test_the_table_has_a_row_a_file_and_their_sum() -> None:
    result = {"passed": 2, "stored": 5, "seconds": dict.fromkeys(("plain", "empty", "filling", "warm"), 3.0)}
    rows = table({"a_test.py": result, "b_test.py": result, "all files in one process": result}).splitlines()
    assert "| a_test.py | 2 | 0 | 0 | 5 | 3 | 3 | 3 | 3 |" in rows
    assert rows[-1] == "| sum of the files | 4 | 0 | 0 | 10 | 6 | 6 | 6 | 6 |"
