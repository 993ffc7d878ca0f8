"""What the cases' inputs must be, and others like them, without running anything."""

from collections.abc import Mapping

import msgspec

from app.core.generators import Argument, Seed, expand_fresh
from app.core.problem import CheckpointProbe, Problem
from app.core.verdict import Mode
from app.grading.plan.checks import Check, checks_of
from app.grading.plan.repeats import shapes_without_a_second_input
from app.grading.prove.reasons import Fault, Reason
from app.grading.prove.results import Figure

_OTHER_SEEDS = 7_919
"""Added to every seed, for answers of another one."""


def second_input_figure(problem: Problem) -> Figure:
    """Whether every shape is graded with two inputs at least."""
    alone = shapes_without_a_second_input(problem)
    faults: tuple[Fault, ...] = ()
    if alone:
        message = f"nothing else has the shapes of {', '.join(alone)}, so a cached answer would pass"
        faults = (Fault(reason=Reason.NO_SECOND_INPUT, message=message),)
    text = f"inputs: {', '.join(alone)} alone of its shapes" if alone else "inputs: two or more of each shape"
    return Figure(id="second_inputs", text=text, value=float(len(alone)), bound=0.0, faults=faults)


def reseeded_checks(problem: Problem) -> dict[str, Check]:
    """By name, each case and checkpoint with another seed; those without anything drawn are left out.

    Where a case has a seed argument, that alone changes; else its random arrays do. A checkpoint is handed
    other parameters.
    """
    cases = tuple(
        msgspec.structs.replace(case, arguments=_reseeded(case.arguments, index))
        for index, case in enumerate(problem.manifest.cases)
    )
    probes = tuple(
        msgspec.structs.replace(probe, seed=probe.seed + _OTHER_SEEDS)
        if isinstance(probe, CheckpointProbe)
        else probe
        for probe in problem.manifest.probes
    )
    manifest = msgspec.structs.replace(problem.manifest, cases=cases, probes=probes)
    changed = msgspec.structs.replace(problem, manifest=manifest)
    was = {check.name: check for check in checks_of(problem, Mode.SUBMIT, fresh_seed=None)}
    now = checks_of(changed, Mode.SUBMIT, fresh_seed=None)
    return {check.name: check for check in now if check.call != was[check.name].call}


def _reseeded(arguments: Mapping[str, Argument], index: int) -> dict[str, Argument]:
    if not any(isinstance(argument, Seed) for argument in arguments.values()):
        return expand_fresh(arguments, (_OTHER_SEEDS, index))
    return {
        name: msgspec.structs.replace(argument, seed=argument.seed + _OTHER_SEEDS)
        if isinstance(argument, Seed)
        else argument
        for name, argument in arguments.items()
    }
