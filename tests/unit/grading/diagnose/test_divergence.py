"""Where two recordings part, and when that is not said."""

import numpy as np
import pytest

from app.core.problem import ModuleStage
from app.core.tolerance import Tolerance
from app.grading.diagnose.divergence import Divergence, first_divergence
from app.grading.diagnose.significance import Array

_TOLERANCE = Tolerance(absolute=1e-5, relative=1e-4)
_STAGES = (
    ModuleStage(name="patches", path="patch_embed"),
    ModuleStage(name="block 1", path="blocks.0"),
    ModuleStage(name="block 2", path="blocks.1"),
    ModuleStage(name="norm", path="ln_f", any_rows=True),
)
_RNG = np.random.default_rng(5)
_RIGHT: dict[str, Array] = {stage.name: _RNG.normal(size=(7, 4)) for stage in _STAGES}


def _found(given: dict[str, Array], wanted: dict[str, Array] = _RIGHT) -> Divergence | None:
    return first_divergence(_STAGES, given, wanted, _TOLERANCE)


def _changed(*names: str) -> dict[str, Array]:
    return {name: array + 1.0 if name in names else array for name, array in _RIGHT.items()}


def test_the_first_stage_that_differs_is_found() -> None:
    found = _found(_changed("block 2", "norm"))
    assert found is not None
    assert (found.last_right, found.first_wrong, found.is_next) == ("block 1", "block 2", True)


def test_already_the_first_stage_may_differ() -> None:
    found = _found(_changed(*_RIGHT))
    assert found is not None
    assert (found.last_right, found.first_wrong, found.is_next) == (None, "patches", True)


def test_where_all_agree_what_follows_is_wrong() -> None:
    found = _found(_RIGHT)
    assert found is not None
    assert (found.last_right, found.first_wrong, found.is_next) == ("norm", None, True)


def test_a_stage_out_of_sight_makes_the_next_one_not_the_first() -> None:
    given = _changed("block 2", "norm")
    del given["block 1"]
    found = _found(given)
    assert found is not None
    assert (found.last_right, found.first_wrong, found.is_next) == ("patches", "block 2", False)


def test_a_batch_axis_or_other_rows_is_no_difference() -> None:
    """How an answer is laid out on the way is the learner's own affair."""
    given = {
        "patches": _RIGHT["patches"].reshape(1, 7, 1, 4),
        "block 1": _RIGHT["block 1"].ravel(),
        "block 2": _RIGHT["block 2"],
        "norm": _RIGHT["norm"][:1],
    }
    found = _found(given)
    assert found is not None
    assert (found.last_right, found.first_wrong, found.is_next) == ("block 2", None, False)


def test_a_stage_of_another_size_differs_and_says_so() -> None:
    found = _found({**_changed("norm"), "block 2": _RIGHT["block 2"][:-1]})
    assert found is not None
    assert (found.first_wrong, found.shapes, found.pair) == ("block 2", ((6, 4), (7, 4)), None)


def test_a_layer_that_is_called_row_by_row_is_not_blamed() -> None:
    """The first call decides; where its row is right, nothing is known of the stage."""
    found = _found({**_changed("norm"), "block 2": _RIGHT["block 2"][0]})
    assert found is not None
    assert (found.last_right, found.first_wrong, found.is_next) == ("block 1", "norm", False)
    found = _found({**_changed("norm"), "block 2": _RIGHT["block 2"][3]})
    assert found is not None
    assert (found.first_wrong, found.shapes) == ("block 2", ((4,), (7, 4)))


def test_a_number_that_is_not_finite_differs() -> None:
    given = _changed("norm")
    given["block 2"] = given["block 2"].copy()
    given["block 2"][0, 0] = np.nan
    found = _found(given)
    assert found is not None
    assert (found.first_wrong, found.pair) == ("block 2", None)


def test_a_stage_that_the_reference_does_not_pass_is_left_out() -> None:
    wanted = {name: array for name, array in _RIGHT.items() if name != "block 2"}
    found = _found(_changed("norm"), wanted)
    assert found is not None
    assert (found.last_right, found.first_wrong, found.is_next) == ("block 1", "norm", True)


def test_a_difference_that_is_gone_later_is_another_way() -> None:
    assert _found(_changed("block 1")) is None


def test_a_difference_near_the_tolerance_says_nothing_by_itself() -> None:
    """It may be rounding, or the first trace of a mistake."""
    given = _changed("norm")
    given["block 2"] = given["block 2"] + 1.5e-5 * np.abs(given["block 2"]).max()
    found = _found(given)
    assert found is not None
    assert (found.last_right, found.first_wrong, found.is_next) == ("block 1", "norm", False)


@pytest.mark.parametrize("wrong", [True, False])
def test_a_later_stage_that_comes_first_is_told(wrong: bool) -> None:
    """Blocks in reverse: the first one's input is wrong because the second one has run. An independent one
    that is right may come in any order."""
    given = _changed("block 1", "norm", *(["block 2"] if wrong else []))
    order = ("patches", "block 2", "block 1", "norm")
    found = _found({name: given[name] for name in order})
    assert found is not None
    assert (found.first_wrong, found.overtaken_by) == ("block 1", "block 2" if wrong else None)


def test_a_stage_that_is_a_module_s_input_is_known_as_that() -> None:
    stages = (ModuleStage(name="sum", path="blocks.0", side="input"), *_STAGES[1:])
    right = {"sum": _RIGHT["patches"], **_RIGHT}
    found = first_divergence(
        stages, {**right, "sum": right["sum"] + 1, "norm": right["norm"] + 1}, right, _TOLERANCE
    )
    assert found is not None
    assert (found.first_wrong, found.input_of) == ("sum", "blocks.0")


def test_nothing_recorded_says_nothing() -> None:
    assert _found({}) is None
    assert _found({"else": _RIGHT["norm"]}) is None


def _noisy(name: str, error: float) -> Array:
    return np.asarray(_RIGHT[name] + error * np.abs(_RIGHT[name]).max())


def test_a_cause_that_is_smaller_than_the_tolerance_is_found_by_how_the_error_grows() -> None:
    """Another GELU is off by some 3e-5, and only behind the blocks by more than the tolerance."""
    given = dict(_RIGHT)
    given["block 1"], given["block 2"], given["norm"] = (
        _noisy("block 1", 2e-5),
        _noisy("block 2", 5e-5),
        _noisy("norm", 2e-4),
    )
    found = _found(given)
    assert found is not None
    assert (found.last_right, found.first_wrong, found.is_next) == ("patches", "block 1", True)


def test_a_cause_that_no_stage_s_tolerance_shows_is_found_too() -> None:
    given = {**_RIGHT, "block 2": _noisy("block 2", 6e-6), "norm": _noisy("norm", 9e-6)}
    found = first_divergence(_STAGES, given, _RIGHT, _TOLERANCE, answer_error=2e-5)
    assert found is not None
    assert (found.last_right, found.first_wrong) == ("block 1", "block 2")


def test_rounding_that_grows_slowly_is_no_cause() -> None:
    given = {
        "patches": _noisy("patches", 2e-7),
        "block 1": _noisy("block 1", 1e-6),
        "block 2": _noisy("block 2", 3e-6),
        "norm": _RIGHT["norm"] + 1.0,
    }
    found = _found(given)
    assert found is not None
    assert found.first_wrong == "norm"
    found = first_divergence(
        _STAGES, {**given, "norm": _noisy("norm", 4e-6)}, _RIGHT, _TOLERANCE, answer_error=0.3
    )
    assert found is not None
    assert found.first_wrong is None


def test_one_of_several_arrays_at_a_stage_is_enough() -> None:
    """A block that returns a tuple: what is right is seen, wherever it stands."""
    given = {
        **_changed("norm"),
        "block 1": np.zeros(3),
        "block 1[1]": _RIGHT["block 1"],
        "block 2[1]": np.ones(9),
    }
    found = _found(given)
    assert found is not None
    assert (found.last_right, found.first_wrong, found.is_next) == ("block 2", "norm", True)
    found = _found({**given, "block 2": _RIGHT["block 2"] + 1.0})
    assert found is not None
    assert (found.first_wrong, found.shapes) == ("block 2", None)


def test_rows_that_are_none_of_the_right_ones_differ() -> None:
    """A mean taken too early; where only some rows go through, right ones say nothing."""
    given = {**_RIGHT, "norm": _RIGHT["norm"].mean(axis=0)}
    found = _found(given)
    assert found is not None
    assert (found.last_right, found.first_wrong) == ("block 2", "norm")
    found = _found({**_RIGHT, "norm": _RIGHT["norm"][3:5]})
    assert found is not None
    assert (found.last_right, found.first_wrong, found.is_next) == ("block 2", None, False)
