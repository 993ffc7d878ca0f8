"""Results of calls that have no arrays to compare: what they count as, and what is said of them."""

import re
from collections.abc import Mapping

import msgspec

from app.core.outcome import Outcome
from app.core.problem import Entry, Problem
from app.core.verdict import CaseResult
from app.grading.explain.explain import explanation, first_sentence
from app.grading.phrases import forbidden_in_words, listed, names_words
from app.grading.plan.checks import Check
from sandbox.interface import CallResult, Frame, Raised

_HIDDEN_MESSAGE = "its message is shown for sample cases only"
_COMPUTING_ERRORS = ("XlaRuntimeError", "JaxRuntimeError")
_KNOWN_ERRORS = frozenset(
    [
        *("ArithmeticError", "AssertionError", "AttributeError", "FloatingPointError", "ImportError"),
        *("IndexError", "KeyError", "KeyboardInterrupt", "LookupError", "MemoryError"),
        *("ModuleNotFoundError", "NameError", "NotImplementedError", "OSError", "OverflowError"),
        *("RecursionError", "RuntimeError", "StopIteration", "SystemExit", "TypeError"),
        *("UnboundLocalError", "ValueError", "ZeroDivisionError", *_COMPUTING_ERRORS),
        *("ConcretizationTypeError", "TracerArrayConversionError", "TracerBoolConversionError"),
        *("TracerIntegerConversionError", "UnexpectedTracerError", "TraceContextError"),
    ]
)
"""The types that are named of a hidden case: 31, and `Exception` for any other, which is five bits."""


def case_result(
    check: Check, outcome: Outcome, message: str, wall_seconds: float | None = None
) -> CaseResult:
    """Return a result without numbers."""
    return CaseResult(
        name=check.name,
        visibility=check.visibility,
        outcome=outcome,
        points=check.points,
        wall_seconds=wall_seconds,
        message=message,
    )


def ended_without_an_answer(problem: Problem, check: Check, call: CallResult) -> CaseResult | None:
    """Return the result where a forbidden name was used, the code raised, or no module was built."""
    if call.forbidden is not None:
        message = forbidden_in_words(problem, call.forbidden)
        return case_result(check, Outcome.FORBIDDEN_NAME, message, call.wall_seconds)
    if call.raised is not None:
        raised = without_details(call.raised) if check.call.is_hidden else call.raised
        return case_result(check, error_outcome(call.raised), _raised_in_words(raised), call.wall_seconds)
    module = problem.manifest.module
    if check.call.module is not None and module is not None and call.parameters is None:
        function = problem.manifest.entry.function
        message = f"{function} never builds an `nnx.Module` named {module.name}, which the task asks for"
        # The code chooses these names, and could write the case's values into them.
        if call.built_instead and not check.call.is_hidden:
            message += f"; what it builds is {names_words(list(call.built_instead), shown=3)}"
        return case_result(check, Outcome.WRONG_PARAMETERS, message, call.wall_seconds)
    return None


_OF_PARAMETERS = re.compile(r"a (?:(?:list|tuple) of (?:\S+, )*)?(?:Param|Variable)\b")
_READ_THEM = ": `[...]` behind a parameter reads its numbers, as in `self.w[...]`"

NEVER_RUN: Mapping[str, str] = {
    "a generator": ": a function with `yield` in it runs only when it is gone through; write `return`",
    "a coroutine": ": an `async` function runs only when it is awaited; leave `async` out",
}
"""By what a function returns none of whose lines has run, what is to be done."""


def no_arrays(problem: Problem, check: Check, call: CallResult) -> CaseResult:
    """Return the result of a call whose answer is not the array or arrays asked for.

    It is `wrong_shape` for something in the place of one array, `wrong_structure` for what should hold
    several. Of a hidden call nothing is told that its code can choose: it could carry the case's values.
    """
    entry = problem.manifest.entry
    found = "no array" if check.call.is_hidden else call.not_an_array
    advice = _READ_THEM if _OF_PARAMETERS.match(found) else ""
    outcome = Outcome.WRONG_SHAPE
    if call.at_output in [output.name for output in entry.outputs]:
        message = f"`{call.at_output}` is {found}; an array of numbers is asked for{advice}"
    elif entry.structure == "array":
        advice = ": is a `return` missing?" if found == "None" else NEVER_RUN.get(found, advice)
        message = f"the function returned {found}; an array of numbers is asked for{advice}"
    else:
        found = "something else" if check.call.is_hidden else call.not_an_array
        outcome = Outcome.WRONG_STRUCTURE
        message = f"{_structure_words(entry)} is asked for; the function returned {found}"
    return case_result(check, outcome, message, call.wall_seconds)


def error_outcome(raised: Raised) -> Outcome:
    """Return what an exception that left the learner's code counts as."""
    if raised.is_process_limit:
        return Outcome.PROCESS_LIMIT
    if raised.type == "MemoryError" or (
        raised.type in _COMPUTING_ERRORS and "RESOURCE_EXHAUSTED" in raised.message
    ):
        return Outcome.MEMORY_LIMIT
    return Outcome.ERROR


def without_details(raised: Raised) -> Raised:
    """Strip an exception of a hidden case: what the code can name could carry the case's values.

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
    """Say what it means if that is known, in one sentence, else the message's first line."""
    said = explanation(raised)
    first_line = first_sentence(said) if said else raised.message.split("\n", 1)[0][:300]
    place = f"line {raised.frames[-1].line}: " if raised.frames else ""
    return f"{place}{raised.type}{': ' if first_line else ''}{first_line}"


def _structure_words(entry: Entry) -> str:
    """Say `a tuple of 2 arrays (scores, weights)`, `a dictionary of 2 arrays under 'loss' and 'grads'`."""
    names = [output.name for output in entry.named_outputs]
    count = f"{len(names)} array{'' if len(names) == 1 else 's'}"
    if entry.structure == "tuple":
        return f"a tuple of {count} ({', '.join(names)})"
    return f"a dictionary of {count} under {listed([repr(name) for name in names])}"
