import msgspec
import numpy as np

from app.core.generators import Key
from app.core.probes.checkpoint import CheckpointProbe
from app.core.probes.determinism import DeterminismProbe
from app.core.probes.parameters import ParametersProbe
from app.core.probes.probe import Probe
from app.core.problem import Case
from app.core.verdict import Mode, Visibility
from app.grading.plan.checks import Check, checks_of
from app.grading.plan.request import plan_calls
from sandbox.arrays import WireKey, pack_array
from sandbox.interface import Call, CallResult, ModuleUse
from tests.support.toy_problem import toy_problem

_PARAMETERS = ParametersProbe(name="parameters", case="toy")
_CHECKPOINT = CheckpointProbe(name="checkpoint", case="toy", seed=1, std=0.1)


def _check(name: str, argument: float, probe: Probe | None = None, *, quiet: bool = False) -> Check:
    look = probe.look(has_module=True) if probe else None
    use = ModuleUse(class_name="Net", seed=look.seed, std=look.std) if look else None
    call = Call(function="f", arguments=(argument,), module=use, is_hidden=quiet)
    return Check(name=name, visibility=Visibility.SAMPLE, points=1, call=call, probe=probe)


_CHECKS = (
    _check("toy", 1.0),
    _check("wide", 2.0),
    _check("parameters", 1.0, _PARAMETERS),
    _check("checkpoint", 1.0, _CHECKPOINT),
)


def _results(count: int) -> list[CallResult]:
    return [CallResult(index=index, wall_seconds=float(index)) for index in range(count)]


def test_a_look_at_parameters_shares_the_call_of_its_case() -> None:
    plan = plan_calls(_CHECKS)
    assert plan.places == (0, 1, 0, 2)
    assert plan.calls[0].module == ModuleUse(class_name="Net")
    assert plan.calls[1].module is None


def test_handed_in_parameters_and_other_arguments_need_a_call_of_their_own() -> None:
    checks = (_CHECKS[0], _CHECKS[3], _check("elsewhere", 7.0, _PARAMETERS))
    assert plan_calls(checks).places == (0, 1, 2)


def test_a_hidden_look_is_not_taken_while_output_is_still_shown() -> None:
    checks = (_CHECKS[0], _check("parameters", 1.0, _PARAMETERS, quiet=True))
    assert plan_calls(checks).places == (0, 1)


def test_items_are_answered_in_order_until_a_call_is_missing() -> None:
    plan = plan_calls(_CHECKS)
    assert [answer.index for answer in plan.by_check(_results(1))] == [0]
    assert [answer.index for answer in plan.by_check(_results(2))] == [0, 1, 2]
    assert [answer.wall_seconds for answer in plan.by_check(_results(3))] == [0.0, 1.0, 0.0, 2.0]


def test_a_key_is_made_in_the_jail_and_an_old_one_is_two_numbers() -> None:
    """No array of the host's holds a typed key, so its seed is sent."""
    case = Case(
        name="keys",
        visibility=Visibility.SAMPLE,
        arguments={"seed": Key(seed=3), "x": Key(seed=4, style="old")},
    )
    manifest = msgspec.structs.replace(toy_problem().manifest, cases=(case,), probes=())
    [check, _] = checks_of(
        msgspec.structs.replace(toy_problem(), manifest=manifest), Mode.SUBMIT, fresh_seed=None
    )
    assert check.call.arguments == (WireKey(seed=3), pack_array(np.array([0, 4], np.uint32)))


_ARRAY = pack_array(np.full((2,), 7.0, np.float32))


def _of_probe(probe: Probe) -> Check:
    call = Call(function="f", arguments=(3.0, _ARRAY), mode=probe.call_mode)
    return Check(name=probe.name, visibility=Visibility.HIDDEN, points=1, call=call, probe=probe)


def test_determinism_is_two_calls_like_any_other() -> None:
    """Nothing of an order says that answers will be compared with each other."""
    check = _of_probe(DeterminismProbe(name="determinism", case="toy"))
    plan = plan_calls([check])
    plain = Call(function="f", arguments=(3.0, _ARRAY))
    assert plan.calls == (plain, plain)
    first, second = (CallResult(index=n, wall_seconds=1.0, arrays={"": _ARRAY}) for n in (0, 1))
    assert plan.by_check([first]) == ()
    [both] = plan.by_check([first, second])
    assert (both.arrays, both.wall_seconds) == ({"first": _ARRAY, "second": _ARRAY}, 2.0)
    lacking = msgspec.structs.replace(second, arrays={}, not_an_array="None")
    assert plan.by_check([first, lacking])[0].not_an_array == "None"
