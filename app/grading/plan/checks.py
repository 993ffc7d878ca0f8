"""Everything one submission is asked, in order: its cases, the first ones again, its probes; each a call."""

import enum
from collections.abc import Sequence

import msgspec
import numpy as np

from app.core.generators import Argument, expand_fresh, generate
from app.core.problem import (
    AccuracyProbe,
    Case,
    CheckpointProbe,
    DeterminismProbe,
    GradientProbe,
    ModuleClass,
    ParametersProbe,
    Probe,
    Problem,
    TransformsProbe,
)
from app.core.verdict import Mode, Visibility
from app.grading.plan.repeats import cases_to_repeat, compared_cases
from sandbox.arrays import Value, pack_array
from sandbox.interface import Call, CallMode, ModuleUse

REPEATED = "-again"
"""What the name of a case that is called a second time ends with."""
_TRANSFORMED_SEED = 20_251
_TRANSFORMED_STD = 0.3
"""Parameters are handed in under transformations too, so that their creation order does not matter."""


class CheckKind(enum.StrEnum):
    """What of a call is judged."""

    VALUE = "value"
    PARAMETERS = "parameters"
    CHECKPOINT = "checkpoint"
    GRADIENT = "gradient"
    TRANSFORMS = "transforms"
    DETERMINISM = "determinism"
    ACCURACY = "accuracy"
    AGAIN = "again"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a verdict, before it has an outcome."""

    name: str
    kind: CheckKind
    visibility: Visibility
    points: float
    call: Call
    is_fresh: bool = False
    repeats: str = ""
    """Of kind `AGAIN`: the name of the item whose call is made again."""
    accuracy: AccuracyProbe | None = None
    """Of kind `ACCURACY`: what is asked for."""


def checks_of(problem: Problem, mode: Mode, *, fresh_seed: int | None) -> tuple[Check, ...]:
    """The cases and probes that `mode` grades, those whose output is shown first."""
    lasting = {case.name for case in problem.manifest.cases}
    cases = problem.cases(mode, fresh_seed=fresh_seed)
    checks = [
        Check(
            name=case.name,
            kind=CheckKind.VALUE,
            visibility=case.visibility,
            points=case.points,
            call=_call(problem, case, is_hidden=case.visibility is Visibility.HIDDEN),
            is_fresh=case.name not in lasting,
        )
        for case in compared_cases(problem, cases)
    ]
    # Before the probes: what these hand in is traced into a solution that is one jitted program, and then
    # every plain call would compile it anew.
    checks += [_again(problem, case) for case in cases_to_repeat(problem, cases)]
    checks += [_probe_check(problem, probe) for probe in problem.probes(mode)]
    # What is shown of a sample item must not be able to tell of a hidden one that came before it.
    return tuple(sorted(checks, key=lambda check: check.call.is_hidden))


def checkpoint_checks(problem: Problem) -> tuple[Check, ...]:
    """The checkpoint probes, whatever their visibility."""
    probes = [probe for probe in problem.manifest.probes if isinstance(probe, CheckpointProbe)]
    return tuple(_probe_check(problem, probe) for probe in probes)


def prewarm_checks(problem: Problem, seed: int) -> tuple[Check, ...]:
    """Every case and probe with other random arguments: the same shapes, none of the values."""
    cases = tuple(
        msgspec.structs.replace(case, arguments=expand_fresh(case.arguments, (seed, index)))
        for index, case in enumerate(problem.manifest.cases)
    )
    probes = tuple(
        msgspec.structs.replace(probe, seed=seed + index)
        if isinstance(probe, CheckpointProbe | GradientProbe)
        else probe
        for index, probe in enumerate(problem.manifest.probes)
    )
    manifest = msgspec.structs.replace(problem.manifest, cases=cases, probes=probes)
    checks = checks_of(msgspec.structs.replace(problem, manifest=manifest), Mode.SUBMIT, fresh_seed=None)
    return tuple(check for check in checks if check.kind is not CheckKind.AGAIN)


def _probe_check(problem: Problem, probe: Probe) -> Check:
    module, case = problem.manifest.module, problem.case_named(probe.case)
    kind, mode, use = _look(module, _input_places(problem), probe)
    return Check(
        name=probe.name,
        kind=kind,
        visibility=probe.visibility,
        points=probe.points,
        call=_call(
            problem,
            case,
            use,
            mode,
            is_hidden=Visibility.HIDDEN in (probe.visibility, case.visibility),
        ),
        accuracy=probe if isinstance(probe, AccuracyProbe) else None,
    )


def _look(
    module: ModuleClass | None, inputs: tuple[int, ...], probe: Probe
) -> tuple[CheckKind, CallMode, ModuleUse | None]:
    """What a probe judges, how its call is made, and what is done with the module."""
    name = module.name if module else ""
    match probe:
        case ParametersProbe():
            return CheckKind.PARAMETERS, CallMode.PLAIN, ModuleUse(class_name=name)
        case CheckpointProbe():
            return (
                CheckKind.CHECKPOINT,
                CallMode.PLAIN,
                ModuleUse(class_name=name, seed=probe.seed, std=probe.std),
            )
        case GradientProbe():
            std = probe.std if module else None
            use = ModuleUse(class_name=name, seed=probe.seed, std=std, inputs=inputs)
            return CheckKind.GRADIENT, CallMode.GRADIENT, use
        case TransformsProbe() if module:
            use = ModuleUse(class_name=name, seed=_TRANSFORMED_SEED, std=_TRANSFORMED_STD, inputs=inputs)
            return CheckKind.TRANSFORMS, CallMode.TRANSFORMS, use
        case TransformsProbe():
            return CheckKind.TRANSFORMS, CallMode.TRANSFORMS, None
        case DeterminismProbe():
            return CheckKind.DETERMINISM, CallMode.TWICE, None
        case AccuracyProbe():
            return CheckKind.ACCURACY, CallMode.PLAIN, None


def _again(problem: Problem, case: Case) -> Check:
    return Check(
        name=f"{case.name}{REPEATED}",
        kind=CheckKind.AGAIN,
        visibility=case.visibility,
        points=0.0,
        # It comes after hidden cases, so what it prints could tell of them.
        call=_call(problem, case, is_hidden=True),
        repeats=case.name,
    )


def _input_places(problem: Problem) -> tuple[int, ...]:
    module = problem.manifest.module
    return tuple(map(problem.manifest.entry.parameters.index, module.inputs if module else ()))


def _call(
    problem: Problem,
    case: Case,
    module: ModuleUse | None = None,
    mode: CallMode = CallMode.PLAIN,
    *,
    is_hidden: bool,
) -> Call:
    entry = problem.manifest.entry
    return Call(
        function=entry.function,
        arguments=_values([case.arguments[name] for name in entry.parameters]),
        module=module,
        is_hidden=is_hidden,
        mode=mode,
    )


def _values(arguments: Sequence[Argument]) -> tuple[Value, ...]:
    made = [generate(argument) for argument in arguments]
    return tuple(pack_array(value) if isinstance(value, np.ndarray) else value for value in made)
