"""How much a fit weighs."""

import numpy as np
import pytest

from app.grading.diagnose.significance import decades, log10_factorial, weighs


def _allowed(width: float, count: int) -> list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    return [np.full(count, width)]


def test_each_distinct_number_counts_by_how_unlikely_its_match_was() -> None:
    found = decades([np.asarray([0.1, 2.0, 20.1])], _allowed(1e-3, 3))
    assert found.tolist() == pytest.approx([4.0, 4.0, 4.0])


def test_the_same_number_counts_once() -> None:
    assert decades([np.asarray([0.5, 0.5, 0.5005, 20.5])], _allowed(1e-3, 4)).size == 2


def test_whole_numbers_say_less() -> None:
    """A label is matched by chance as often as there are labels."""
    labels, plain = np.arange(10.0), np.arange(10.0) + 0.5
    assert decades([labels], _allowed(1e-5, 10)).max() < 1.0
    assert decades([plain], _allowed(1e-5, 10)).max() > 5.0


def test_what_was_chosen_to_fit_is_taken_off() -> None:
    three = [np.asarray([0.1, 2.0, 10.1])]
    assert weighs(three, _allowed(1e-3, 3))
    assert not weighs(three, _allowed(1e-3, 3), free=2)
    assert not weighs(three, _allowed(1e-3, 3), choices=6)


@pytest.mark.parametrize("values", [[], [1.5], [1.5, 1.5, 1.5]])
def test_a_constant_says_nothing(values: list[float]) -> None:
    assert not weighs([np.asarray(values)], _allowed(1e-9, len(values)))


def test_orders_are_counted() -> None:
    assert log10_factorial(5) == pytest.approx(np.log10(120))
