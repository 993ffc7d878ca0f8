"""A learner's code on a list of checks: run, judge each call as it ends, account for those that never did."""

import asyncio
import functools
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.verdict import CaseResult, LearnerError
from app.grading.check.case_result import case_result
from app.grading.check.judge import judge
from app.grading.plan.checks import Check
from app.grading.plan.request import BEHIND_PAGES, limits_for, plan_calls, request_for, warm_jail_key
from app.grading.reference.outputs import ReferenceOutput, ReferenceOutputs
from app.grading.run.causes import Causes
from app.grading.run.ending import OUTCOME_OF_ENDING, first_error, headline, results_never_reached
from sandbox.interface import CallResult, Ending, Report, RunRequest, RunResult, Sandbox
from sandbox.limits import Limits


class CheckedRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run and its results; `expected` lies beside `checks` for a diagnosis."""

    checks: tuple[Check, ...]
    expected: tuple[ReferenceOutput, ...]
    case_results: tuple[CaseResult, ...]
    result: RunResult
    error: LearnerError | None
    message: str


class _RunInSandbox(Protocol):
    """`Sandbox.run`, or `Sandbox.run_warm` for a child that may not be there: then None."""

    async def __call__(
        self, request: RunRequest, *, limits: Limits, on_report: Callable[[Report], None]
    ) -> RunResult | None: ...


def ignore_result(_: CaseResult) -> None:
    """Do nothing, for callers who only want the whole run."""


async def run_checks(
    sandbox: Sandbox,
    problem: Problem,
    code: str,
    checks: Sequence[Check],
    outputs: ReferenceOutputs,
    on_result: Callable[[CaseResult], None] = ignore_result,
    *,
    niceness: int = BEHIND_PAGES,
) -> CheckedRun:
    """Run `code` in its own jail while the expected outputs are looked up; results are reported in order.

    `niceness` is how far it steps back for other runs.

    Raises:
        ReferenceFailed: the reference gave no usable output.
        SandboxError: the jail broke.
    """

    async def run_in_sandbox(
        request: RunRequest, *, limits: Limits, on_report: Callable[[Report], None]
    ) -> RunResult:
        limits = msgspec.structs.replace(limits, niceness=niceness)
        return await sandbox.run(request, limits=limits, on_report=on_report)

    run = await _run_checks(run_in_sandbox, problem, code, checks, outputs, on_result)
    assert run is not None  # `Sandbox.run` always gives a result.
    return run


async def run_checks_warm(
    sandbox: Sandbox,
    problem: Problem,
    code: str,
    checks: Sequence[Check],
    outputs: ReferenceOutputs,
    *,
    learner: str,
) -> CheckedRun | None:
    """Run in a child that waits for this learner; None where there is none, or something fails in it.

    What the child pre-warmed may have changed its JAX, or the way that code is loaded, so anything but an
    acceptance is run again in a fresh jail. An acceptance may rest on that too: it is to be confirmed in a
    fresh one before it counts.

    Raises:
        ReferenceFailed: the reference gave no usable output.
        SandboxError: the jail broke.
    """
    run = functools.partial(sandbox.run_warm, warm_jail_key(problem, learner))
    failed = asyncio.Event()

    def look(result: CaseResult) -> None:
        if result.outcome is not Outcome.PASSED:
            failed.set()

    attempt = asyncio.ensure_future(_run_checks(run, problem, code, checks, outputs, look))
    failure = asyncio.ensure_future(failed.wait())
    try:
        await asyncio.wait([attempt, failure], return_when=asyncio.FIRST_COMPLETED)
        return await attempt if not failed.is_set() else None
    finally:
        for task in (attempt, failure):
            task.cancel()
        await asyncio.gather(attempt, failure, return_exceptions=True)


async def _run_checks(
    run: _RunInSandbox,
    problem: Problem,
    code: str,
    checks: Sequence[Check],
    outputs: ReferenceOutputs,
    on_result: Callable[[CaseResult], None],
) -> CheckedRun | None:
    reports: asyncio.Queue[CallResult | None] = asyncio.Queue()
    running = asyncio.ensure_future(_run(run, problem, code, checks, reports))
    results: list[CaseResult] = []
    causes = Causes()
    received: dict[str, CallResult] = {}
    try:
        expected = await outputs.of_reference(problem, checks)
        while (report := await reports.get()) is not None:
            if report.index == len(results):
                check = checks[report.index]
                received[check.name] = report
                first = received.get(check.repeats)
                found = judge(problem, check, report, expected[report.index], first)
                results.append(_in_group(check, causes.reported_once(check, report, found)))
                on_result(results[-1])
        result = await running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)  # Its jail is gone before the next one comes.
    if result is None:
        return None
    # A run whose fork server died is made again, and may then end sooner.
    del results[len(result.calls) :]
    left = checks[len(results) :]
    for check, missed in zip(left, results_never_reached(checks, len(results), result), strict=True):
        results.append(_in_group(check, missed))
        on_result(results[-1])
    if result.ending is not Ending.FINISHED and len(result.calls) == len(checks):
        # Every call answered, and then a limit was hit: the last result carries it.
        last = case_result(checks[-1], OUTCOME_OF_ENDING[result.ending], result.message)
        results[-1] = _in_group(checks[-1], last)
        on_result(results[-1])
    return CheckedRun(
        checks=tuple(checks),
        expected=expected,
        case_results=tuple(results),
        result=result,
        error=first_error(problem, result, checks),
        message=headline(result, checks),
    )


def _in_group(check: Check, found: CaseResult) -> CaseResult:
    return msgspec.structs.replace(found, group=check.group)


async def _run(
    run: _RunInSandbox,
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
