"""One item's call, as the sandbox reports it, against the trusted answer → a row of the verdict."""

import builtins
from collections.abc import Mapping, Sequence

import msgspec

from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.verdict import CaseResult
from app.grading.compare_outputs import compare_outputs
from app.grading.graded_items import GradedItem, ItemKind
from app.grading.named_arrays import named_arrays
from app.grading.no_arrays import no_arrays
from app.grading.parameter_tree import tree_differences
from app.grading.row_details import row_details
from app.grading.trusted_answers import TrustedAnswer
from sandbox.arrays import WireArray
from sandbox.interface import CallResult, Frame, Raised

_FORGED_NAMES = "the answer's frame is forged: its arrays have other names than were asked for"
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
    if call.raised is not None:
        raised = without_details(call.raised) if item.call.is_quiet else call.raised
        return row(item, error_outcome(call.raised), _raised_in_words(raised), call.wall_seconds)
    if item.kind is ItemKind.PARAMETERS:
        return _judge_parameters(problem, item, call, expected)
    given = named_arrays(call.value, call.parts)
    if not given:
        outcome, message = no_arrays(problem.manifest.entry, call, is_quiet=item.call.is_quiet)
        return row(item, outcome, message, call.wall_seconds)
    if item.kind is ItemKind.CHECKPOINT and call.parameters is None:
        return row(item, Outcome.WRONG_PARAMETERS, _never_built(problem), call.wall_seconds)
    dtypes = {output.name: output.dtype for output in problem.manifest.entry.named_outputs}
    only = _ONLY_WITH_PARAMETERS if item.kind is ItemKind.CHECKPOINT else ""
    return judge_arrays(problem, item, call, given, expected, dtypes=dtypes, remark=only)


def judge_arrays(
    problem: Problem,
    item: GradedItem,
    call: CallResult,
    given: Mapping[str, WireArray],
    expected: TrustedAnswer,
    *,
    dtypes: Mapping[str, str],
    remark: str = "",
) -> CaseResult:
    """The row for arrays that are compared with the reference's under the same names.

    `remark` is what is said first where values differ.
    """
    wanted = named_arrays(expected.value, expected.parts)
    if given.keys() != wanted.keys():
        return row(item, Outcome.SANDBOX_VIOLATION, _FORGED_NAMES, call.wall_seconds)
    tolerance = problem.manifest.tolerance
    found = compare_outputs(given, wanted, tolerance, dtypes=dtypes)
    remarks = [remark] if found.outcome is Outcome.WRONG_VALUE else []
    # Numbers of a hidden case would let its expected values be measured out.
    if item.call.is_quiet:
        return row(item, found.outcome, _joined([*remarks, found.hidden_message]), call.wall_seconds)
    details = row_details(found, given[found.output], wanted[found.output], tolerance)
    return CaseResult(
        name=item.name,
        visibility=item.visibility,
        outcome=found.outcome,
        points=item.points,
        max_abs_error=found.max_abs_error,
        max_abs_error_at=found.max_abs_error_at,
        max_rel_error=found.max_rel_error,
        mismatched=found.mismatched,
        size=found.size,
        wall_seconds=call.wall_seconds,
        message=_joined([*remarks, found.message, details.advice]),
        output=found.output,
        differences=details.differences,
        picture=details.picture,
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
    first_line = raised.message.split("\n", 1)[0][:300]
    place = f"line {raised.frames[-1].line}: " if raised.frames else ""
    return f"{place}{raised.type}{': ' if first_line else ''}{first_line}"


def _joined(remarks: Sequence[str]) -> str:
    return "; ".join(filter(None, remarks))
