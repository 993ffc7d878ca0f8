"""One cause is told once."""

from app.core.outcome import Outcome
from app.core.verdict import CaseResult, Mode
from app.grading.check.case_result import case_result
from app.grading.plan.checks import Check, checks_of
from app.grading.run.causes import Causes
from sandbox.interface import CallResult, Frame, Raised
from tests.support.probed_problems import CHECKPOINT, PARAMETERS, case, probed

_PROBLEM = probed(
    PARAMETERS + CHECKPOINT, cases=case("short", seed=1) + case("long", seed=2, visibility="hidden")
)
_CHECKS = {check.name: check for check in checks_of(_PROBLEM, Mode.SUBMIT, fresh_seed=None)}


def _raised(line: int, message: str = "no") -> CallResult:
    frames = (Frame(line=line, function="f", text="x"),)
    return CallResult(
        index=0, wall_seconds=0.1, raised=Raised(type="TypeError", message=message, frames=frames)
    )


def _reported(causes: Causes, name: str, call: CallResult) -> str:
    return causes.reported_once(_CHECKS[name], call, _result(_CHECKS[name])).message


def _result(check: Check) -> CaseResult:
    return case_result(check, Outcome.ERROR, "a long reason")


def test_a_row_that_ends_for_a_reason_that_was_told_names_the_row_that_has_it() -> None:
    causes = Causes()
    assert _reported(causes, "short", _raised(7)) == "a long reason"
    assert _reported(causes, "parameters", _raised(7)) == "as in `short`"
    assert _reported(causes, "long", _raised(7)) == "as in `short`", "a hidden row is known by type and line"
    assert _reported(causes, "checkpoint", _raised(8)) == "a long reason"


def test_another_message_is_another_reason_where_it_may_be_told() -> None:
    causes = Causes()
    assert _reported(causes, "short", _raised(7, "(4,) and (5,)")) == "a long reason"
    assert _reported(causes, "parameters", _raised(7, "(6,) and (5,)")) == "a long reason"
    assert _reported(causes, "long", _raised(7, "(8,) and (5,)")) == "as in `short`"


def test_a_module_that_is_never_built_is_told_once() -> None:
    causes = Causes()
    nothing = CallResult(index=0, wall_seconds=0.1)
    assert _reported(causes, "parameters", nothing) == "a long reason"
    assert _reported(causes, "checkpoint", nothing) == "as in `parameters`"


def test_what_only_differs_is_told_row_by_row() -> None:
    causes = Causes()
    for _ in range(2):
        assert _reported(causes, "short", CallResult(index=0, wall_seconds=0.1)) == "a long reason"


def test_type_and_line_are_told_of_one_hidden_row_alone() -> None:
    """Code that knows the values of each could choose another line each time."""
    causes = Causes()
    reported = [_reported(causes, "long", _raised(line)) for line in range(1, 100)]
    assert reported[0] == "a long reason"
    assert len(set(reported[1:])) == 1
    assert "line are said of one hidden case" in reported[1]
    assert _reported(causes, "checkpoint", _raised(1)) == "as in `long`"
