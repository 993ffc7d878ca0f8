"""One check's call, as the sandbox reports it, against the reference's output → its `CaseResult`."""

import importlib
from collections.abc import Mapping
from typing import Protocol, cast

from app.core.probes.table import KINDS
from app.core.problem import Problem
from app.core.verdict import CaseResult
from app.grading.check.case_result import ended_without_an_answer
from app.grading.check.value import judge_again, judge_value
from app.grading.plan.checks import Check
from app.grading.reference.outputs import ReferenceOutput
from sandbox.interface import CallResult


class JudgeProbe(Protocol):
    """A probe's `judge`, given a call that came to its end; the check's `probe` holds its keys."""

    def __call__(
        self, problem: Problem, check: Check, call: CallResult, expected: ReferenceOutput
    ) -> CaseResult: ...


def _judge_of(kind: str) -> JudgeProbe:
    return cast(JudgeProbe, importlib.import_module(f"app.grading.check.{kind}").judge)


_PROBES: Mapping[str, JudgeProbe] = {kind: _judge_of(kind) for kind in KINDS}


def judge(
    problem: Problem,
    check: Check,
    call: CallResult,
    expected: ReferenceOutput,
    first: CallResult | None = None,
) -> CaseResult:
    """Return the result of one call that ended. `first` is what a call that is repeated had given before."""
    if ended := ended_without_an_answer(problem, check, call):
        return ended
    if check.probe is not None:
        return _PROBES[check.probe.kind](problem, check, call, expected)
    if check.repeats:
        return judge_again(problem, check, call, expected, first)
    return judge_value(problem, check, call, expected)
