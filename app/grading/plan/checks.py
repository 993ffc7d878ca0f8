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
from sandbox.interface import Call, ModuleUse, Way

REPEATED = "-again"
"""What the name of a case that is called a second time ends with."""
_TRANSFORMED_SEED = 20_251
_TRANSFORMED_STD = 0.3
"""Parameters are handed in under transformations too, so that their creation order does not matter."""


class ItemKind(enum.StrEnum):
    """What of a call is judged."""

    VALUE = "value"
    PARAMETERS = "parameters"
    CHECKPOINT = "checkpoint"
    GRADIENT = "gradient"
    TRANSFORMS = "transforms"
    DETERMINISM = "determinism"
    ACCURACY = "accuracy"
    AGAIN = "again"


class GradedItem(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a verdict, before it has an outcome."""

    name: str
    kind: ItemKind
    visibility: Visibility
    points: float
    call: Call
    is_fresh: bool = False
    repeats: str = ""
    """Of kind `AGAIN`: the name of the item whose call is made again."""
    accuracy: AccuracyProbe | None = None
    """Of kind `ACCURACY`: what is asked for."""


def items_of(problem: Problem, mode: Mode, *, fresh_seed: int | None) -> tuple[GradedItem, ...]:
    """The cases and probes that `mode` grades, those whose output is shown first."""
    lasting = {case.name for case in problem.manifest.cases}
    cases = problem.cases(mode, fresh_seed=fresh_seed)
    items = [
        GradedItem(
            name=case.name,
            kind=ItemKind.VALUE,
            visibility=case.visibility,
            points=case.points,
            call=_call(problem, case, is_quiet=case.visibility is Visibility.HIDDEN),
            is_fresh=case.name not in lasting,
        )
        for case in compared_cases(problem, cases)
    ]
    # Before the probes: what these hand in is traced into a solution that is one jitted program, and then
    # every plain call would compile it anew.
    items += [_again(problem, case) for case in cases_to_repeat(problem, cases)]
    items += [_probe_item(problem, probe) for probe in problem.probes(mode)]
    # What is shown of a sample item must not be able to tell of a hidden one that came before it.
    return tuple(sorted(items, key=lambda item: item.call.is_quiet))


def checkpoint_items(problem: Problem) -> tuple[GradedItem, ...]:
    """The checkpoint probes, whatever their visibility."""
    probes = [probe for probe in problem.manifest.probes if isinstance(probe, CheckpointProbe)]
    return tuple(_probe_item(problem, probe) for probe in probes)


def practice_items(problem: Problem, seed: int) -> tuple[GradedItem, ...]:
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
    items = items_of(msgspec.structs.replace(problem, manifest=manifest), Mode.SUBMIT, fresh_seed=None)
    return tuple(item for item in items if item.kind is not ItemKind.AGAIN)


def _probe_item(problem: Problem, probe: Probe) -> GradedItem:
    module, case = problem.manifest.module, problem.case_named(probe.case)
    kind, way, use = _look(module, _input_places(problem), probe)
    return GradedItem(
        name=probe.name,
        kind=kind,
        visibility=probe.visibility,
        points=probe.points,
        call=_call(
            problem,
            case,
            use,
            way,
            is_quiet=Visibility.HIDDEN in (probe.visibility, case.visibility),
        ),
        accuracy=probe if isinstance(probe, AccuracyProbe) else None,
    )


def _look(
    module: ModuleClass | None, inputs: tuple[int, ...], probe: Probe
) -> tuple[ItemKind, Way, ModuleUse | None]:
    """What a probe judges, how its call is made, and what is done with the module."""
    name = module.name if module else ""
    match probe:
        case ParametersProbe():
            return ItemKind.PARAMETERS, Way.PLAIN, ModuleUse(class_name=name)
        case CheckpointProbe():
            return ItemKind.CHECKPOINT, Way.PLAIN, ModuleUse(class_name=name, seed=probe.seed, std=probe.std)
        case GradientProbe():
            std = probe.std if module else None
            use = ModuleUse(class_name=name, seed=probe.seed, std=std, inputs=inputs)
            return ItemKind.GRADIENT, Way.GRADIENT, use
        case TransformsProbe() if module:
            use = ModuleUse(class_name=name, seed=_TRANSFORMED_SEED, std=_TRANSFORMED_STD, inputs=inputs)
            return ItemKind.TRANSFORMS, Way.TRANSFORMS, use
        case TransformsProbe():
            return ItemKind.TRANSFORMS, Way.TRANSFORMS, None
        case DeterminismProbe():
            return ItemKind.DETERMINISM, Way.TWICE, None
        case AccuracyProbe():
            return ItemKind.ACCURACY, Way.PLAIN, None


def _again(problem: Problem, case: Case) -> GradedItem:
    return GradedItem(
        name=f"{case.name}{REPEATED}",
        kind=ItemKind.AGAIN,
        visibility=case.visibility,
        points=0.0,
        # It comes after hidden cases, so what it prints could tell of them.
        call=_call(problem, case, is_quiet=True),
        repeats=case.name,
    )


def _input_places(problem: Problem) -> tuple[int, ...]:
    module = problem.manifest.module
    return tuple(map(problem.manifest.entry.parameters.index, module.inputs if module else ()))


def _call(
    problem: Problem, case: Case, module: ModuleUse | None = None, way: Way = Way.PLAIN, *, is_quiet: bool
) -> Call:
    entry = problem.manifest.entry
    return Call(
        function=entry.function,
        arguments=_values([case.arguments[name] for name in entry.parameters]),
        module=module,
        is_quiet=is_quiet,
        way=way,
    )


def _values(arguments: Sequence[Argument]) -> tuple[Value, ...]:
    made = [generate(argument) for argument in arguments]
    return tuple(pack_array(value) if isinstance(value, np.ndarray) else value for value in made)
