"""What is said of a module's parameters, with the statement's words or as renamed ones."""

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
    """Each of them could be any of those that are missing, so only some are held against these."""
    wanted = [_parameter(f"blocks.{index}.ln1.scale", (12,)) for index in range(24)]

    def seconds(count: int) -> float:
        forged = [_parameter(f"blocks.x{index}.ln1.scale", (12,)) for index in range(count)]
        start = time.process_time()
        assert "is missing" in tree_differences(forged, wanted)
        return time.process_time() - start

    some, many = (min(seconds(count) for _ in range(3)) for count in (500, 10_000))
    assert many / some < 8


def _parameters(*paths: str, side: int = 4) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(path=path, kind="Param", shape=(index + side, 2), dtype="float32", mean=0, std=0)
        for index, path in enumerate(paths)
    )


def test_a_difference_is_told_with_the_statement_s_words() -> None:
    words = {"pos_embed": "one row for each patch and one for CLS"}
    [given], [wanted] = _parameters("pos_embed", side=16), _parameters("pos_embed", side=17)
    said = tree_differences([given], [wanted], words)
    assert said == "`pos_embed` has 16 rows, 17 are needed (one row for each patch and one for CLS)"
    assert tree_differences([], [wanted], words).startswith("`pos_embed` is missing (one row")


_CLS = (
    "`class_token` is not asked for; `cls_token` is missing: same shape, so it may only be named differently"
)
_HEAD = "`classifier` is not asked for; `head` is missing: same shapes, so it may only be named differently"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("class_token", "head.kernel"), _CLS),
        (("cls_token", "classifier.kernel"), _HEAD),
        (("class_token", "classifier.kernel"), f"{_CLS}; {_HEAD}"),
    ],
)
def test_another_name_is_said_as_such(given: tuple[str, ...], said: str) -> None:
    assert tree_differences(_parameters(*given), _parameters("cls_token", "head.kernel")) == said


def test_a_name_that_could_stand_for_two_is_not_guessed() -> None:
    """Two of one shape are missing, and one is there too much."""
    one, other = _parameters("ln1")[0], _parameters("ln2")[0]
    [extra] = _parameters("norm")
    said = tree_differences([extra], [one, other])
    assert said == "`ln1` is missing; `ln2` is missing; `norm` is not asked for"


def test_a_module_that_lacks_a_part_is_no_other_name() -> None:
    wanted = _parameters("head.kernel", "head.bias")
    given = _parameters("classifier.kernel")
    assert "named differently" not in tree_differences(given, wanted)
