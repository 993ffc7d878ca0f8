"""Probes that could not work are refused, with the place and the reason."""

import pytest

from app.errors import ProblemError
from tests.support.probed_problems import (
    CHECKPOINT,
    DETERMINISM,
    GRADIENT,
    PARAMETERS,
    TRANSFORMS,
    case,
    probed,
)

_NUMBERS = case("short", seed=1).replace('{ generator = "normal", shape = [2, 3], seed = 10 }', "2.5")
_WHOLE = case("short", seed=1).replace(
    '{ generator = "normal", shape = [2, 3], seed = 10 }',
    '{ generator = "arange", shape = [3], dtype = "int32" }',
)
_GRADIENT = GRADIENT.format("hidden")
_DRAWS = CHECKPOINT + '[probes.draws]\n"sc*" = {{ mean = -3.0, std = {} }}\n'
_TRANSFORMS = TRANSFORMS.format("hidden")
_ACCURACY = """
[[probes]]
kind = "accuracy"
name = "accuracy"
case = "short"
full = 0.9
part = 0.5
labels = { generator = "integers", shape = [9], seed = 1, low = 0, high = 3 }
visibility = "sample"
"""


@pytest.mark.parametrize("probe", [PARAMETERS, CHECKPOINT])
def test_what_looks_into_a_module_needs_one(probe: str) -> None:
    with pytest.raises(ProblemError, match=r": probes\[0\]\.kind: this probe needs \[module\]"):
        probed(probe, module=False)


@pytest.mark.parametrize(
    ("probe", "module", "cases", "said"),
    [
        (_GRADIENT.replace('"short"', '"tall"'), True, None, "probes[0].case: there is no case 'tall'"),
        (_GRADIENT.replace("seed = 3", "seed = -3"), True, None, "probes[0].seed"),
        (_GRADIENT + "std = 0.0\n", True, None, "probes[0].std"),
        (_DRAWS.format("-0.1"), True, None, 'probes[0].draws."sc*".std: must be a number at least 0'),
        (_DRAWS.format("inf"), True, None, 'probes[0].draws."sc*".std: must be a number at least 0, not inf'),
        (_DRAWS.format("0.1, spread = 1"), True, None, "spread"),
        (
            _GRADIENT + '[probes.draws]\n"*" = { std = 1.0 }\n',
            False,
            None,
            "probes[0].draws: there is no [module]",
        ),
        (_GRADIENT + "points = -1\n", True, None, "probes[0].points"),
        (_GRADIENT, False, _NUMBERS, "has no array of floats to take a gradient by"),
        (_GRADIENT, False, _WHOLE, "has no array of floats to take a gradient by"),
        (_TRANSFORMS, False, _NUMBERS, "has no array for jax.jit and jax.vmap"),
        (_TRANSFORMS, True, _NUMBERS, "the module's input 'x' is no array in 'short'"),
        (_ACCURACY.replace("0.9", "1.9"), False, None, "probes[0].full"),
        (_ACCURACY.replace("0.9", "0.0"), False, None, "probes[0].full"),
        (_ACCURACY.replace("part = 0.5", "part = 0.95"), False, None, "probes[0].part: points begin below"),
        (_ACCURACY.replace("[9]", "[3, 3]"), False, None, "probes[0].labels: labels are a row"),
        (_ACCURACY.replace("[9]", "[-9]"), False, None, "probes[0].labels: shape (-9,) must"),
        (_ACCURACY, False, case("short", seed=1, fresh=1), "is drawn anew for each submission"),
        (
            _ACCURACY + _ACCURACY.replace('"accuracy"\ncase', '"twice"\ncase'),
            False,
            None,
            "another accuracy probe counts",
        ),
        (_ACCURACY.replace('"sample"', '"hidden"'), False, None, "Run has nothing to run"),
        (DETERMINISM, False, case("short", seed=1) + case("short-again", seed=2), "is the name under which"),
    ],
)
def test_a_probe_that_cannot_work_is_refused(probe: str, module: bool, cases: str | None, said: str) -> None:
    with pytest.raises(ProblemError) as refused:
        probed(probe, module=module, cases=cases)
    assert said in refused.value.message


def test_the_module_s_inputs_are_parameters_of_the_entry() -> None:
    with pytest.raises(ProblemError, match=r": module\.inputs\[0\]: 'image' is not a parameter of the entry"):
        probed(_GRADIENT, inputs=("image",))


def test_a_module_that_is_transformed_needs_its_inputs() -> None:
    with pytest.raises(ProblemError, match=r"\[module\] needs `inputs`"):
        probed(_TRANSFORMS, inputs=())


def test_whole_numbers_have_no_gradient() -> None:
    with pytest.raises(ProblemError, match="an answer of dtype int32 has no gradient"):
        probed('output_dtype = "int32"\n' + case("short", seed=1) + _GRADIENT, module=False, cases="")


@pytest.mark.parametrize("probes", [_GRADIENT, _TRANSFORMS, DETERMINISM, _ACCURACY])
def test_these_work_without_a_module(probes: str) -> None:
    assert len(probed(probes, module=False).manifest.probes) == 1
