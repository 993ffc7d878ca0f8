"""Answers that need no understanding must pass no case and no checkpoint."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from app.core.outcome import Outcome
from app.core.tolerance import Tolerance
from app.grading.compare.distance import Arrays, distance
from app.grading.plan.checks import Check
from app.grading.prove.reasons import Fault, Reason
from app.grading.prove.reference_calls import Conditions
from app.grading.prove.results import Role, SolutionResult
from sandbox.arrays import WireArray, pack_array, unpack_array
from sandbox.interface import CallMode

_NARROWED = ("float32", "float64")
"""bfloat16 may well give the same integers, and the same bfloat16 numbers."""

Candidates = Sequence[Arrays]


def trivial_results(
    checks: Sequence[Check],
    expected: Mapping[str, Arrays],
    conditions: Conditions,
    tolerance: Tolerance,
) -> Iterator[SolutionResult]:
    """Measure each kind of trivial answer; `checks` are those whose numbers are compared."""
    narrow = conditions.by_mode[CallMode.BFLOAT16]
    seeded = conditions.other_seed
    kinds: dict[str, Callable[[Check, Arrays], Candidates]] = {
        "zeros": lambda _, wanted: [{name: zeros(array) for name, array in wanted.items()}],
        "constant": lambda _, wanted: _constants(wanted, tolerance),
        "the_input": lambda check, wanted: _inputs(check, wanted),
        "another_seed": lambda check, _: [seeded[check.name]] if check.name in seeded else [],
        "bfloat16": lambda check, wanted: (
            [narrow[check.name]] if check.name in narrow and _is_narrowed(wanted) else []
        ),
    }
    for name, candidates in kinds.items():
        distances = {}
        for check in checks:
            wanted = expected[check.name]
            measured = [distance(made, wanted, tolerance) for made in candidates(check, wanted)]
            if measured:
                distances[check.name] = min(measured)
        yield _result(name, distances)


def zeros(expected: WireArray) -> WireArray:
    """Answer with as many zeros, in the expected dtype."""
    return pack_array(np.zeros_like(unpack_array(expected)))


def best_constant(expected: WireArray, tolerance: Tolerance) -> WireArray:
    """Answer with one number everywhere: the one that passes, if any does."""
    reference = unpack_array(expected)
    array, slack = reference.astype(np.float64), tolerance.allowed(reference)
    middle = ((array - slack).max() + (array + slack).min()) / 2
    return pack_array(np.full(array.shape, middle))


def shaped_like(given: WireArray, expected: WireArray) -> WireArray | None:
    """Answer with the first numbers of `given` in the expected shape; None where there are too few."""
    if given.size < expected.size:
        return None
    numbers = unpack_array(given).ravel()[: expected.size]
    return pack_array(numbers.reshape(expected.shape).astype(np.float64))


def _constants(wanted: Arrays, tolerance: Tolerance) -> Candidates:
    # A single number is its own constant; zeros stand for it.
    if all(array.size <= 1 for array in wanted.values()) or _is_complex(wanted):
        return []
    return [{name: best_constant(array, tolerance) for name, array in wanted.items()}]


def _inputs(check: Check, wanted: Arrays) -> Candidates:
    if _is_complex(wanted):
        return []
    given = [value for value in check.call.arguments if isinstance(value, WireArray)]
    shaped = [{name: shaped_like(value, array) for name, array in wanted.items()} for value in given]
    return [
        {name: array for name, array in made.items() if array is not None}
        for made in shaped
        if all(array is not None for array in made.values())
    ]


def _is_complex(wanted: Arrays) -> bool:
    return any(array.dtype.startswith("complex") for array in wanted.values())


def _is_narrowed(wanted: Arrays) -> bool:
    return any(array.dtype in _NARROWED for array in wanted.values())


def _result(name: str, distances: Mapping[str, float]) -> SolutionResult:
    passed = [case for case, value in distances.items() if value <= 1]
    faults: tuple[Fault, ...] = ()
    if passed:
        message = f"{_WORDS[name]} would pass {', '.join(passed)}"
        faults = (Fault(reason=Reason.TRIVIAL_ANSWER_PASSES, message=message),)
    return SolutionResult(
        role=Role.TRIVIAL,
        id=name,
        expected=Outcome.WRONG_VALUE,
        outcome=Outcome.ACCEPTED if passed else Outcome.WRONG_VALUE,
        failed=tuple(case for case in distances if case not in passed),
        distances=distances,
        faults=faults,
    )


_WORDS = {
    "zeros": "nothing but zeros",
    "constant": "one number everywhere",
    "the_input": "the input itself",
    "another_seed": "the answer to another seed",
    "bfloat16": "the reference in bfloat16",
}
