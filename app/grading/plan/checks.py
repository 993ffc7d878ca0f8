"""Everything one submission is asked, in order: its cases, the first ones again, its probes; each a call."""

from collections.abc import Sequence

import msgspec
import numpy as np

from app.core.generators import Argument, Key, expand_fresh, generate
from app.core.probes.probe import About, Probe
from app.core.problem import FRESH, Case, Problem
from app.core.verdict import Mode, Visibility
from app.grading.plan.repeats import cases_to_repeat, compared_cases
from app.grading.plan.unseen import with_other_values
from sandbox.arrays import Value, WireArray, WireKey, pack_array
from sandbox.interface import Call, CallMode, ModuleUse, ParameterDraw

REPEATED = "-again"
"""What the name of a case that is called a second time ends with."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is judged, as one `CaseResult`: a case, a case called again, or a probe."""

    name: str
    visibility: Visibility
    points: float
    call: Call
    is_fresh: bool = False
    repeats: str = ""
    """The name of the check whose call is made again."""
    group: str = ""
    """The declared case that this is, or repeats; a probe is a group of its own."""
    probe: Probe | None = None

    @property
    def kind(self) -> str:
        """`value`, `again`, or the probe's kind."""
        if self.probe is not None:
            return self.probe.kind
        return "again" if self.repeats else "value"

    @property
    def is_value(self) -> bool:
        """True for a case itself, not for one that is called again and not for a probe."""
        return self.probe is None and not self.repeats

    @property
    def about(self) -> About:
        """The part of its call that is judged."""
        return About.ANSWER if self.probe is None else self.probe.about

    @property
    def has_own_answer(self) -> bool:
        """True where it is about the entry's answer, and that was not asked for before."""
        return self.about is About.ANSWER and not self.repeats

    @property
    def passes_stubs(self) -> bool:
        """True where code that computes nothing can pass it."""
        return self.probe is not None and self.probe.passes_stubs

    @property
    def hands_in_parameters(self) -> bool:
        """True where the module computes with drawn parameters in place of its own."""
        return self.call.module is not None and self.call.module.std is not None


def checks_of(problem: Problem, mode: Mode, *, fresh_seed: int | None) -> tuple[Check, ...]:
    """Return the cases and probes that `mode` grades, those whose output is shown first."""
    lasting = {case.name for case in problem.manifest.cases}
    cases = problem.cases(mode, fresh_seed=fresh_seed)
    checks = [
        Check(
            name=case.name,
            visibility=case.visibility,
            points=case.points if case.name in lasting else 0.0,
            call=_call(problem, case, is_hidden=case.visibility is Visibility.HIDDEN),
            is_fresh=case.name not in lasting,
            group=case.name if case.name in lasting else case.name.rpartition(FRESH)[0],
        )
        for case in compared_cases(problem, cases)
    ]
    # Before the probes: what these hand in is traced into a solution that is one jitted program, and then
    # every plain call would compile it anew.
    checks += [_again(problem, case) for case in cases_to_repeat(problem, cases)]
    checks += [_probe_check(problem, probe) for probe in problem.probes(mode)]
    # What is shown of a sample must not be able to tell of a hidden case that came before it.
    return tuple(sorted(checks, key=lambda check: check.call.is_hidden))


def checkpoint_checks(problem: Problem) -> tuple[Check, ...]:
    """Return the probes about the answer with parameters handed in, whatever their visibility."""
    probes = [probe for probe in problem.manifest.probes if probe.about is About.ANSWER]
    checks = [_probe_check(problem, probe) for probe in probes]
    return tuple(check for check in checks if check.hands_in_parameters)


def redrawn_checks(problem: Problem, seed: int) -> tuple[Check, ...]:
    """Return every case and probe with other random arguments: the same shapes, none of the values.

    For what must not depend on the values (a pre-warmed jail), or has to hold for any (a proof).
    """
    cases = tuple(
        msgspec.structs.replace(case, arguments=expand_fresh(case.arguments, (seed, index)))
        for index, case in enumerate(problem.manifest.cases)
    )
    probes = tuple(probe.reseeded(seed + index) for index, probe in enumerate(problem.manifest.probes))
    manifest = msgspec.structs.replace(problem.manifest, cases=cases, probes=probes)
    checks = checks_of(msgspec.structs.replace(problem, manifest=manifest), Mode.SUBMIT, fresh_seed=None)
    return tuple(check for check in checks if not check.repeats)


def _probe_check(problem: Problem, probe: Probe) -> Check:
    case = problem.case_named(probe.case)
    is_hidden = Visibility.HIDDEN in (probe.visibility, case.visibility)
    use = _module_use(problem, probe)
    call = _call(problem, case, use, probe.call_mode, is_hidden=is_hidden)
    if probe.is_traced_first:
        arrays = tuple(place for place, value in enumerate(call.arguments) if isinstance(value, WireArray))
        call = msgspec.structs.replace(call, unseen=use.inputs if use else arrays)
        call = with_other_values(call, problem.reference)
    return Check(
        name=probe.name,
        visibility=probe.visibility,
        points=probe.points,
        call=call,
        probe=probe,
        group=probe.name,
    )


def _again(problem: Problem, case: Case) -> Check:
    return Check(
        name=f"{case.name}{REPEATED}",
        visibility=case.visibility,
        points=0.0,
        # It comes after hidden cases, so what it prints could tell of them.
        call=_call(problem, case, is_hidden=True),
        repeats=case.name,
        group=case.name,
    )


def _module_use(problem: Problem, probe: Probe) -> ModuleUse | None:
    module = problem.manifest.module
    look = probe.look(has_module=module is not None)
    if look is None:
        return None
    inputs = module.inputs if module else ()
    return ModuleUse(
        class_name=module.name if module else "",
        seed=look.seed,
        std=look.std,
        draws=tuple(
            ParameterDraw(path=pattern, mean=draw.mean, std=draw.std) for pattern, draw in look.draws.items()
        ),
        inputs=tuple(map(problem.manifest.entry.parameters.index, inputs)),
    )


def _call(
    problem: Problem,
    case: Case,
    module: ModuleUse | None = None,
    mode: str = CallMode.PLAIN,
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
    return tuple(map(_value, arguments))


def _value(argument: Argument) -> Value:
    if isinstance(argument, Key) and argument.style == "new":
        return WireKey(seed=argument.seed)
    made = generate(argument)
    return pack_array(made) if isinstance(made, np.ndarray) else made
