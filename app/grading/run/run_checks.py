"""A learner's code on a list of items: run, judge each call as it ends, account for those that never did."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec

from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.verdict import CaseResult, Frame, LearnerError
from app.grading.check.judge import error_outcome, judge_item, without_details
from app.grading.check.rows import row
from app.grading.explain.explain import explanation
from app.grading.phrases.forbidden_words import forbidden_in_words
from app.grading.plan.calls import plan_calls
from app.grading.plan.checks import GradedItem
from app.grading.plan.request import limits_for, request_for
from app.grading.reference.outputs import TrustedAnswer
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


class ItemsRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run and its rows; `expected` lies beside `items` for a diagnosis."""

    items: tuple[GradedItem, ...]
    expected: tuple[TrustedAnswer, ...]
    rows: tuple[CaseResult, ...]
    result: RunResult
    error: LearnerError | None
    message: str


async def run_items(
    run: RunInSandbox,
    problem: Problem,
    code: str,
    items: Sequence[GradedItem],
    expected: Awaitable[tuple[TrustedAnswer, ...]],
    on_row: Callable[[CaseResult], None],
) -> ItemsRun | None:
    """Run `code` in its own jail while `expected` is awaited; rows are told in order, as they are known.

    None where `run` found no child to run it in.

    Raises:
        ReferenceFailed: from `expected`.
        SandboxError: the jail broke.
    """
    reports: asyncio.Queue[CallResult | None] = asyncio.Queue()
    running = asyncio.ensure_future(_run(run, problem, code, items, reports))
    rows: list[CaseResult] = []
    heard: dict[str, CallResult] = {}
    try:
        answers = await expected
        while (report := await reports.get()) is not None:
            if report.index == len(rows):
                item = items[report.index]
                heard[item.name] = report
                first = heard.get(item.repeats)
                rows.append(judge_item(problem, item, report, answers[report.index], first))
                on_row(rows[-1])
        result = await running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)  # Its jail is gone before the next one comes.
    if result is None:
        return None
    del rows[len(result.calls) :]  # A run whose nursery died is made again, and may then end sooner.
    for missed in _rows_that_never_ended(items, rows, result):
        on_row(missed)
        rows.append(missed)
    if result.ending is not Ending.FINISHED and len(result.calls) == len(items):
        # Every call answered, and then a limit was hit: the last row carries it.
        rows[-1] = row(items[-1], _OF_ENDING[result.ending], result.message)
        on_row(rows[-1])
    return ItemsRun(
        items=tuple(items),
        expected=answers,
        rows=tuple(rows),
        result=result,
        error=_first_error(problem, result, items),
        message=_headline(result, items),
    )


async def _run(
    run: RunInSandbox,
    problem: Problem,
    code: str,
    items: Sequence[GradedItem],
    reports: "asyncio.Queue[CallResult | None]",
) -> RunResult | None:
    plan = plan_calls(items)
    ended: list[CallResult] = []

    def hear(report: Report) -> None:
        # A run whose nursery died is made again, and tells its first calls twice.
        if isinstance(report, CallResult) and report.index == len(ended):
            told = len(plan.by_item(ended))
            ended.append(report)
            for answer in plan.by_item(ended)[told:]:
                reports.put_nowait(answer)

    try:
        result = await run(request_for(problem, code, items), limits=limits_for(problem), on_report=hear)
        return result and msgspec.structs.replace(result, calls=plan.by_item(result.calls))
    finally:
        reports.put_nowait(None)


def _rows_that_never_ended(
    items: Sequence[GradedItem], rows: Sequence[CaseResult], result: RunResult
) -> list[CaseResult]:
    left = items[len(rows) :]
    if not left:
        return []
    if result.loaded is not None and result.loaded.refusal is not None:
        refused = result.loaded
        return [row(item, _refusal_outcome(refused), _refusal_in_words(refused)) for item in left]
    outcome = _OF_ENDING.get(result.ending, Outcome.CRASHED)
    where = "while the code was being loaded" if result.loaded is None else f"in {left[0].name}"
    return [
        row(left[0], outcome, result.message),
        *(row(item, outcome, f"not reached: the run ended {where}") for item in left[1:]),
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


def _first_error(problem: Problem, result: RunResult, items: Sequence[GradedItem]) -> LearnerError | None:
    loaded = result.loaded
    if loaded is not None and loaded.refusal is not None:
        if loaded.raised is not None:
            return _error(loaded.raised)
        kind = "SyntaxError" if loaded.refusal is Refusal.SYNTAX_ERROR else loaded.refusal.value
        return LearnerError(type=kind, message=loaded.message, line=loaded.line)
    if used := next((call.forbidden for call in result.calls if call.forbidden is not None), None):
        kind = Refusal.FORBIDDEN_NAME.value
        return LearnerError(type=kind, message=forbidden_in_words(problem, used), line=used.line)
    for item, call in zip(items, result.calls, strict=False):
        if call.raised is not None and item.call.is_quiet:
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


def _headline(result: RunResult, items: Sequence[GradedItem]) -> str:
    if result.loaded is not None and result.loaded.refusal is not None:
        return _refusal_in_words(result.loaded)
    if result.ending is Ending.FINISHED:
        return ""
    reached = len(result.calls)
    if result.loaded is None:
        return f"{result.message}, while the code was being loaded"
    return f"{result.message}, in {items[reached].name}" if reached < len(items) else result.message
