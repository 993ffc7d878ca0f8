"""One item's call, as the sandbox reports it, against the trusted answer → a row of the verdict."""

import builtins

import msgspec

from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.verdict import CaseResult
from app.grading.check.accuracy import judge_accuracy
from app.grading.check.case_result import case_result
from app.grading.check.determinism import judge_determinism
from app.grading.check.gradient import judge_gradient
from app.grading.check.parameters import judge_parameters, never_built
from app.grading.check.repeat import judge_again
from app.grading.check.transforms import judge_transforms
from app.grading.check.value import judge_arrays
from app.grading.compare.no_arrays import no_arrays
from app.grading.explain.explain import explanation, first_sentence
from app.grading.phrases import forbidden_in_words
from app.grading.plan.checks import Check, CheckKind
from app.grading.reference.outputs import ReferenceOutput
from sandbox.interface import CallResult, Frame, Raised

_OF_MODULE = (CheckKind.CHECKPOINT, CheckKind.GRADIENT, CheckKind.TRANSFORMS)
_ONLY_WITH_PARAMETERS = "with random parameters handed in, the numbers differ"
_HIDDEN_MESSAGE = "its message is shown for sample cases only"
_COMPUTING_ERRORS = ("XlaRuntimeError", "JaxRuntimeError")
_KNOWN_ERRORS = frozenset(
    [
        *(name for name, value in vars(builtins).items() if isinstance(value, type)),
        *_COMPUTING_ERRORS,
        *("ConcretizationTypeError", "TracerArrayConversionError", "TracerBoolConversionError"),
        *("TracerIntegerConversionError", "NonConcreteBooleanIndexError", "UnexpectedTracerError"),
        *("TraceContextError",),
    ]
)


def judge(
    problem: Problem,
    check: Check,
    call: CallResult,
    expected: ReferenceOutput,
    first: CallResult | None = None,
) -> CaseResult:
    """The row for one call that ended. `first` is what a call that is repeated had given before."""
    if call.forbidden is not None:
        message = forbidden_in_words(problem, call.forbidden)
        return case_result(check, Outcome.FORBIDDEN_NAME, message, call.wall_seconds)
    if call.raised is not None:
        raised = without_details(call.raised) if check.call.is_hidden else call.raised
        return case_result(check, error_outcome(call.raised), _raised_in_words(raised), call.wall_seconds)
    if check.kind is CheckKind.PARAMETERS:
        return judge_parameters(problem, check, call, expected)
    if check.kind in _OF_MODULE and call.parameters is None and problem.manifest.module is not None:
        return case_result(check, Outcome.WRONG_PARAMETERS, never_built(problem), call.wall_seconds)
    if check.kind is CheckKind.AGAIN:
        return judge_again(problem, check, call, expected, first)
    given = call.arrays
    # Of a module without a single parameter there are no gradients, and that is no answer's fault.
    if not given and not (check.kind is CheckKind.GRADIENT and not call.not_an_array):
        outcome, message = no_arrays(problem.manifest.entry, call, is_hidden=check.call.is_hidden)
        return case_result(check, outcome, message, call.wall_seconds)
    match check.kind:
        case CheckKind.GRADIENT:
            return judge_gradient(problem, check, call, expected)
        case CheckKind.TRANSFORMS:
            return judge_transforms(problem, check, call, expected)
        case CheckKind.DETERMINISM:
            return judge_determinism(check, call)
        case CheckKind.ACCURACY:
            return judge_accuracy(check, call)
    dtypes = {output.name: output.dtype for output in problem.manifest.entry.named_outputs}
    only = _ONLY_WITH_PARAMETERS if check.kind is CheckKind.CHECKPOINT else ""
    wanted, tolerance = expected.arrays, problem.manifest.tolerance
    return judge_arrays(check, call, given, wanted, tolerance, dtypes=dtypes, remark=only)


def error_outcome(raised: Raised) -> Outcome:
    """What an exception that left the learner's code counts as."""
    if raised.is_process_limit:
        return Outcome.PROCESS_LIMIT
    if raised.type == "MemoryError" or (
        raised.type in _COMPUTING_ERRORS and "RESOURCE_EXHAUSTED" in raised.message
    ):
        return Outcome.MEMORY_LIMIT
    return Outcome.ERROR


def without_details(raised: Raised) -> Raised:
    """An exception of a hidden case: what the code can name could carry the case's values.

    The line remains, and the type where it is not one of their own.
    """
    return msgspec.structs.replace(
        raised,
        type=raised.type if raised.type in _KNOWN_ERRORS else "Exception",
        message=_HIDDEN_MESSAGE,
        frames=tuple(Frame(line=frame.line, function="", text="") for frame in raised.frames[-1:]),
        nearest="",
    )


def _raised_in_words(raised: Raised) -> str:
    """In a row: what it means if that is known, in one sentence, else the message's first line."""
    said = explanation(raised)
    first_line = first_sentence(said) if said else raised.message.split("\n", 1)[0][:300]
    place = f"line {raised.frames[-1].line}: " if raised.frames else ""
    return f"{place}{raised.type}{': ' if first_line else ''}{first_line}"
