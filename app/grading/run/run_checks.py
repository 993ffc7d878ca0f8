"""A learner's code on a list of items: run, judge each call as it ends, account for those that never did."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec

from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.verdict import CaseResult, Frame, LearnerError
from app.grading.check.case_result import case_result, error_outcome, without_details
from app.grading.check.judge import judge
from app.grading.explain.explain import explanation
from app.grading.phrases import forbidden_in_words
from app.grading.plan.checks import Check
from app.grading.plan.request import limits_for, plan_calls, request_for
from app.grading.reference.outputs import ReferenceOutput
from sandbox.interface import (
    CallResult,
    Ending,
    Loaded,
    Raised,
    Refusal,
    Report,
    RunRequest,
    RunResult,
)
from sandbox.limits import Limits

_OF_REFUSAL = {
    Refusal.IMPORT_RAISED: Outcome.ERROR,
    Refusal.SYNTAX_ERROR: Outcome.SYNTAX_ERROR,
    Refusal.FORBIDDEN_NAME: Outcome.FORBIDDEN_NAME,
    Refusal.MISSING_FUNCTION: Outcome.MISSING_FUNCTION,
    Refusal.BAD_SIGNATURE: Outcome.BAD_SIGNATURE,
}
_OF_ENDING = {
    Ending.TIME_LIMIT: Outcome.TIME_LIMIT,
    Ending.MEMORY_LIMIT: Outcome.MEMORY_LIMIT,
    Ending.OUTPUT_LIMIT: Outcome.OUTPUT_LIMIT,
    Ending.PROCESS_LIMIT: Outcome.PROCESS_LIMIT,
    Ending.CRASHED: Outcome.CRASHED,
    Ending.VIOLATION: Outcome.SANDBOX_VIOLATION,
}


class RunInSandbox(Protocol):
    """`Sandbox.run`, or a way to a child that may not be there: then None."""

    async def __call__(
        self, request: RunRequest, *, limits: Limits, on_report: Callable[[Report], None]
    ) -> RunResult | None: ...


class CheckedRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run and its rows; `expected` lies beside `checks` for a diagnosis."""

    checks: tuple[Check, ...]
    expected: tuple[ReferenceOutput, ...]
    case_results: tuple[CaseResult, ...]
    result: RunResult
    error: LearnerError | None
    message: str


async def run_checks(
    run: RunInSandbox,
    problem: Problem,
    code: str,
    checks: Sequence[Check],
    expected: Awaitable[tuple[ReferenceOutput, ...]],
    on_result: Callable[[CaseResult], None],
) -> CheckedRun | None:
    """Run `code` in its own jail while `expected` is awaited; rows are told in order, as they are known.

    None where `run` found no child to run it in.

    Raises:
        ReferenceFailed: from `expected`.
        SandboxError: the jail broke.
    """
    reports: asyncio.Queue[CallResult | None] = asyncio.Queue()
    running = asyncio.ensure_future(_run(run, problem, code, checks, reports))
    case_results: list[CaseResult] = []
    received: dict[str, CallResult] = {}
    try:
        answers = await expected
        while (report := await reports.get()) is not None:
            if report.index == len(case_results):
                check = checks[report.index]
                received[check.name] = report
                first = received.get(check.repeats)
                case_results.append(judge(problem, check, report, answers[report.index], first))
                on_result(case_results[-1])
        result = await running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)  # Its jail is gone before the next one comes.
    if result is None:
        return None
    del case_results[
        len(result.calls) :
    ]  # A run whose fork server died is made again, and may then end sooner.
    for missed in _results_that_never_ended(checks, case_results, result):
        on_result(missed)
        case_results.append(missed)
    if result.ending is not Ending.FINISHED and len(result.calls) == len(checks):
        # Every call answered, and then a limit was hit: the last row carries it.
        case_results[-1] = case_result(checks[-1], _OF_ENDING[result.ending], result.message)
        on_result(case_results[-1])
    return CheckedRun(
        checks=tuple(checks),
        expected=answers,
        case_results=tuple(case_results),
        result=result,
        error=_first_error(problem, result, checks),
        message=_headline(result, checks),
    )


async def _run(
    run: RunInSandbox,
    problem: Problem,
    code: str,
    checks: Sequence[Check],
    reports: "asyncio.Queue[CallResult | None]",
) -> RunResult | None:
    plan = plan_calls(checks)
    ended: list[CallResult] = []

    def on_report(report: Report) -> None:
        # A run whose fork server died is made again, and tells its first calls twice.
        if isinstance(report, CallResult) and report.index == len(ended):
            reported = len(plan.by_check(ended))
            ended.append(report)
            for answer in plan.by_check(ended)[reported:]:
                reports.put_nowait(answer)

    try:
        result = await run(
            request_for(problem, code, checks), limits=limits_for(problem), on_report=on_report
        )
        return result and msgspec.structs.replace(result, calls=plan.by_check(result.calls))
    finally:
        reports.put_nowait(None)


def _results_that_never_ended(
    checks: Sequence[Check], case_results: Sequence[CaseResult], result: RunResult
) -> list[CaseResult]:
    left = checks[len(case_results) :]
    if not left:
        return []
    if result.loaded is not None and result.loaded.refusal is not None:
        refused = result.loaded
        return [case_result(check, _refusal_outcome(refused), _refusal_in_words(refused)) for check in left]
    outcome = _OF_ENDING.get(result.ending, Outcome.CRASHED)
    where = "while the code was being loaded" if result.loaded is None else f"in {left[0].name}"
    return [
        case_result(left[0], outcome, result.message),
        *(case_result(check, outcome, f"not reached: the run ended {where}") for check in left[1:]),
    ]


def _refusal_outcome(loaded: Loaded) -> Outcome:
    if loaded.raised is not None:
        return error_outcome(loaded.raised)
    assert loaded.refusal is not None
    return _OF_REFUSAL[loaded.refusal]


def _refusal_in_words(loaded: Loaded) -> str:
    if loaded.raised is not None:
        text = f"{loaded.raised.type}: {loaded.raised.message}".split("\n", 1)[0][:300]
    else:
        text = loaded.message
    return f"line {loaded.line}: {text}" if loaded.line is not None else text


def _first_error(problem: Problem, result: RunResult, checks: Sequence[Check]) -> LearnerError | None:
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


def _headline(result: RunResult, checks: Sequence[Check]) -> str:
    if result.loaded is not None and result.loaded.refusal is not None:
        return _refusal_in_words(result.loaded)
    if result.ending is Ending.FINISHED:
        return ""
    reached = len(result.calls)
    if result.loaded is None:
        return f"{result.message}, while the code was being loaded"
    return f"{result.message}, in {checks[reached].name}" if reached < len(checks) else result.message
