from app.core.verdict import Visibility
from app.grading.plan.calls import plan_calls
from app.grading.plan.checks import Check, CheckKind
from sandbox.interface import Call, CallResult, ModuleUse


def _check(name: str, kind: CheckKind, argument: float, *, quiet: bool = False) -> Check:
    looks = {
        CheckKind.VALUE: None,
        CheckKind.PARAMETERS: ModuleUse(class_name="Net"),
        CheckKind.CHECKPOINT: ModuleUse(class_name="Net", seed=1, std=0.1),
    }
    call = Call(function="f", arguments=(argument,), module=looks[kind], is_hidden=quiet)
    return Check(name=name, kind=kind, visibility=Visibility.SAMPLE, points=1, call=call)


_CHECKS = (
    _check("toy", CheckKind.VALUE, 1.0),
    _check("wide", CheckKind.VALUE, 2.0),
    _check("parameters", CheckKind.PARAMETERS, 1.0),
    _check("checkpoint", CheckKind.CHECKPOINT, 1.0),
)


def _results(count: int) -> list[CallResult]:
    return [CallResult(index=index, wall_seconds=float(index)) for index in range(count)]


def test_a_look_at_parameters_shares_the_call_of_its_case() -> None:
    plan = plan_calls(_CHECKS)
    assert plan.places == (0, 1, 0, 2)
    assert plan.calls[0].module == ModuleUse(class_name="Net")
    assert plan.calls[1].module is None


def test_handed_in_parameters_and_other_arguments_need_a_call_of_their_own() -> None:
    checks = (_CHECKS[0], _CHECKS[3], _check("elsewhere", CheckKind.PARAMETERS, 7.0))
    assert plan_calls(checks).places == (0, 1, 2)


def test_a_hidden_look_is_not_taken_while_output_is_still_shown() -> None:
    checks = (_CHECKS[0], _check("parameters", CheckKind.PARAMETERS, 1.0, quiet=True))
    assert plan_calls(checks).places == (0, 1)


def test_items_are_answered_in_order_until_a_call_is_missing() -> None:
    plan = plan_calls(_CHECKS)
    assert [answer.index for answer in plan.by_check(_results(1))] == [0]
    assert [answer.index for answer in plan.by_check(_results(2))] == [0, 1, 2]
    assert [answer.wall_seconds for answer in plan.by_check(_results(3))] == [0.0, 1.0, 0.0, 2.0]
