"""Known wrong variants: does a refused solution answer exactly as one of them?"""

import ast
from collections.abc import Iterator, Sequence

from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.verdict import CaseResult, Diagnosis, DiagnosisKind
from app.grading.answer import named_arrays
from app.grading.compare.outputs import outputs_match
from app.grading.compare.parameter_tree import same_tree
from app.grading.compare.tolerance import item_tolerance
from app.grading.plan.checks import GradedItem, ItemKind
from app.grading.reference.outputs import TrustedAnswer, TrustedAnswers
from app.grading.run.run_checks import ItemsRun
from sandbox.interface import CallResult, Way

_JUDGED = (
    Outcome.PASSED,
    Outcome.WRONG_VALUE,
    Outcome.WRONG_PARAMETERS,
    Outcome.WRONG_SHAPE,
    Outcome.NOT_FINITE,
)


async def match_variant(problem: Problem, run: ItemsRun, answers: TrustedAnswers) -> Diagnosis | None:
    """The variants whose answers the run gives on every item; None where there is none.

    Those that fit on all lasting items are asked about the fresh ones too, which is one or two of them.

    Raises:
        ReferenceFailed: the variants could not be run.
        SandboxError: the jail broke.
    """
    if len(run.result.calls) < len(run.items) or not problem.variants:
        return None
    if any(row.outcome not in _JUDGED or _is_beyond_comparing(item, row) for item, row in _rows(run)):
        return None
    lasting = [index for index, item in enumerate(run.items) if not item.is_fresh]
    fresh = [index for index, item in enumerate(run.items) if item.is_fresh]
    fitting = await _fitting(problem, run, answers, sorted(problem.variants), lasting)
    if fitting and fresh:
        fitting = await _fitting(problem, run, answers, fitting, fresh)
    if not fitting:
        return None
    told = dict.fromkeys(variant_message(problem.variants[name]) for name in fitting)
    return Diagnosis(
        kind=DiagnosisKind.VARIANT, id=fitting[0], message=" Or: ".join(told), others=tuple(fitting[1:])
    )


async def _fitting(
    problem: Problem, run: ItemsRun, answers: TrustedAnswers, names: Sequence[str], indices: Sequence[int]
) -> list[str]:
    items = [run.items[index] for index in indices]
    calls = [run.result.calls[index] for index in indices]
    rows = await answers.of_solutions(problem, [problem.variants[name] for name in names], items)
    return [name for name, row in zip(names, rows, strict=True) if _fits(problem, items, calls, row)]


def _rows(run: ItemsRun) -> Iterator[tuple[GradedItem, CaseResult]]:
    return zip(run.items, run.rows, strict=True)


def _is_beyond_comparing(item: GradedItem, row: CaseResult) -> bool:
    """Answers that differ from call to call are judged to the last bit, which no variant explains."""
    return item.call.way is Way.TWICE and row.outcome is not Outcome.PASSED


def variant_message(source: str) -> str:
    """A variant's docstring: what a learner who made this mistake is told."""
    text = ast.get_docstring(ast.parse(source)) or ""
    return " ".join(text.split())


def _fits(
    problem: Problem,
    items: Sequence[GradedItem],
    calls: Sequence[CallResult],
    answers: Sequence[TrustedAnswer],
) -> bool:
    return all(_same(problem, *triple) for triple in zip(items, calls, answers, strict=True))


def _same(problem: Problem, item: GradedItem, call: CallResult, answer: TrustedAnswer) -> bool:
    if answer.failure:
        return False
    if item.kind is ItemKind.PARAMETERS:
        if call.parameters is None or answer.parameters is None:
            return call.parameters is answer.parameters
        return same_tree(call.parameters, answer.parameters)
    given, known = named_arrays(call.value, call.parts), named_arrays(answer.value, answer.parts)
    return bool(given) and outputs_match(given, known, item_tolerance(problem, item, known))
