"""Gradients against the reference's, one by one."""

from collections.abc import Mapping, Sequence

from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.tolerance import Tolerance
from app.core.verdict import CaseResult
from app.grading.check.case_result import case_result, no_arrays
from app.grading.check.value import judge_arrays
from app.grading.compare.arrays import matches
from app.grading.compare.tolerance import tolerance_of
from app.grading.phrases import first_of_hidden, names_words
from app.grading.plan.checks import Check
from app.grading.reference.outputs import ReferenceOutput
from sandbox.arrays import BadArray, WireArray, unpack_array
from sandbox.interface import CallResult

_WAYS = "or something such as `stop_gradient` or a copy made with NumPy cuts"


def judge(problem: Problem, check: Check, call: CallResult, expected: ReferenceOutput) -> CaseResult:
    """Name parameters that no gradient reaches first, then those whose gradient differs."""
    # Of a module without a single parameter there are no gradients, and that is no answer's fault.
    if not call.arrays and call.not_an_array:
        return no_arrays(problem, check, call)
    words = first_of_hidden if check.call.is_hidden else names_words
    wanted = named_gradients(problem, expected.arrays)
    all_given = named_gradients(problem, call.arrays)
    if lacking := [name for name in wanted if name not in all_given]:
        message = f"there is no gradient of {words(lacking)}: no such `nnx.Param` is in the module"
        return case_result(check, Outcome.WRONG_PARAMETERS, message, call.wall_seconds)
    given = {name: all_given[name] for name in wanted}
    has_module = problem.manifest.module is not None
    if has_module and (other := [name for name in wanted if given[name].shape != wanted[name].shape]):
        message = f"{words(other)}: another shape is asked for, of the parameter and so of its gradient"
        return case_result(check, Outcome.WRONG_PARAMETERS, message, call.wall_seconds)
    tolerance = tolerance_of(problem, check, wanted)
    if silent := _without(given, wanted, tolerance):
        message = f"no gradient reaches {words(silent)}: {cut_off_words(silent)}"
        return case_result(check, Outcome.WRONG_VALUE, message, call.wall_seconds)
    differing = [name for name in wanted if not matches(given[name], wanted[name], tolerance)]
    return judge_arrays(
        check,
        call,
        given,
        wanted,
        tolerance,
        dtypes={name: array.dtype for name, array in wanted.items()},
        remark=f"the gradient of {words(differing)} is another" if differing else "",
    )


def cut_off_words(names: Sequence[str]) -> str:
    """Say how it may come that no gradient reaches these parameters."""
    return f"it is not used, {_WAYS} it off" if len(names) == 1 else f"they are not used, {_WAYS} them off"


def without_gradient(
    problem: Problem, check: Check, call: CallResult, expected: ReferenceOutput
) -> list[str]:
    """Name the parameters that no gradient reaches in `call`, and that one reaches in the reference."""
    wanted, given = named_gradients(problem, expected.arrays), named_gradients(problem, call.arrays)
    return _without(given, wanted, tolerance_of(problem, check, wanted))


def named_gradients(problem: Problem, arrays: Mapping[str, WireArray]) -> dict[str, WireArray]:
    """Name the gradients; without a module they come by the arguments' places."""
    parameters = problem.manifest.entry.parameters
    if problem.manifest.module is not None:
        return dict(arrays)
    return {
        parameters[int(place)]: array
        for place, array in arrays.items()
        if place.isdecimal() and int(place) < len(parameters)
    }


def _without(
    given: Mapping[str, WireArray], wanted: Mapping[str, WireArray], tolerance: Tolerance
) -> list[str]:
    return [
        name
        for name, array in wanted.items()
        if name in given and _is_zero(given[name]) and not matches(given[name], array, tolerance)
    ]


def _is_zero(array: WireArray) -> bool:
    """Return whether every number is; not where the frame is forged: comparing tells it."""
    try:
        return not unpack_array(array).any()
    except BadArray:
        return False
