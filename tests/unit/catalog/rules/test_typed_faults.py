"""Values that are not of their type: what msgspec would refuse is told, all of it, in an author's words."""

import tomllib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.rules.toml_lines import key_text
from app.catalog.rules.typed_faults import did_you_mean, nearest, typed_faults
from app.core.generators import Argument
from app.core.problem import Limits, Manifest
from tests.support.broken_folders import MANIFEST


def _reported(value: object, kind: object = Manifest) -> list[str]:
    return [f"{key_text(place)}: {reason}" for place, reason in typed_faults(value, kind)]


def test_a_good_manifest_has_none() -> None:
    assert _reported(tomllib.loads(MANIFEST)) == []


def test_all_faults_are_told_and_not_the_first() -> None:
    keys = tomllib.loads(MANIFEST)
    keys["position"] = "x"
    keys["titel"] = keys.pop("title")
    keys["limits"] |= {"cpu_seconds": -1, "processes": 0}
    keys["cases"][1]["visibility"] = "seen"
    del keys["cases"][0]["arguments"]["x"]["shape"]
    keys["variants"]["pre_norm"]["outcome"] = "wrong"
    assert {reported.partition(":")[0] for reported in _reported(keys)} == {
        "position",
        "titel",
        "limits.cpu_seconds",
        "limits.processes",
        "cases[1].visibility",
        "cases[0].arguments.x.shape",
        "variants.pre_norm.outcome",
    }


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (True, "must be a number or a table with `generator`, not true"),
        ("2", "must be a number or a table with `generator`, not '2'"),
        ([], "not a list"),
        ({}, "generator: is missing: it must be one of 'normal',"),
        ({"generator": 3}, "generator: 3 is none of 'normal',"),
        (
            {"generator": "seed", "seed": -1},
            "seed: must be a whole number from 0 to 9,223,372,036,854,775,807",
        ),
        ({"generator": "seed", "sede": 1}, "sede: there is no such key; did you mean `seed`?"),
    ],
)
def test_what_is_no_argument_is_told(value: object, said: str) -> None:
    [reported] = _reported(value, Argument)
    assert said in reported


@pytest.mark.parametrize("value", [1, 2.5, float("-inf"), {"generator": "arange", "shape": []}])
def test_what_is_an_argument_is_not(value: object) -> None:
    assert _reported(value, Argument) == []


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
_KEYS = st.sampled_from([*Limits.__struct_fields__, "memory"])


@given(st.dictionaries(_KEYS, st.integers(-2, 2_000_000) | st.floats() | _VALUES, max_size=4))
def test_what_msgspec_refuses_is_told_and_nothing_else_but_what_is_not_finite(
    keys: dict[str, object],
) -> None:
    """So nothing that passes here fails later."""
    numbers = [value for value in keys.values() if isinstance(value, float)]
    try:
        msgspec.convert(keys, Limits)
    except msgspec.ValidationError:
        is_refused = True
    else:
        is_refused = any(number != number or abs(number) == float("inf") for number in numbers)
    if keys.get("compile_seconds", 0) is None:
        return  # TOML has no null.
    assert bool(_reported(keys, Limits)) is is_refused


@pytest.mark.parametrize(
    ("name", "names", "found"),
    [
        ("titel", ["title", "track"], "title"),
        ("Slug", ["slug"], "slug"),
        ("cpu-seconds", ["cpu_seconds", "wall_seconds"], "cpu_seconds"),
        ("xyzzy", ["title", "track"], ""),
        ("a", [], ""),
    ],
)
def test_a_near_name_is_offered(name: str, names: list[str], found: str) -> None:
    assert nearest(name, names) == found
    assert did_you_mean(name, names) == (f"; did you mean `{found}`?" if found else "")
