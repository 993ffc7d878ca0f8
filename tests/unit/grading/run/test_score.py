"""What results reach: groups, and what a stub can pass."""

from collections.abc import Mapping

import pytest

from app.core.outcome import Outcome
from app.core.verdict import CaseResult, Mode
from app.grading.check.case_result import case_result
from app.grading.plan.checks import Check, checks_of
from app.grading.run.score import score
from tests.support.probed_problems import CHECKPOINT, DETERMINISM, PARAMETERS, case, probed

_CASES = case("short", seed=1, fresh=1) + case("long", seed=2, shape=(4, 3))
_PROBLEM = probed(PARAMETERS + CHECKPOINT + DETERMINISM, cases=_CASES)
_ALL = ("short", "short-again", "short-fresh-1", "long", "parameters", "checkpoint", "determinism")


def _score(*failed: str, outcome: Outcome = Outcome.WRONG_VALUE) -> float:
    return _score_of(dict.fromkeys(failed, outcome))


def _score_of(outcomes: Mapping[str, Outcome]) -> float:
    checks = checks_of(_PROBLEM, Mode.SUBMIT, fresh_seed=3)
    assert sorted(check.name for check in checks) == sorted(_ALL)
    return score(checks, [_result(check, outcomes.get(check.name, Outcome.PASSED)) for check in checks])


def _result(check: Check, outcome: Outcome) -> CaseResult:
    return case_result(check, outcome, "")


def test_what_passes_everything_has_all_points_and_what_fails_everything_none() -> None:
    assert _score() == 1.0
    assert _score(*_ALL) == 0.0


@pytest.mark.parametrize("failed", ["short", "short-again", "short-fresh-1"])
def test_a_case_and_its_repeats_count_once_where_all_pass(failed: str) -> None:
    """Of three points for answers two are left, and so much of the two for what a stub can pass."""
    assert _score(failed) == pytest.approx((2 + 2 * 2 / 3) / 5)
    assert _score(failed, "short") == _score("short") == _score("short", "short-again", "short-fresh-1")


def test_what_any_stub_passes_earns_nothing_by_itself() -> None:
    """A right tree, the same answer twice, and one that was not kept: none of them is an answer."""
    assert _score("short", "short-fresh-1", "long", "checkpoint") == 0.0


@pytest.mark.parametrize("failed", ["parameters", "determinism"])
def test_what_any_stub_passes_still_costs_its_points(failed: str) -> None:
    assert _score(failed) == pytest.approx(4 / 5)


def test_no_score_but_an_accepted_one_is_full() -> None:
    for name in _ALL:
        assert _score(name) < 1.0
