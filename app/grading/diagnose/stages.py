"""Runs a refused solution once more to see where on the way it goes wrong, and whether its seed matters."""

from collections.abc import Awaitable, Callable, Sequence

import msgspec
import numpy as np

from app.core.generators import Seed
from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.tolerance import Tolerance
from app.core.verdict import Mode, Visibility
from app.grading.compare.parameter_tree import same_tree
from app.grading.diagnose.divergence import Divergence, first_divergence
from app.grading.diagnose.numbers import as_numbers, numbers_of
from app.grading.plan.calls import plan_calls
from app.grading.plan.checks import GradedItem, ItemKind, checkpoint_items, items_of
from app.grading.plan.request import limits_for, request_for
from app.grading.reference.outputs import TrustedAnswer, TrustedAnswers
from app.grading.run.run_checks import ItemsRun
from sandbox.interface import Call, CallResult, ModuleUse, RunResult, Stage

_SEED = 7_919
_STD = 0.3
"""What parameters are drawn from where a case that has no probe of its own is looked into."""
_FAR = 20.0
_MOST = 8

RunOnce = Callable[..., Awaitable[RunResult]]
"""`Sandbox.run` for learners' code."""


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """What the further run showed; `case` is whose arguments diverge, empty where they are hidden."""

    divergence: Divergence | None = None
    case: str = ""
    ignored_seed: str = ""
    """The parameter that seeds are passed in, where another seed changes nothing though it should."""
    is_right_with_parameters: bool = False
    """Every case that was asked again, with parameters handed in, came out right."""


async def follow(
    problem: Problem,
    code: str,
    run: ItemsRun,
    answers: TrustedAnswers,
    run_once: RunOnce,
    *,
    thoroughly: bool = False,
) -> Followed:
    """One run of `code` on what it failed, stages recorded, and on one case with another seed.

    `thoroughly` asks every failing case again, and not only as many as it takes to find a place.

    Raises:
        ReferenceFailed: the reference failed where it is asked the same.
        SandboxError: the jail broke.
    """
    staged = _failing_values(problem, run) if thoroughly else _telling_items(problem, run)
    reseeded = _reseeded_items(problem, run)
    # Answers are found by their items' names, and one case may be asked in several ways here.
    items = [
        msgspec.structs.replace(item, name=f"{item.name}-{place}")
        for place, item in enumerate([*staged, *reseeded])
    ]
    if not items:
        return Followed()
    result = await run_once(request_for(problem, code, items), limits=limits_for(problem))
    calls = plan_calls(items).by_item(result.calls)
    expected = await answers.of_reference(problem, items)
    tolerance, count = problem.manifest.tolerance, len(staged)
    told = Followed(
        ignored_seed=_ignored_seed(problem, calls[count:], expected[count:]),
        is_right_with_parameters=0 < count <= len(calls)
        and all(
            answers_agree(*pair, tolerance) is True for pair in zip(calls[:count], expected, strict=False)
        ),
    )
    for item, call, answer in zip(staged, calls, expected, strict=False):
        divergence = _divergence(problem, call, answer)
        if divergence is not None:
            case = "" if item.visibility is Visibility.HIDDEN else item.name
            return msgspec.structs.replace(told, divergence=divergence, case=case)
    return told


def items_to_prepare(problem: Problem) -> list[GradedItem]:
    """Whatever `follow` may ask of lasting cases, so that the reference's answers can be ready."""
    values = items_of(problem, Mode.SUBMIT, fresh_seed=None)
    cases = [item for item in values if item.kind is ItemKind.VALUE]
    reseeded = [one for item in cases for one in _reseeded(problem, item)]
    return [*_staged(problem, [*cases, *checkpoint_items(problem)]), *reseeded]


def _telling_items(problem: Problem, run: ItemsRun) -> list[GradedItem]:
    """A sample first, for of that more can be told; then the first hidden ones of each kind."""
    module = problem.manifest.module
    if module is None or not module.stages:
        return []
    values = [item for item in run.items if item.kind is ItemKind.VALUE and not item.is_fresh]
    failing = [item for item in _failing(run) if not item.is_fresh]
    samples = [item for item in values if item.visibility is Visibility.SAMPLE]
    hidden = [item for item in failing if item.visibility is Visibility.HIDDEN]
    return _staged(
        problem,
        [
            *sorted(samples, key=lambda item: item not in failing)[:1],
            *[item for item in (*hidden, *checkpoint_items(problem)) if item.kind is ItemKind.CHECKPOINT][:1],
            *[item for item in hidden if item.kind is ItemKind.VALUE][:1],
        ],
    )


def _failing_values(problem: Problem, run: ItemsRun) -> list[GradedItem]:
    return _staged(problem, [item for item in _failing(run) if item.kind is ItemKind.VALUE][:_MOST])


def _staged(problem: Problem, items: Sequence[GradedItem]) -> list[GradedItem]:
    """The same with random parameters handed in, where they are not anyway, and the stages recorded."""
    module = problem.manifest.module
    if module is None:
        return []
    stages = tuple(
        Stage(name=stage.name, path=stage.path, is_input=stage.side == "input") for stage in module.stages
    )
    drawn = ModuleUse(class_name=module.name, seed=_SEED, std=_STD)
    return [
        msgspec.structs.replace(
            item,
            kind=ItemKind.CHECKPOINT,
            visibility=Visibility.HIDDEN if item.call.is_quiet else item.visibility,
            call=Call(
                function=item.call.function,
                arguments=item.call.arguments,
                module=item.call.module if item.kind is ItemKind.CHECKPOINT else drawn,
                is_quiet=True,
                stages=stages,
            ),
        )
        for item in items
    ]


def _reseeded_items(problem: Problem, run: ItemsRun) -> list[GradedItem]:
    """The first failing case that has a seed, as it is and with another one."""
    for item in _failing(run):
        if item.kind is ItemKind.VALUE and (asked := _reseeded(problem, item)):
            return asked
    return []


def _reseeded(problem: Problem, item: GradedItem) -> list[GradedItem]:
    parameters = problem.manifest.entry.parameters
    case = next((case for case in problem.manifest.cases if case.name == item.name), None)
    if case is None:
        return []
    arguments = list(item.call.arguments)
    for place, name in enumerate(parameters):
        seed = arguments[place]
        if isinstance(case.arguments[name], Seed) and isinstance(seed, float):
            arguments[place] = seed + 1.0
    if arguments == list(item.call.arguments):
        return []
    other = msgspec.structs.replace(item.call, arguments=tuple(arguments))
    return [item, msgspec.structs.replace(item, call=other)]


def _failing(run: ItemsRun) -> list[GradedItem]:
    return [
        item
        for item, row in zip(run.items, run.rows, strict=True)
        if row.outcome is not Outcome.PASSED and item.kind in (ItemKind.VALUE, ItemKind.CHECKPOINT)
    ]


def _divergence(problem: Problem, call: CallResult, answer: TrustedAnswer) -> Divergence | None:
    """Only where both have the same parameters, and yet give different answers."""
    module = problem.manifest.module
    if module is None or call.raised is not None or call.parameters is None or answer.parameters is None:
        return None
    trained = [
        tuple(one for one in parameters if one.kind == "Param")
        for parameters in (call.parameters, answer.parameters)
    ]
    if not same_tree(*trained) or answers_agree(call, answer, problem.manifest.tolerance) is not False:
        return None
    given = as_numbers({part.name: part.value for part in call.stages})
    wanted = as_numbers({part.name: part.value for part in answer.stages})
    if given is None or wanted is None:
        return None
    return first_divergence(module.stages, given, wanted, problem.manifest.tolerance)


def _ignored_seed(problem: Problem, calls: Sequence[CallResult], expected: Sequence[TrustedAnswer]) -> str:
    tolerance = problem.manifest.tolerance
    if len(calls) != 2 or answers_agree(calls[1], calls[0], tolerance, 0.0) is not True:
        return ""
    if answers_agree(expected[1], expected[0], tolerance, _FAR) is not False:
        return ""
    cases = problem.manifest.cases
    names = problem.manifest.entry.parameters
    return next(name for name in names if any(isinstance(case.arguments[name], Seed) for case in cases))


@np.errstate(all="ignore")
def answers_agree(
    one: CallResult | TrustedAnswer,
    other: CallResult | TrustedAnswer,
    tolerance: Tolerance,
    times: float = 1.0,
) -> bool | None:
    """Whether all arrays lie within so many times the tolerance; None where there is nothing to compare."""
    given, wanted = numbers_of(one), numbers_of(other)
    if not given or not wanted:
        return None
    if given.keys() != wanted.keys():
        return False
    for name, array in given.items():
        right = wanted[name]
        if array.shape != right.shape:
            return False
        allowed = times * (tolerance.absolute + tolerance.relative * np.abs(right))
        if not (np.abs(array - right) <= allowed).all():
            return False
    return True
