"""How a run that did not answer everything is told: results, the learner's error, and one sentence."""

from collections.abc import Sequence

import msgspec

from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.verdict import CaseResult, Frame, LearnerError
from app.grading.check.case_result import case_result, error_outcome, without_details
from app.grading.explain.explain import explanation
from app.grading.phrases import forbidden_in_words
from app.grading.plan.checks import Check
from sandbox.interface import Ending, Loaded, Raised, Refusal, RunResult

_OUTCOME_OF_REFUSAL = {
    Refusal.IMPORT_RAISED: Outcome.ERROR,
    Refusal.SYNTAX_ERROR: Outcome.SYNTAX_ERROR,
    Refusal.FORBIDDEN_NAME: Outcome.FORBIDDEN_NAME,
    Refusal.MISSING_FUNCTION: Outcome.MISSING_FUNCTION,
    Refusal.BAD_SIGNATURE: Outcome.BAD_SIGNATURE,
}
OUTCOME_OF_ENDING = {
    Ending.TIME_LIMIT: Outcome.TIME_LIMIT,
    Ending.MEMORY_LIMIT: Outcome.MEMORY_LIMIT,
    Ending.OUTPUT_LIMIT: Outcome.OUTPUT_LIMIT,
    Ending.PROCESS_LIMIT: Outcome.PROCESS_LIMIT,
    Ending.CRASHED: Outcome.CRASHED,
    Ending.VIOLATION: Outcome.SANDBOX_VIOLATION,
}


def results_never_reached(checks: Sequence[Check], count: int, result: RunResult) -> list[CaseResult]:
    """Return the results of all `checks` but the first `count`: the calls that never ended."""
    left = checks[count:]
    if not left:
        return []
    if result.loaded is not None and result.loaded.refusal is not None:
        # Its reason stands once, above all rows: see `headline`.
        return [case_result(check, _refusal_outcome(result.loaded), "") for check in left]
    outcome = OUTCOME_OF_ENDING.get(result.ending, Outcome.CRASHED)
    where = "while the code was being loaded" if result.loaded is None else f"in {left[0].name}"
    return [
        case_result(left[0], outcome, result.message),
        *(case_result(check, outcome, f"not reached: the run ended {where}") for check in left[1:]),
    ]


def _refusal_outcome(loaded: Loaded) -> Outcome:
    if loaded.raised is not None:
        return error_outcome(loaded.raised)
    assert loaded.refusal is not None
    return _OUTCOME_OF_REFUSAL[loaded.refusal]


def _refusal_in_words(loaded: Loaded) -> str:
    if loaded.raised is not None:
        text = f"{loaded.raised.type}: {loaded.raised.message}".split("\n", 1)[0][:300]
    else:
        text = loaded.message
    return f"line {loaded.line}: {text}" if loaded.line is not None else text


def first_error(problem: Problem, result: RunResult, checks: Sequence[Check]) -> LearnerError | None:
    """Return the first error of the learner's code, stripped of what a hidden case could carry out."""
    loaded = result.loaded
    if loaded is not None and loaded.refusal is not None:
        if loaded.raised is not None:
            return _error(loaded.raised)
        kind = "SyntaxError" if loaded.refusal is Refusal.SYNTAX_ERROR else loaded.refusal.value
        return LearnerError(type=kind, message=loaded.message, line=loaded.line)
    if used := next((call.forbidden for call in result.calls if call.forbidden is not None), None):
        kind = Refusal.FORBIDDEN_NAME.value
        return LearnerError(type=kind, message=forbidden_in_words(problem, used), line=used.line)
    for check, call in zip(checks, result.calls, strict=False):
        if call.raised is not None and check.call.is_hidden:
            return msgspec.structs.replace(_error(without_details(call.raised)), frames=())
        if call.raised is not None:
            return _error(call.raised)
    if result.line is not None:
        return LearnerError(type=result.ending.value, message=result.message, line=result.line)
    return None


def _error(raised: Raised) -> LearnerError:
    frames = tuple(
        Frame(line=frame.line, function=frame.function, text=frame.text) for frame in raised.frames
    )
    return LearnerError(
        type=raised.type,
        message=raised.message,
        line=frames[-1].line if frames else None,
        frames=frames,
        explanation=explanation(raised),
    )


def headline(result: RunResult, checks: Sequence[Check]) -> str:
    """Say in one sentence why not everything was answered; nothing where it was."""
    if result.loaded is not None and result.loaded.refusal is not None:
        return _refusal_in_words(result.loaded)
    if result.ending is Ending.FINISHED:
        return ""
    reached = len(result.calls)
    if result.loaded is None:
        return f"{result.message}, while the code was being loaded"
    return f"{result.message}, in {checks[reached].name}" if reached < len(checks) else result.message
