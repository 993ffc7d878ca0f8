"""Everyone who asks whether two numbers are close gets the same answer: that of the one law."""

import ast
import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import app
from app.core.outcome import Outcome
from app.core.problem import ModuleStage
from app.core.tolerance import Tolerance, errors, is_exact, is_within
from app.core.verdict import Mode
from app.grading.compare.arrays import compare, matches, outputs_match
from app.grading.compare.distance import distance, spread
from app.grading.compare.tolerance import value_errors
from app.grading.diagnose.across_cases import CaseAnswer, across_cases
from app.grading.diagnose.divergence import first_divergence
from app.grading.diagnose.error_pattern import Pair, error_shapes
from app.grading.diagnose.numbers import as_numbers
from app.grading.diagnose.stages import answers_agree
from app.grading.plan.checks import checks_of
from app.grading.present.details import shape_advice
from app.grading.reference.drift import StoredOutputs, collect_outputs, measure_drift
from app.grading.reference.outputs import ReferenceOutput
from sandbox.arrays import pack_array
from sandbox.interface import CallResult
from tests.support.compared_arrays import INTEGERS, NOT_EMPTY, ROUNDED, Array, arrays, pairs
from tests.support.toy_problem import toy_problem

_tolerances = st.builds(Tolerance, absolute=st.floats(0, 0.99), relative=st.floats(0, 0.99))
_CHECK = checks_of(toy_problem(), Mode.RUN, fresh_seed=None)[0]

Asked = Callable[[Array, Array, Tolerance], bool]


def _verdict(got: Array, expected: Array, tolerance: Tolerance) -> bool:
    found = compare(pack_array(got), pack_array(expected), tolerance, dtype=expected.dtype.name)
    return found.outcome is Outcome.PASSED


def _variant(got: Array, expected: Array, tolerance: Tolerance) -> bool:
    answer, known = ({"": pack_array(array)} for array in (got, expected))
    assert outputs_match(answer, known, tolerance) == matches(answer[""], known[""], tolerance)
    return outputs_match(answer, known, tolerance)


def _wrong_places(got: Array, expected: Array, tolerance: Tolerance) -> bool:
    return not value_errors(got, expected, tolerance).wrong.any()


def _proof_distance(got: Array, expected: Array, tolerance: Tolerance) -> bool:
    return distance({"": pack_array(got)}, {"": pack_array(expected)}, tolerance) <= 1


def _proof_noise(got: Array, expected: Array, tolerance: Tolerance) -> bool:
    return spread([{"": pack_array(got)}], {"": pack_array(expected)}, tolerance) <= 1


def _further_run(got: Array, expected: Array, tolerance: Tolerance) -> bool:
    call = CallResult(index=0, wall_seconds=0.0, arrays={"": pack_array(got)})
    return answers_agree(call, ReferenceOutput(arrays={"": pack_array(expected)}), tolerance) is True


def _stored(array: Array) -> StoredOutputs:
    return collect_outputs("1", {}, [_CHECK], [ReferenceOutput(arrays={"": pack_array(array)})])


def _drift(got: Array, expected: Array, tolerance: Tolerance) -> bool:
    return measure_drift(_stored(expected), _stored(got), tolerance).is_tolerable


def _advice(got: Array, expected: Array, tolerance: Tolerance) -> bool:
    return shape_advice(got[None], expected, tolerance) != ""


def _negated(got: Array, expected: Array, tolerance: Tolerance) -> bool:
    numbers = as_numbers({"got": pack_array(got), "expected": pack_array(expected)})
    if numbers is None:
        return False
    pair = Pair(got=-numbers["got"], expected=numbers["expected"], is_exact=is_exact(expected))
    return any(shape.id == "sign_flipped" for shape in error_shapes([pair], tolerance))


_EXACTLY: tuple[Asked, ...] = (
    _verdict,
    _variant,
    _wrong_places,
    _proof_distance,
    _proof_noise,
    _further_run,
    _drift,
)
_AT_MOST: tuple[Asked, ...] = (_advice, _negated)
"""They ask for more than closeness: a fit that says enough."""

_few = settings(max_examples=30)
"""Each caller is asked as often."""

_each = pytest.mark.parametrize("asked", [*_EXACTLY, *_AT_MOST], ids=lambda one: one.__name__.strip("_"))


@pytest.mark.parametrize("asked", _EXACTLY, ids=lambda one: one.__name__.strip("_"))
@_few
@given(pairs(shapes=NOT_EMPTY, finite=False), _tolerances)
@example((np.array([50_001]), np.array([50_000])), Tolerance())
@example((np.array([np.nan]), np.array([np.nan])), Tolerance(absolute=0.9, relative=0.9))
@example((np.array([np.nan]), np.array([1.0])), Tolerance(absolute=0.9, relative=0.9))
def test_every_caller_says_what_the_law_says(
    asked: Asked, pair: tuple[Array, Array], tolerance: Tolerance
) -> None:
    """Of any dtype, with whatever is not finite among the numbers."""
    assert asked(*pair, tolerance) == is_within(*pair, tolerance)


@pytest.mark.parametrize("asked", _AT_MOST, ids=lambda one: one.__name__.strip("_"))
@_few
@given(pairs(shapes=NOT_EMPTY, finite=False), _tolerances)
def test_no_caller_takes_more_than_the_law(
    asked: Asked, pair: tuple[Array, Array], tolerance: Tolerance
) -> None:
    assert is_within(*pair, tolerance) or not asked(*pair, tolerance)


@_each
@_few
@given(arrays(INTEGERS, NOT_EMPTY), _tolerances, st.data())
def test_no_caller_takes_an_integer_for_its_neighbour(
    asked: Asked, expected: Array, tolerance: Tolerance, data: st.DataObject
) -> None:
    """However large both are, and however wide the tolerance."""
    index = data.draw(st.tuples(*(st.integers(0, side - 1) for side in expected.shape)))
    got = expected.copy()
    got[index] = not got[index] if got.dtype == bool else got[index] ^ 1
    assert not asked(got, expected, tolerance)
    assert asked in _AT_MOST or asked(expected, expected, tolerance)


@_each
@_few
@given(arrays(ROUNDED, NOT_EMPTY), st.data(), st.sampled_from([np.nan, np.inf, -np.inf]), st.booleans())
def test_no_caller_takes_what_is_not_finite_for_anything(
    asked: Asked, array: Array, data: st.DataObject, broken: float, both: bool
) -> None:
    """Not for itself either, on whichever side it stands."""
    index = data.draw(st.tuples(*(st.integers(0, side - 1) for side in array.shape)))
    other = array.copy()
    other[index] = broken
    wide = Tolerance(absolute=0.9, relative=0.9)
    assert not asked(other, other if both else array, wide)
    assert not asked(other if both else array, other, wide)


@given(st.floats(width=64), st.floats(-1e300, 1e300), _tolerances)
@example(1.0 + 2**-52, 1.0, Tolerance(absolute=2**-52, relative=0.0))
@example(1.0, 1.0, Tolerance(absolute=0.0, relative=0.0))
@example(5e-324, 0.0, Tolerance(absolute=0.0, relative=0.9))
def test_one_is_the_border(got: float, expected: float, tolerance: Tolerance) -> None:
    """As arithmetic without rounding has it, but for numbers so near the border that doubles round it."""
    error = float(errors(np.array([got]), np.array([expected]), tolerance)[0])
    if not math.isfinite(got):
        assert error == math.inf
        return
    apart = abs(Fraction(got) - Fraction(expected))
    allowed = Fraction(tolerance.absolute) + Fraction(tolerance.relative) * abs(Fraction(expected))
    assume(abs(apart - allowed) > allowed * Fraction(1, 10**12) or apart == allowed == 0)
    assert (error <= 1) == (apart <= allowed)


@given(arrays(ROUNDED, NOT_EMPTY), st.floats(0, 0.5), st.floats(0.0, 0.5))
def test_no_number_counts_for_another(array: Array, absolute: float, relative: float) -> None:
    """The largest error is that of the worst number alone, whatever surrounds it."""
    tolerance = Tolerance(absolute=absolute, relative=relative)
    got = np.multiply(array, 0.5).astype(array.dtype)
    together = errors(got, array, tolerance)
    alone = [
        float(errors(*pair, tolerance))
        for pair in zip(
            (np.asarray(one) for one in got.ravel()), (np.asarray(one) for one in array.ravel()), strict=True
        )
    ]
    assert together.ravel().tolist() == alone


@pytest.mark.parametrize(
    ("got", "expected", "within"),
    [
        (np.array([2.0**53]), np.array([2**53 + 1]), False),
        (np.array([2.0**53]), np.array([2**53]), True),
        (np.array([-(2.0**63)]), np.array([-(2**63)]), True),
        (np.array([2.0**63]), np.array([2**63 - 1]), False),
        (np.array([2.0**64]), np.array([2**64 - 1], np.uint64), False),
        (np.array([2.0**63]), np.array([2**63], np.uint64), True),
        (np.array([2**64 - 1], np.uint64), np.array([-1]), False),
        (np.array([1.0]), np.array([True]), True),
        (np.array([0.5]), np.array([True]), False),
        (np.array([50_000.4]), np.array([50_000]), False),
        (np.array([3]), np.array([3.00001]), True),
    ],
)
def test_what_is_expected_decides_whether_it_is_exact(got: Array, expected: Array, within: bool) -> None:
    assert is_within(got, expected, Tolerance()) == within


def test_integers_make_another_case_s_answer_or_none() -> None:
    """One index too far is not the other case's answer."""
    right = [np.arange(50_000.0, 50_008.0), np.arange(60_000.0, 60_008.0)]

    def found(*given: NDArray[np.float64]) -> str | None:
        answers = [
            CaseAnswer(
                question=bytes([place]), pair=Pair(got=got, expected=wanted, is_exact=True), passed=False
            )
            for place, (got, wanted) in enumerate(zip(given, right, strict=True))
        ]
        shape = across_cases(answers, Tolerance(relative=1e-3))
        return shape.id if shape else None

    assert found(right[1], right[0]) == "answer_of_another_case"
    assert found(right[1] + 1, right[0] + 1) is None


def test_integers_that_differ_by_one_everywhere_are_off_by_one() -> None:
    """A tolerance would call them nearly right."""
    expected = np.array([50_000.0, 61_234.0, 72_999.0, 80_001.0, 99_123.0, 12_345.0])
    found = error_shapes([Pair(got=expected + 1, expected=expected, is_exact=True)], Tolerance())
    assert [shape.id for shape in found] == ["constant_offset"]


def test_a_stage_that_is_not_finite_in_the_reference_is_not_blamed() -> None:
    """Masked scores are minus infinity on both sides; of a given NaN alone a stage is sure to differ."""
    stages = (ModuleStage(name="scores", path="a"), ModuleStage(name="sum", path="b"))
    masked, right = np.array([[1.0, -np.inf], [1.0, 2.0]]), np.ones((2, 2))
    found = first_divergence(
        stages, {"scores": masked, "sum": right + 1}, {"scores": masked, "sum": right}, Tolerance()
    )
    assert found is not None
    assert (found.last_right, found.first_wrong) == (None, "sum")
    broken = {"scores": right * np.nan, "sum": right + 1}
    found = first_divergence(stages, broken, {"scores": right, "sum": right}, Tolerance())
    assert found is not None
    assert found.first_wrong == "scores"


def _laws_of_their_own(tree: ast.AST) -> Iterator[int]:
    """Find where a tolerance's parts are read, or what it allows is compared with: the law's own work."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ("absolute", "relative"):
            owner = (
                node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            )
            if owner == "tolerance":
                yield node.lineno
        elif isinstance(node, ast.Compare):
            for part in ast.walk(node):
                called = part.func if isinstance(part, ast.Call) else None
                if isinstance(called, ast.Attribute) and called.attr in ("allowed", "isclose", "allclose"):
                    yield node.lineno
        elif isinstance(node, ast.Attribute) and node.attr in ("isclose", "allclose"):
            yield node.lineno


def test_nobody_writes_the_law_again() -> None:
    root = Path(app.__file__).parent
    found = {
        f"{file.relative_to(root)}:{line}"
        for file in root.rglob("*.py")
        if file != root / "core" / "tolerance.py"
        for line in _laws_of_their_own(ast.parse(file.read_text()))
    }
    assert found == set()


@pytest.mark.parametrize(
    "line",
    [
        "(np.abs(got - right) <= tolerance.allowed(right)).all()",
        "slack = tolerance.absolute + tolerance.relative * size",
        "problem.manifest.tolerance.absolute * largest",
        "np.allclose(got, right)",
    ],
)
def test_a_second_law_would_be_found(line: str) -> None:
    assert list(_laws_of_their_own(ast.parse(line)))
