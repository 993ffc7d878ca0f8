"""What is said of a module's parameters."""

import time

import pytest

from app.grading.compare.parameters import same_tree, tree_differences
from sandbox.interface import Parameter


def _parameter(
    path: str, shape: tuple[int, ...], kind: str = "Param", mean: float = 0.0, std: float = 0.0
) -> Parameter:
    return Parameter(path=path, kind=kind, shape=shape, dtype="float32", mean=mean, std=std)


_WANTED = (_parameter("cls_token", (1, 8)), _parameter("head.kernel", (8, 16), std=0.3))


def test_the_same_parameters_differ_in_nothing() -> None:
    assert tree_differences(_WANTED, _WANTED) == ""
    assert same_tree(_WANTED, _WANTED)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((), "`cls_token` is missing"),
        ((_parameter("cls_token", (4, 8)),), "`cls_token` has 4 rows, 1 are needed"),
        ((_parameter("cls_token", (8,)),), "shape (8,), (1, 8) is asked for"),
        ((_parameter("cls_token", (1, 8), kind="array"),), "`cls_token` is a plain array"),
        ((_parameter("cls_token", (1, 8), kind="BatchStat"),), "`cls_token` is an `nnx.BatchStat`"),
        ((_parameter("cls_token", (1, 8), std=0.02),), "`cls_token` must start as all 0"),
        ((_WANTED[0], _parameter("extra", (2,))), "`extra` is not asked for"),
    ],
)
def test_each_difference_is_told_by_path(given: tuple[Parameter, ...], said: str) -> None:
    assert said in tree_differences((*given, _WANTED[1]), _WANTED)


def test_another_initialiser_shows_in_the_spread() -> None:
    """Same tree, other start: right mathematics, but not what was asked for."""
    wide = (_WANTED[0], _parameter("head.kernel", (8, 16), std=1.0))
    assert "spread" in tree_differences(wide, _WANTED)
    assert same_tree(wide, _WANTED)


def test_other_random_draws_are_no_difference() -> None:
    """Another creation order draws other numbers from the same distribution."""
    drawn = (_WANTED[0], _parameter("head.kernel", (8, 16), mean=0.01, std=0.33))
    assert tree_differences(drawn, _WANTED) == ""


def test_traced_values_have_no_spread_to_judge() -> None:
    nan = float("nan")
    traced = (_parameter("cls_token", (1, 8), mean=nan, std=nan), _WANTED[1])
    assert tree_differences(traced, _WANTED) == ""


def test_many_forged_names_do_not_hold_up_the_worker() -> None:
    """Each of them could be any of those that are missing."""
    wanted = [_parameter(f"blocks.{index}.ln1.scale", (12,)) for index in range(24)]
    forged = [_parameter(f"blocks.x{index}.ln1.scale", (12,)) for index in range(5_000)]
    start = time.perf_counter()
    assert "is missing" in tree_differences(forged, wanted)
    assert time.perf_counter() - start < 1.0
