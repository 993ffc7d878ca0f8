"""What a learner is told of a divergence, and what of a hidden case is kept."""

import numpy as np

from app.core.tolerance import Tolerance
from app.core.verdict import DiagnosisKind
from app.grading.diagnose.diagnose import divergence_diagnosis
from app.grading.diagnose.divergence import Divergence
from app.grading.diagnose.error_pattern import Pair
from app.grading.diagnose.stages import Followed

_RIGHT = np.random.default_rng(1).normal(size=(3, 4))


def _reported(divergence: Divergence, case: str = "six-tokens") -> tuple[str, str]:
    found = divergence_diagnosis(Followed(divergence=divergence, case=case), Tolerance())
    assert found.kind is DiagnosisKind.DIVERGENCE
    return found.id, found.message


def test_a_stage_of_a_sample_case_is_told_with_what_it_looks_like() -> None:
    pair = Pair(got=2 * _RIGHT, expected=_RIGHT)
    name, message = _reported(Divergence(last_right="ln1", first_wrong="queries", pair=pair))
    assert name == "queries"
    assert "on `six-tokens`" in message
    assert "`ln1` is right, and `queries` is the first stage that differs. Yours is 2 times" in message


def test_shapes_of_a_sample_case_are_told() -> None:
    _, message = _reported(Divergence(last_right="ln1", first_wrong="sum", shapes=((3,), (3, 4))))
    assert "(3,) there, (3, 4) is right" in message


def test_what_a_sample_s_value_is_instead_is_told() -> None:
    likeness = "Yours is row 1 of `ln1` there."
    divergence = Divergence(last_right="ln1", first_wrong="queries", shapes=((4,), (3, 4)), likeness=likeness)
    assert _reported(divergence)[1].endswith(f"(4,) there, (3, 4) is right. {likeness}")


def test_of_a_hidden_case_only_the_stage_is_told() -> None:
    """Sizes and factors could carry its values."""
    pair = Pair(got=2 * _RIGHT, expected=_RIGHT)
    for divergence in (
        Divergence(last_right="ln1", first_wrong="queries", pair=pair),
        Divergence(last_right="ln1", first_wrong="queries", shapes=((3,), (3, 4))),
        Divergence(last_right="ln1", first_wrong="queries", likeness="Yours is `ln1` itself there."),
    ):
        _, message = _reported(divergence, case="")
        assert message.endswith(
            "on a hidden case, with random parameters handed in: `ln1` is right, and "
            "`queries` is the first stage that differs."
        )


def test_what_is_not_known_is_not_said() -> None:
    """The first stage is only the first where nothing in between was out of sight."""
    name, message = _reported(Divergence(last_right="ln1", first_wrong="sum", is_next=False))
    assert "first" not in message
    assert "the mistake is between `ln1` and `sum`" in message
    assert name == "between ln1 and sum"
    name, message = _reported(Divergence(last_right=None, first_wrong="sum", is_next=False))
    assert "first" not in message
    assert name == "between the input and sum"
    _, message = _reported(Divergence(last_right="ln1", first_wrong=None, is_next=False))
    assert "of what happens after it something differs" in message


def test_where_every_stage_agrees_the_rest_is_wrong() -> None:
    name, message = _reported(Divergence(last_right="head", first_wrong=None))
    assert name == "after head"
    assert "`head` is right, and what happens after it differs" in message


def test_a_stage_that_comes_too_early_is_told() -> None:
    name, message = _reported(Divergence(last_right="patches", first_wrong="block 1", overtaken_by="block 2"))
    assert name == "stage_order"
    assert "`block 2` is reached before `block 1`" in message


def test_an_input_that_comes_too_late_is_told_by_the_module_it_is_for() -> None:
    """Positions may be added, and yet another block be called first."""
    divergence = Divergence(
        last_right="patches",
        first_wrong="with_positions",
        overtaken_by="block 2: ln1",
        input_of="blocks.0",
    )
    _, message = _reported(divergence)
    assert "`block 2: ln1` is reached before `blocks.0` is called, which should come first" in message
