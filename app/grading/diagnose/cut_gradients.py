"""Right answers whose gradient is cut off on the way to a parameter, so that training misses it."""

import itertools
import math
from collections.abc import Sequence

import msgspec

from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.verdict import Diagnosis, DiagnosisKind
from app.grading.check.gradient import cut_off_words, named_gradients, without_gradient
from app.grading.diagnose.creation_order import is_creation_order
from app.grading.diagnose.divergence import relative_error
from app.grading.diagnose.numbers import as_numbers
from app.grading.phrases import first_of_hidden, names_words
from app.grading.reference.outputs import ReferenceOutput
from app.grading.run.run_checks import CheckedRun
from sandbox.interface import CallResult

_CUT = 0.05
"""In units of a gradient's largest number: more than rounding comes to, in any precision."""
_BESIDES = (
    " Without parameters handed in the answers differ too, for yours have other first values. Of these more "
    "can be said once gradients are right."
)


def cut_gradients(problem: Problem, run: CheckedRun) -> Diagnosis | None:
    """Name the parameters that no gradient reaches, or only some of it, where answers are right.

    Answers may be wrong that depend on first values, for nothing but these is wrong then.
    """
    rows = list(zip(run.checks, run.case_results, run.result.calls, run.expected, strict=False))
    cut = [row for row in rows if row[1].outcome is not Outcome.PASSED and row[0].kind == "gradient"]
    others = [
        place
        for place, (check, found) in enumerate(zip(run.checks, run.case_results, strict=True))
        if check.kind != "gradient" or found.outcome is Outcome.PASSED
    ]
    is_all = all(run.case_results[place].outcome is Outcome.PASSED for place in others)
    if not cut or not (is_all or is_creation_order(_only(run, others))):
        return None
    known = "Every answer is right" if is_all else "With parameters handed in every answer is right"
    words = first_of_hidden if any(check.call.is_hidden for check, *_ in cut) else names_words
    reached = (without_gradient(problem, check, call, wanted) for check, _, call, wanted in cut)
    names = list(dict.fromkeys(itertools.chain.from_iterable(reached)))
    if names:
        message = (
            f"{known}, but no gradient reaches {words(names)}: {cut_off_words(names)}. Training "
            f"would leave {'it as it starts' if len(names) == 1 else 'them as they start'}."
        )
        return _diagnosis("no_gradient", message if is_all else message + _BESIDES)
    differing = list(
        dict.fromkeys(name for check, _, call, wanted in cut for name in _differing(problem, call, wanted))
    )
    if not differing:
        return None
    message = (
        f"{known}, but the gradient of {words(differing)} is another than the task's: it looks as "
        "though one of the ways from there to the answer were cut off, as by `stop_gradient` or a copy made "
        "with NumPy."
    )
    return _diagnosis("other_gradient", message if is_all else message + _BESIDES)


def _differing(problem: Problem, call: CallResult, expected: ReferenceOutput) -> list[str]:
    given = as_numbers(named_gradients(problem, call.arrays))
    wanted = as_numbers(named_gradients(problem, expected.arrays))
    if given is None or wanted is None:
        return []
    return [
        name
        for name, right in wanted.items()
        if name in given
        and given[name].shape == right.shape
        and _CUT < relative_error(given[name], right) < math.inf
    ]


def _diagnosis(name: str, message: str) -> Diagnosis:
    return Diagnosis(kind=DiagnosisKind.PARAMETERS, id=name, message=message)


def _only(run: CheckedRun, places: Sequence[int]) -> CheckedRun:
    return msgspec.structs.replace(
        run,
        checks=tuple(run.checks[place] for place in places),
        case_results=tuple(run.case_results[place] for place in places),
    )
