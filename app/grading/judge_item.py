"""One item's call, as the sandbox reports it, against the trusted answer → a row of the verdict."""

import builtins

import msgspec

from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.verdict import CaseResult, Visibility
from app.grading.compare import compare
from app.grading.error_explanations import explanation, first_sentence
from app.grading.forbidden_words import forbidden_in_words
from app.grading.graded_items import GradedItem, ItemKind
from app.grading.parameter_tree import tree_differences
from app.grading.trusted_answers import TrustedAnswer
from sandbox.interface import CallResult, Frame, Raised

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


def judge_item(problem: Problem, item: GradedItem, call: CallResult, expected: TrustedAnswer) -> CaseResult:
    """The row for one call that ended."""
    if call.forbidden is not None:
        message = forbidden_in_words(problem, call.forbidden)
        return row(item, Outcome.FORBIDDEN_NAME, message, call.wall_seconds)
    if call.raised is not None:
        raised = without_details(call.raised) if item.call.is_quiet else call.raised
        return row(item, error_outcome(call.raised), _raised_in_words(raised), call.wall_seconds)
    if item.kind is ItemKind.PARAMETERS:
        return _judge_parameters(problem, item, call, expected)
    if call.value is None:
        returned = "no array" if item.call.is_quiet else call.not_an_array
        message = f"the function returned {returned}; an array of numbers is asked for"
        return row(item, Outcome.WRONG_SHAPE, message, call.wall_seconds)
    if item.kind is ItemKind.CHECKPOINT and call.parameters is None:
        return row(item, Outcome.WRONG_PARAMETERS, _never_built(problem), call.wall_seconds)
    assert expected.value is not None  # A reference without a value was refused before.
    entry = problem.manifest.entry
    found = compare(call.value, expected.value, problem.manifest.tolerance, dtype=entry.output_dtype)
    message = found.message
    if item.kind is ItemKind.CHECKPOINT and found.outcome is Outcome.WRONG_VALUE:
        message = _ONLY_WITH_PARAMETERS
    # Errors of a hidden case would let its expected values be measured out.
    shown = item.visibility is Visibility.SAMPLE
    return CaseResult(
        name=item.name,
        visibility=item.visibility,
        outcome=found.outcome,
        points=item.points,
        max_abs_error=found.max_abs_error if shown else None,
        max_rel_error=found.max_rel_error if shown else None,
        mismatched=found.mismatched if shown else None,
        size=found.size if shown else None,
        wall_seconds=call.wall_seconds,
        message=message if shown else _of_hidden(found.outcome, message),
    )


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


def row(item: GradedItem, outcome: Outcome, message: str, wall_seconds: float | None = None) -> CaseResult:
    """A row without numbers."""
    return CaseResult(
        name=item.name,
        visibility=item.visibility,
        outcome=outcome,
        points=item.points,
        wall_seconds=wall_seconds,
        message=message,
    )


def _judge_parameters(
    problem: Problem, item: GradedItem, call: CallResult, expected: TrustedAnswer
) -> CaseResult:
    assert expected.parameters is not None  # validate refuses a reference that never builds its module.
    if call.parameters is None:
        return row(item, Outcome.WRONG_PARAMETERS, _never_built(problem), call.wall_seconds)
    message = tree_differences(call.parameters, expected.parameters)
    if message and item.call.is_quiet:
        message = "the module's parameters differ"
    return row(item, Outcome.WRONG_PARAMETERS if message else Outcome.PASSED, message, call.wall_seconds)


def _never_built(problem: Problem) -> str:
    assert problem.manifest.module is not None
    function, name = problem.manifest.entry.function, problem.manifest.module.name
    return f"{function} never builds an `nnx.Module` named {name}, which the task asks for"


def _raised_in_words(raised: Raised) -> str:
    """In a row: what it means if that is known, in one sentence, else the message's first line."""
    said = explanation(raised)
    first_line = first_sentence(said) if said else raised.message.split("\n", 1)[0][:300]
    place = f"line {raised.frames[-1].line}: " if raised.frames else ""
    return f"{place}{raised.type}{': ' if first_line else ''}{first_line}"


def _of_hidden(outcome: Outcome, message: str) -> str:
    """Without counts, and without the learner's shape, whose sides could be a hidden case's values."""
    if outcome is Outcome.NOT_FINITE:
        return "some numbers are NaN or infinite"
    return message.partition(", yours is")[0]
