"""A problem proves itself: right solutions are accepted, wrong ones refused and named, by a clear margin."""

import fnmatch
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from app.core.outcome import Outcome
from app.core.probes.probe import About
from app.core.problem import Problem
from app.core.verdict import Mode
from app.errors import HostLacks, ReferenceFailed
from app.grading.compare.distance import Arrays, distance, spread
from app.grading.grader import Grader
from app.grading.plan.checks import Check, checks_of
from app.grading.plan.host_needs import require_host
from app.grading.prove.cold_runs import cold_times, run_reference
from app.grading.prove.first_look import look_first
from app.grading.prove.margin import (
    determinism_figure,
    double_figure,
    nearest_figure,
    noise_figure,
    second_input_figure,
    time_figure,
)
from app.grading.prove.mutants.mutants_figure import MOST, mutants_figure
from app.grading.prove.reasons import Fault, Reason
from app.grading.prove.redraws import redraw_figure
from app.grading.prove.reference_calls import (
    Conditions,
    differing,
    has_numbers,
    reseeded_checks,
    run_conditions,
)
from app.grading.prove.results import Figure, ProofResult, Role, SolutionResult
from app.grading.prove.solutions import FRESH_SEED, Solutions, does_not_run, without
from app.grading.prove.trivial_answers import trivial_results
from app.grading.prove.turns import Turns, take_turns
from app.grading.reference.outputs import ReferenceOutput
from sandbox.arrays import unpack_array
from sandbox.interface import CallMode, RunResult


async def prove(
    problem: Problem, grader: Grader, *, timed: bool = True, at_once: int = 1, mutants: int = MOST
) -> AsyncIterator[ProofResult]:
    """Run everything that the package holds; yield each result as soon as it and those before it are known.

    Without `timed` nothing is run from nothing, and the proof says nothing of the problem's limits. With
    `at_once`, so many runs go on side by side; what is measured of time never has another beside it.
    `mutants` is how many of those are run, 0 for none.
    Where this host lacks what the problem needs, or the reference gives no usable answers, gives others the
    next time, or is refused, that is the last result.

    Raises:
        SandboxError: the jail broke.
    """
    try:
        require_host(problem)
    except HostLacks as error:
        yield _unusable(Fault(reason=Reason.HOST_LACKS, message=error.message))
        return
    yield second_input_figure(problem)
    checks = checks_of(problem, Mode.SUBMIT, fresh_seed=FRESH_SEED)
    look = await look_first(problem, grader, checks)
    if look.fault is not None:
        yield _unusable(look.fault)
        return
    repeats = determinism_figure(differing(checks, *look.runs))
    if repeats.faults:
        yield repeats
        return
    try:
        answers = await grader.answers.of_reference(problem, checks)
    except ReferenceFailed as error:
        yield _unusable(Fault(reason=Reason.REFERENCE_FAILS, message=error.message))
        return
    if faults := tuple(_answer_faults(checks, answers)):
        yield _unusable(*faults)
        return
    async with take_turns(at_once) as turns:
        async for result in _prove(problem, grader, checks, _arrays(checks, answers), turns):
            yield result
            if result.faults and isinstance(result, SolutionResult) and result.role is Role.REFERENCE:
                # What is wrong with it is wrong with every other solution, and said once.
                return
    if mutants:
        yield await mutants_figure(problem, grader, at_once=at_once, most=mutants)
    if not timed:
        yield repeats
        return
    async for figure in _run_figures(problem, grader, checks, look.runs[-1]):
        yield figure


async def _prove(
    problem: Problem,
    grader: Grader,
    checks: tuple[Check, ...],
    expected: Mapping[str, Arrays],
    turns: Turns,
) -> AsyncIterator[ProofResult]:
    everything = Solutions(problem, grader, checks, expected)
    asked_wrong = turns.start(partial(everything.answers_of, problem.variants, fresh=True))
    asked_right = turns.start(partial(everything.answers_of, problem.also_right))
    asked_conditions = turns.start(
        partial(run_conditions, problem, grader.answers, checks, reseeded_checks(problem))
    )
    wrong = await asked_wrong
    broken = [name for name, answers in wrong.items() if isinstance(answers, str)]
    # A variant that does not run would keep every refused solution from being explained.
    solutions = Solutions(without(problem, broken), grader, checks, expected)
    right = await asked_right
    graded_reference = turns.start(solutions.of_reference)
    graded_right = [
        turns.start(partial(solutions.of_also_right, name, () if isinstance(answers, str) else answers))
        for name, answers in right.items()
    ]
    graded_wrong = {
        name: turns.start(partial(solutions.of_variant, name, answers))
        for name, answers in wrong.items()
        if not isinstance(answers, str)
    }
    graded_starter = turns.start(solutions.of_starter)
    yield await graded_reference
    for graded in graded_right:
        yield await graded
    if accepted := await graded_starter:
        yield accepted
    variants: list[SolutionResult] = []
    for name, answers in wrong.items():
        if isinstance(answers, str):
            yield does_not_run(name, problem.manifest.variants[name], answers)
        else:
            variants.append(await graded_wrong[name])
            yield variants[-1]
    conditions = await asked_conditions
    compared = [check for check in checks if has_numbers(check) and check.name in expected]
    lasting_compared = [check for check in compared if not check.is_fresh]
    for result in trivial_results(lasting_compared, expected, conditions, problem.manifest.tolerance):
        yield result
    for figure in _precision_figures(problem, compared, expected, conditions):
        yield figure
    declared = {name: variant.fails for name, variant in problem.manifest.variants.items()}
    if nearest := nearest_figure(variants, declared):
        yield nearest
    if redraws := await redraw_figure(problem, grader.answers, variants, declared):
        yield redraws


def _unusable(*faults: Fault) -> SolutionResult:
    return SolutionResult(
        role=Role.REFERENCE,
        id="reference",
        expected=Outcome.ACCEPTED,
        outcome=Outcome.ERROR,
        faults=faults,
    )


def _answer_faults(checks: Sequence[Check], answers: Sequence[ReferenceOutput]) -> Iterator[Fault]:
    for check, answer in zip(checks, answers, strict=True):
        looks_inside = check.call.module is not None and check.call.module.class_name != ""
        if looks_inside and not answer.parameters:
            message = f"the reference never builds the module that {check.name} looks into"
            yield Fault(reason=Reason.MODULE_NEVER_BUILT, message=message)
        if unused := _unused_draws(check, answer):
            message = f"no parameter of the reference is at {', '.join(unused)}, which {check.name} draws"
            yield Fault(reason=Reason.DRAW_MATCHES_NOTHING, message=message)
    broken = [
        name
        for name, arrays in _arrays(checks, answers).items()
        if not all(np.isfinite(unpack_array(array)).all() for array in arrays.values())
    ]
    if broken:
        message = f"the reference's answer to {', '.join(broken)} is not finite"
        yield Fault(reason=Reason.NOT_FINITE, message=message)


def _unused_draws(check: Check, answer: ReferenceOutput) -> list[str]:
    """Return the patterns of a probe's `draws` that no parameter of the reference fits."""
    patterns = [draw.path for draw in check.call.module.draws] if check.call.module else []
    paths = [parameter.path for parameter in answer.parameters or ()]
    return [pattern for pattern in patterns if not fnmatch.filter(paths, pattern)]


def _arrays(checks: Sequence[Check], answers: Sequence[ReferenceOutput]) -> dict[str, Arrays]:
    pairs = zip(checks, answers, strict=True)
    return {
        check.name: arrays
        for check, answer in pairs
        if check.about is not About.PARAMETERS and (arrays := answer.arrays)
    }


def _precision_figures(
    problem: Problem,
    checks: Sequence[Check],
    expected: Mapping[str, Arrays],
    conditions: Conditions,
) -> Iterator[Figure]:
    if conditions.untraced:
        message = f"the reference cannot be run in other precisions: {conditions.untraced}"
        fault = Fault(reason=Reason.CANNOT_BE_TRACED, message=message)
        yield Figure(id="traced", text="not all of the reference can be traced", faults=(fault,))
    tolerance = problem.manifest.tolerance
    doubles = conditions.by_mode[CallMode.DOUBLE]
    measured = [check.name for check in checks if check.name in doubles]
    yield double_figure({name: distance(doubles[name], expected[name], tolerance) for name in measured})
    modes = [conditions.by_mode[mode] for mode in (CallMode.JIT, CallMode.UNOPTIMISED)]
    noise = {
        check.name: spread([mode[check.name] for mode in modes], expected[check.name], tolerance)
        for check in checks
        if all(check.name in mode for mode in modes)
    }
    yield noise_figure(noise)


async def _run_figures(
    problem: Problem, grader: Grader, checks: tuple[Check, ...], warm: RunResult
) -> AsyncIterator[Figure]:
    """Run right solutions from nothing: how long they take, and whether the reference repeats itself."""
    reference = await run_reference(problem, grader, checks, warm=warm)
    try:
        yield determinism_figure(differing(checks, reference.cold, reference.warm))
        taken = await cold_times(problem, grader, checks, reference)
    finally:
        grader.answers.forget_programs(reference.programs)
    yield time_figure(taken, problem.manifest.limits)
