"""One more run of a refused solution, to see where on the way it goes wrong, and whether its seed matters."""

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
import numpy as np

from app.core.generators import Seed
from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.tolerance import Tolerance
from app.core.verdict import Mode, Visibility
from app.grading.compare.distance import distance
from app.grading.compare.parameters import same_tree
from app.grading.diagnose.attention import mistake_in_attention
from app.grading.diagnose.divergence import Divergence, first_divergence, relative_error
from app.grading.diagnose.likeness import likeness
from app.grading.diagnose.numbers import as_numbers, numbers_of
from app.grading.diagnose.significance import Array, weighs
from app.grading.plan.checks import Check, checkpoint_checks, checks_of
from app.grading.plan.request import limits_for, plan_calls, request_for
from app.grading.reference.outputs import ReferenceOutput, ReferenceOutputs
from app.grading.run.run_checks import CheckedRun
from sandbox.interface import Call, CallResult, ModuleUse, RunResult, Stage

_SEED = 7_919
_STD = 0.7
"""What parameters are drawn from where a case that has no probe of its own is looked into."""
_FAR = 20.0
_TRACE = 8e-6
"""An answer's error, in units of its largest number, that no rounding explains."""

RunOnce = Callable[..., Awaitable[RunResult]]
"""`Sandbox.run` for learners' code."""


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """The findings of the further run; `case` is whose arguments diverge, empty where they are hidden."""

    divergence: Divergence | None = None
    case: str = ""
    ignored_seed: str = ""
    """The parameter that seeds are passed in, where another seed changes nothing though it should."""


async def follow(
    problem: Problem,
    code: str,
    run: CheckedRun,
    answers: ReferenceOutputs,
    run_once: RunOnce,
) -> Followed:
    """Run `code` once on what it failed, stages recorded, and on one case with another seed.

    Raises:
        ReferenceFailed: the reference failed where it is asked the same.
        SandboxError: the jail broke.
    """
    staged = _telling_checks(problem, run)
    reseeded = _reseeded_checks(problem, run)
    # Answers are found by their checks' names, and one case may be asked in several ways here.
    checks = [
        msgspec.structs.replace(check, name=f"{check.name}-{place}")
        for place, check in enumerate([*staged, *reseeded])
    ]
    if not checks:
        return Followed()
    result = await run_once(request_for(problem, code, checks), limits=limits_for(problem))
    calls = plan_calls(checks).by_check(result.calls)
    expected = await answers.of_reference(problem, checks)
    count = len(staged)
    reported = Followed(ignored_seed=_ignored_seed(problem, calls[count:], expected[count:]))
    for check, call, answer in zip(staged, calls, expected, strict=False):
        divergence = _divergence(problem, check, call, answer)
        if divergence is not None:
            case = "" if check.visibility is Visibility.HIDDEN else check.name
            return msgspec.structs.replace(reported, divergence=divergence, case=case)
    return reported


def checks_to_prepare(problem: Problem) -> list[Check]:
    """Return whatever `follow` may ask of lasting cases, so that the reference's answers can be ready."""
    values = checks_of(problem, Mode.SUBMIT, fresh_seed=None)
    cases = [check for check in values if check.is_value]
    reseeded = [one for check in cases for one in _reseeded(problem, check)]
    return [*_staged(problem, [*cases, *checkpoint_checks(problem)]), *reseeded]


def _telling_checks(problem: Problem, run: CheckedRun) -> list[Check]:
    """Choose a sample first, for of that more can be told; then the first hidden ones of each kind."""
    module = problem.manifest.module
    if module is None or not module.stages:
        return []
    values = [check for check in run.checks if check.is_value and not check.is_fresh]
    failing = [check for check in _failing(run) if not check.is_fresh]
    samples = [check for check in values if check.visibility is Visibility.SAMPLE]
    hidden = [check for check in failing if check.visibility is Visibility.HIDDEN]
    return _staged(
        problem,
        [
            *sorted(samples, key=lambda check: check not in failing)[:1],
            *[check for check in (*hidden, *checkpoint_checks(problem)) if check.hands_in_parameters][:1],
            *[check for check in hidden if check.is_value][:1],
        ],
    )


def _staged(problem: Problem, checks: Sequence[Check]) -> list[Check]:
    """Have random parameters handed in, where they are not anyway, and the stages recorded."""
    module = problem.manifest.module
    if module is None:
        return []
    stages = tuple(
        Stage(name=stage.name, path=stage.path, is_input=stage.side == "input") for stage in module.stages
    )
    drawn = ModuleUse(class_name=module.name, seed=_SEED, std=_STD)
    return [
        msgspec.structs.replace(
            check,
            visibility=Visibility.HIDDEN if check.call.is_hidden else check.visibility,
            call=Call(
                function=check.call.function,
                arguments=check.call.arguments,
                module=check.call.module if check.hands_in_parameters else drawn,
                is_hidden=True,
                stages=stages,
            ),
        )
        for check in checks
    ]


def _reseeded_checks(problem: Problem, run: CheckedRun) -> list[Check]:
    """Return the first failing case that has a seed, as it is and with another one."""
    for check in _failing(run):
        if check.is_value and (asked := _reseeded(problem, check)):
            return asked
    return []


def _reseeded(problem: Problem, check: Check) -> list[Check]:
    parameters = problem.manifest.entry.parameters
    case = next((case for case in problem.manifest.cases if case.name == check.name), None)
    if case is None:
        return []
    arguments = list(check.call.arguments)
    for place, name in enumerate(parameters):
        seed = arguments[place]
        if isinstance(case.arguments[name], Seed) and isinstance(seed, float):
            arguments[place] = seed + 1.0
    if arguments == list(check.call.arguments):
        return []
    other = msgspec.structs.replace(check.call, arguments=tuple(arguments))
    return [check, msgspec.structs.replace(check, call=other)]


def _failing(run: CheckedRun) -> list[Check]:
    return [
        check
        for check, found in zip(run.checks, run.case_results, strict=True)
        if found.outcome is not Outcome.PASSED and check.has_own_answer
    ]


def _divergence(
    problem: Problem, check: Check, call: CallResult, answer: ReferenceOutput
) -> Divergence | None:
    """Look where both have the same parameters, and yet give different answers; None elsewhere."""
    module = problem.manifest.module
    if module is None or call.raised is not None or call.parameters is None or answer.parameters is None:
        return None
    tolerance = problem.manifest.tolerance
    if not same_tree(call.parameters, answer.parameters):
        return None
    error = _answer_error(call, answer)
    # Within the tolerance, but still no rounding: so small may be what the mistake does here.
    if answers_agree(call, answer, tolerance) is not False and not _TRACE < error < math.inf:
        return None
    given, wanted = as_numbers(call.stages), as_numbers(answer.stages)
    if given is None or wanted is None:
        return None
    found = first_divergence(module.stages, given, wanted, tolerance, answer_error=error)
    if found is None or found.given is None:
        return found
    words = _likeness(problem, check, found, wanted)
    return msgspec.structs.replace(found, likeness=words)


def _answer_error(call: CallResult, answer: ReferenceOutput) -> float:
    """Return how far the worst of the answer's arrays is off, in units of its largest number."""
    given, wanted = numbers_of(call), numbers_of(answer)
    if not given or not wanted or given.keys() != wanted.keys():
        return math.inf
    pairs = [(given[name], right) for name, right in wanted.items()]
    if any(one.shape != right.shape for one, right in pairs):
        return math.inf
    return max(relative_error(one, right) for one, right in pairs)


def _likeness(problem: Problem, check: Check, found: Divergence, wanted: Mapping[str, Array]) -> str:
    """Say what the value at the first wrong stage is instead, in the numbers of the stages before it."""
    module = problem.manifest.module
    assert module is not None
    assert found.given is not None
    place = next(index for index, stage in enumerate(module.stages) if stage.name == found.first_wrong)
    stage = module.stages[place]
    if stage.attention is not None:
        arrays = [wanted.get(name) for name in msgspec.structs.astuple(stage.attention)[:3]]
        arguments = dict(zip(problem.manifest.entry.parameters, check.call.arguments, strict=True))
        heads = arguments[stage.attention.heads]
        if isinstance(heads, float | int) and (mistake := _in_attention(found.given, arrays, int(heads))):
            return f"As its numbers say, {mistake}."
    earlier = {one.name: wanted[one.name] for one in module.stages[:place] if one.name in wanted}
    words = likeness(found.given, wanted[stage.name], earlier)
    return f"Yours is {words} there." if words else ""


def _in_attention(given: Array, arrays: Sequence[Array | None], heads: int) -> str:
    queries, keys, values = arrays
    if queries is None or keys is None or values is None:
        return ""
    return mistake_in_attention(given, queries, keys, values, heads)


def _ignored_seed(problem: Problem, calls: Sequence[CallResult], expected: Sequence[ReferenceOutput]) -> str:
    tolerance = problem.manifest.tolerance
    if len(calls) != 2 or answers_agree(calls[1], calls[0], tolerance, 0.0) is not True:
        return ""
    if answers_agree(expected[1], expected[0], tolerance, _FAR) is not False or not says_much(calls[0]):
        return ""
    cases = problem.manifest.cases
    names = problem.manifest.entry.parameters
    return next(name for name in names if any(isinstance(case.arguments[name], Seed) for case in cases))


def says_much(answer: CallResult) -> bool:
    """Return whether the same answer twice is more than chance: a class or a rounded number may well be."""
    numbers = numbers_of(answer) or {}
    found = [array for array in numbers.values() if array.size]
    if any(not np.array_equal(array, np.rint(array)) for array in found):
        return True
    return bool(found) and weighs(found, [np.zeros(array.shape) for array in found])


def answers_agree(
    one: CallResult | ReferenceOutput,
    other: CallResult | ReferenceOutput,
    tolerance: Tolerance,
    times: float = 1.0,
) -> bool | None:
    """Return whether all arrays lie within so many times the tolerance; None where there are none."""
    if not one.arrays or not other.arrays:
        return None
    return distance(one.arrays, other.arrays, tolerance) <= times
