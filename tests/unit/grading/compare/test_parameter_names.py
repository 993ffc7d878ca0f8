"""Parameters that differ from the reference's, told with the statement's words or as renamed ones."""

import pytest

from app.grading.compare.parameters import tree_differences
from sandbox.interface import Parameter


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
