"""With the same parameters every answer is right, and only their first values are others: by which cause?

The reference's random keys are handed in, parameter by parameter. Where that makes every answer right, the
keys are the cause, and the record of how they were drawn says what is otherwise: their order, which is an
outcome of its own, or one more, one less, one twice, another stream. Where it does not, a parameter that
starts from the right key with other values has another initialiser. What neither shows is not said.
"""

import math
from collections.abc import Sequence

import msgspec

from app.core.generators import Seed
from app.core.outcome import Outcome
from app.core.probes.probe import About
from app.core.problem import ModuleClass, Problem
from app.core.verdict import CaseResult, Diagnosis, DiagnosisKind, Mode, Visibility
from app.grading.compare.arrays import outputs_match
from app.grading.diagnose.drawn_keys import ORDER, other_keys
from app.grading.diagnose.stages import RunOnce
from app.grading.phrases import names_words
from app.grading.plan.checks import Check, checks_of
from app.grading.plan.request import limits_for, plan_calls, request_for
from app.grading.reference.outputs import ReferenceOutput, ReferenceOutputs
from app.grading.run.run_checks import CheckedRun
from sandbox.interface import Call, CallMode, CallResult, DrawnKey, ModuleUse, Parameter

_SEED = 7_919
_STD = 0.3
"""What parameters are drawn from, to see that they are all that differs."""
_MOST = 8
"""Of failing checks that are asked again."""
_SAME = 1e-5
"""How closely mean and spread agree, in units of the spread, where every number is the same."""
_SHOWN = 3
_SEEN = 0.25
"""From so much on one spread is another, whatever was drawn."""

_ORDER = (
    "Every answer agrees once the task's random keys are handed in: you create parameters in another order."
)
_FIRST_VALUES = (
    "With the same parameters handed in every answer agrees. Without them the same seed gives your "
    "parameters other first values than the task's: it creates them in the order that it lists, each by its "
    "layer's own initialiser, from one `nnx.Rngs` of the seed."
)


class FirstValues(msgspec.Struct, frozen=True, kw_only=True):
    """Only first values differ. `diagnosis` says why, as far as that is sure.

    `ignored_seed` is the parameter that seeds are passed in, where the keys are the same for every seed.
    """

    diagnosis: Diagnosis
    ignored_seed: str = ""

    @property
    def is_order(self) -> bool:
        """Whether the order of creation is all that differs."""
        return self.diagnosis.kind is DiagnosisKind.CREATION_ORDER


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A failing case, and what its call gave with keys handed in, beside the reference's."""

    check: Check
    call: CallResult
    expected: ReferenceOutput


def is_creation_order(run: CheckedRun) -> bool:
    """Return whether it may be one: only answers without handed-in parameters are wrong."""
    wrong = [
        check
        for check, found in zip(run.checks, run.case_results, strict=True)
        if found.outcome is not Outcome.PASSED
    ]
    return (
        bool(wrong)
        and any(check.about is About.PARAMETERS for check in run.checks)
        and any(check.has_own_answer and check.hands_in_parameters for check in run.checks)
        and all(_depends_on_first_values(check) for check in wrong)
        and all(found.outcome in (Outcome.PASSED, Outcome.WRONG_VALUE) for found in run.case_results)
    )


async def look_at_first_values(
    problem: Problem, code: str, run: CheckedRun, answers: ReferenceOutputs, run_once: RunOnce
) -> FirstValues | None:
    """Run `code` once more on what it failed, with keys and with parameters handed in.

    None where that does not make all of it right, or did not come to its end.

    Raises:
        ReferenceFailed: the reference failed where it is asked the same.
        SandboxError: the jail broke.
    """
    failing = _failing_values(run)
    module = problem.manifest.module
    if not failing or module is None:
        return None
    recorded = [_recorded(check, module) for check in failing]
    keyed = await answers.of_reference(problem, recorded)
    asked = [_handing_in(check, answer) for check, answer in zip(recorded, keyed, strict=True)]
    parametrised = [_parametrised(check, module) for check in failing]
    right = await answers.of_reference(problem, parametrised)
    checks = [*asked, *parametrised]
    result = await run_once(request_for(problem, code, checks), limits=limits_for(problem))
    calls = plan_calls(checks).by_check(result.calls)
    if len(calls) < len(checks) or not _agree(problem, calls[len(asked) :], right):
        return None
    looks = [
        _Asked(check=check, call=call, expected=answer)
        for check, call, answer in zip(failing, calls, keyed, strict=False)
    ]
    if all(_keys(look.call.drawn_keys) == _keys(look.expected.drawn_keys) for look in looks) and _agree(
        problem, calls, keyed
    ):
        return None  # Made of the same keys, and right this time: no first values explain that.
    return FirstValues(diagnosis=_diagnosis(problem, looks), ignored_seed=_ignored_seed(problem, looks))


def checks_of_first_values(problem: Problem) -> list[Check]:
    """Return whatever a look may ask of lasting cases, so that the reference's answers can be ready."""
    module = problem.manifest.module
    if module is None:
        return []
    lasting = [check for check in checks_of(problem, Mode.SUBMIT, fresh_seed=None) if check.is_value]
    return [one for check in lasting for one in (_recorded(check, module), _parametrised(check, module))]


def as_creation_order(case_results: Sequence[CaseResult]) -> tuple[CaseResult, ...]:
    """Return the results, those with wrong values under their other name."""
    return tuple(
        msgspec.structs.replace(found, outcome=Outcome.CREATION_ORDER)
        if found.outcome is Outcome.WRONG_VALUE
        else found
        for found in case_results
    )


def _depends_on_first_values(check: Check) -> bool:
    """Say whether first values can fail it: they only change what a call answers, the first time."""
    is_about_values = check.about in (About.ANSWER, About.DERIVED) and not check.repeats
    return is_about_values and not check.hands_in_parameters


def _failing_values(run: CheckedRun) -> list[Check]:
    """Return samples first: what is told of how they were built cannot tell of a hidden case."""
    failing = [
        check
        for check, found in zip(run.checks, run.case_results, strict=True)
        if found.outcome is not Outcome.PASSED and check.has_own_answer and check.is_value
    ]
    return sorted(failing, key=lambda check: check.visibility is Visibility.HIDDEN)[:_MOST]


def _recorded(check: Check, module: ModuleClass) -> Check:
    return _with_module(check, "keys", ModuleUse(class_name=module.name))


def _parametrised(check: Check, module: ModuleClass) -> Check:
    use = ModuleUse(class_name=module.name, seed=_SEED, std=_STD)
    return _with_module(check, "parameters", use, CallMode.PLAIN)


def _with_module(check: Check, name: str, use: ModuleUse, mode: str = "first_keys") -> Check:
    call = Call(
        function=check.call.function,
        arguments=check.call.arguments,
        module=use,
        is_hidden=True,
        mode=mode,
    )
    return msgspec.structs.replace(check, name=f"{check.name}-{name}", call=call)


def _keys(draws: Sequence[DrawnKey] | None) -> dict[str, str]:
    return {draw.path: draw.key for draw in draws or () if draw.path}


def _handing_in(check: Check, answer: ReferenceOutput) -> Check:
    assert check.call.module is not None
    use = msgspec.structs.replace(check.call.module, keys=_keys(answer.drawn_keys))
    return msgspec.structs.replace(check, call=msgspec.structs.replace(check.call, module=use))


def _agree(problem: Problem, calls: Sequence[CallResult], expected: Sequence[ReferenceOutput]) -> bool:
    tolerance = problem.manifest.tolerance
    return all(
        outputs_match(call.arrays, answer.arrays, tolerance)
        for call, answer in zip(calls, expected, strict=False)
    )


def _diagnosis(problem: Problem, looks: Sequence[_Asked]) -> Diagnosis:
    look = looks[0]
    given, wanted = look.call.drawn_keys, look.expected.drawn_keys
    is_public = look.check.visibility is Visibility.SAMPLE
    if _agree(problem, [one.call for one in looks], [one.expected for one in looks]):
        if given is not None and wanted is not None:
            cause = other_keys(given, wanted)
            kind = DiagnosisKind.CREATION_ORDER if cause.id == ORDER else DiagnosisKind.PARAMETERS
            if is_public:
                return Diagnosis(kind=kind, id=cause.id, message=cause.message, line=cause.line)
            if cause.id == ORDER:
                return Diagnosis(kind=kind, id=cause.id, message=_ORDER)
    elif (
        is_public
        and given is not None
        and (message := other_initialiser(given, look.call.parameters or (), look.expected.parameters or ()))
    ):
        return Diagnosis(kind=DiagnosisKind.PARAMETERS, id="other_initialiser", message=message)
    return Diagnosis(kind=DiagnosisKind.PARAMETERS, id="first_values", message=_FIRST_VALUES)


def other_initialiser(
    keys: Sequence[DrawnKey], given: Sequence[Parameter], wanted: Sequence[Parameter]
) -> str:
    """Name the parameters that the right keys were handed in for, and that have other values all the same."""
    made_of_keys = {draw.path for draw in keys if draw.path}
    right = {one.path: one for one in wanted if one.path in made_of_keys}
    differing = [
        (one, right[one.path])
        for one in given
        if one.path in right and _starts_otherwise(one, right[one.path])
    ]
    if not differing:
        return ""
    names = names_words([one.path for one, _ in differing], shown=_SHOWN)
    several = len(differing) > 1
    drawn, asked = max(differing, key=lambda pair: _apart(*pair))
    figures = (
        f"Of `{drawn.path}` the spread is {drawn.std:.3g} and the mean {drawn.mean:.2g}; the task's "
        f"initialiser gives {asked.std:.3g} and {asked.mean:.2g}."
    )
    if _apart(drawn, asked) < _SEEN:
        figures += (
            " That is much the same, so it is the distribution that differs, as a uniform one does from a "
            "normal one."
        )
    return (
        f"{names} {'start' if several else 'starts'} from the task's random key{'s' if several else ''}, and "
        f"yet with other values: another initialiser draws them. {figures}"
    )


def _apart(given: Parameter, wanted: Parameter) -> float:
    """Return by how much the wider spread is more than the other."""
    narrow, wide = sorted((given.std, wanted.std))
    return wide / narrow - 1 if narrow > 0 else math.inf if wide > 0 else 0.0


def _starts_otherwise(given: Parameter, wanted: Parameter) -> bool:
    """Compare two figures of all numbers; NaN, of values that are traced, says nothing."""
    slack = _SAME * max(wanted.std, abs(wanted.mean))
    return abs(given.std - wanted.std) > slack or abs(given.mean - wanted.mean) > slack


def _ignored_seed(problem: Problem, looks: Sequence[_Asked]) -> str:
    """Name the seed's parameter where several seeds were asked about, and all gave the same keys."""
    pairs = [(_bases(look.call.drawn_keys), _bases(look.expected.drawn_keys)) for look in looks]
    given, wanted = {pair[0] for pair in pairs}, {pair[1] for pair in pairs}
    if len(wanted) < 2 or len(given) != 1 or not next(iter(given)):
        return ""
    cases = problem.manifest.cases
    names = problem.manifest.entry.parameters
    seeds = (name for name in names if any(isinstance(case.arguments[name], Seed) for case in cases))
    return next(seeds, "")


def _bases(draws: Sequence[DrawnKey] | None) -> frozenset[str]:
    return frozenset(draw.base for draw in draws or () if draw.path)
