"""Everything one submission is asked, in order: its cases, then its probes, each as a call."""

import enum
from collections.abc import Sequence

import msgspec
import numpy as np

from app.core.generators import Argument, expand_fresh, generate
from app.core.problem import Case, CheckpointProbe, Probe, Problem
from app.core.verdict import Mode, Visibility
from sandbox.arrays import Value, pack_array
from sandbox.interface import Call, ModuleUse


class ItemKind(enum.StrEnum):
    """What of a call is judged."""

    VALUE = "value"
    PARAMETERS = "parameters"
    CHECKPOINT = "checkpoint"


class GradedItem(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a verdict, before it has an outcome."""

    name: str
    kind: ItemKind
    visibility: Visibility
    points: float
    call: Call
    is_fresh: bool = False


def items_of(problem: Problem, mode: Mode, *, fresh_seed: int | None) -> tuple[GradedItem, ...]:
    """The cases and probes that `mode` grades, those whose output is shown first."""
    lasting = {case.name for case in problem.manifest.cases}
    items = [
        GradedItem(
            name=case.name,
            kind=ItemKind.VALUE,
            visibility=case.visibility,
            points=case.points,
            call=_call(problem, case, is_quiet=case.visibility is Visibility.HIDDEN),
            is_fresh=case.name not in lasting,
        )
        for case in problem.cases(mode, fresh_seed=fresh_seed)
    ]
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
        msgspec.structs.replace(probe, seed=seed + index) if isinstance(probe, CheckpointProbe) else probe
        for index, probe in enumerate(problem.manifest.probes)
    )
    manifest = msgspec.structs.replace(problem.manifest, cases=cases, probes=probes)
    return items_of(msgspec.structs.replace(problem, manifest=manifest), Mode.SUBMIT, fresh_seed=None)


def _probe_item(problem: Problem, probe: Probe) -> GradedItem:
    assert problem.manifest.module is not None  # Checked when the manifest was read.
    name = problem.manifest.module.name
    kind, use = ItemKind.PARAMETERS, ModuleUse(class_name=name)
    if isinstance(probe, CheckpointProbe):
        kind, use = ItemKind.CHECKPOINT, ModuleUse(class_name=name, seed=probe.seed, std=probe.std)
    return GradedItem(
        name=probe.name,
        kind=kind,
        visibility=probe.visibility,
        points=probe.points,
        call=_call(
            problem,
            problem.case_named(probe.case),
            use,
            is_quiet=Visibility.HIDDEN in (probe.visibility, problem.case_named(probe.case).visibility),
        ),
    )


def _call(problem: Problem, case: Case, module: ModuleUse | None = None, *, is_quiet: bool) -> Call:
    entry = problem.manifest.entry
    return Call(
        function=entry.function,
        arguments=_values([case.arguments[name] for name in entry.parameters]),
        module=module,
        is_quiet=is_quiet,
    )


def _values(arguments: Sequence[Argument]) -> tuple[Value, ...]:
    made = [generate(argument) for argument in arguments]
    return tuple(pack_array(value) if isinstance(value, np.ndarray) else value for value in made)
