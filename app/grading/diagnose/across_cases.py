"""Wrong answers that only several calls together give away: always the same, another's, or one too old."""

from collections.abc import Sequence

import msgspec
import numpy as np

from app.core.tolerance import Tolerance, fits
from app.grading.diagnose.error_pattern import ErrorShape, Pair
from app.grading.diagnose.significance import Array, weighs

_FEWEST = 3
"""Answers of fewer numbers are alike too easily."""


class CaseAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One call's answer; calls with the same `question` were given the same arguments."""

    question: bytes
    pair: Pair
    passed: bool
    is_plain: bool = True
    """No parameters were handed in: only such answers are compared with each other's."""
    is_shown: bool = False
    """Its numbers are told anyway."""


@np.errstate(all="ignore")
def across_cases(answers: Sequence[CaseAnswer], tolerance: Tolerance) -> ErrorShape | None:
    """Find what all the failing ones have in common with other calls; None where nothing is certain."""
    plain = [answer for answer in answers if answer.is_plain]
    failing = [answer for answer in plain if not answer.passed]
    if not failing:
        return None
    if shape := _kept(answers, tolerance):
        return shape
    if any(not answer.is_plain and not answer.passed for answer in answers) and len(failing) < 2:
        return None
    return _constant(answers, plain, tolerance) or _of_another(failing, plain, tolerance)


def _kept(answers: Sequence[CaseAnswer], tolerance: Tolerance) -> ErrorShape | None:
    """Find a question that was answered rightly before and wrongly later, where nothing else fails."""
    right_before: set[bytes] = set()
    repeated = 0
    for answer in answers:
        if answer.passed:
            right_before.add(answer.question)
        elif answer.question in right_before:
            repeated += 1
        else:
            return None
    if not repeated:
        return None
    return ErrorShape(
        id="kept_between_calls",
        message="right the first time, and wrong when the same call is made again: it depends on the calls "
        "before it, or on chance",
    )


def _constant(
    answers: Sequence[CaseAnswer], plain: Sequence[CaseAnswer], tolerance: Tolerance
) -> ErrorShape | None:
    """Find one number everywhere, or one answer to all different questions of a size that was asked twice."""
    numbers = np.concatenate([np.ravel(answer.pair.got) for answer in answers])
    wanted = np.concatenate([np.ravel(answer.pair.expected) for answer in answers])
    first = float(numbers[0]) if numbers.size else 0.0
    if (
        numbers.size >= _FEWEST
        and (numbers == first).all()
        and np.ptp(wanted) > 20 * max(_slack(answer.pair, tolerance) for answer in answers)
    ):
        return ErrorShape(id="constant_output", message="the same number everywhere, in every case")
    groups: dict[tuple[int, ...], dict[bytes, CaseAnswer]] = {}
    for answer in plain:
        groups.setdefault(answer.pair.got.shape, {})[answer.question] = answer
    compared = [list(group.values()) for group in groups.values() if len(group) > 1]
    if not compared or not all(_alike(group, tolerance) for group in compared):
        return None
    return ErrorShape(id="same_for_all_cases", message="the same for different inputs")


def _alike(group: Sequence[CaseAnswer], tolerance: Tolerance) -> bool:
    """Return whether the given answers are all one, to the last bit, and the right ones all differ."""
    first = group[0].pair
    if first.got.size < _FEWEST:
        return False
    for index, one in enumerate(group):
        if not np.array_equal(one.pair.got, first.got):
            return False
        if any(_near(one.pair.expected, other.pair, tolerance, 20.0) for other in group[:index]):
            return False
    return True


def _of_another(
    failing: Sequence[CaseAnswer], plain: Sequence[CaseAnswer], tolerance: Tolerance
) -> ErrorShape | None:
    """Find failing answers that are each the right one to a different question."""
    matched: list[Pair] = []
    for answer in failing:
        others = [
            other.pair
            for other in plain
            if other.question != answer.question
            and _near(answer.pair.got, other.pair, tolerance, 1.0)
            and not _near(answer.pair.expected, other.pair, tolerance, 20.0)
        ]
        if not others:
            return None
        matched.append(others[0])
    targets = [pair.expected for pair in matched]
    allowed = [pair.allowed(pair.expected, tolerance) for pair in matched]
    choices = len(failing) * np.log10(len(plain))
    if any(target.size < _FEWEST for target in targets) or not weighs(targets, allowed, choices=choices):
        return None
    return ErrorShape(id="answer_of_another_case", message="the right one to another case")


def _near(one: Array, other: Pair, tolerance: Tolerance, times: float) -> bool:
    return fits(one, other.expected, times * other.allowed(other.expected, tolerance))


def _slack(pair: Pair, tolerance: Tolerance) -> float:
    return float(pair.allowed(pair.expected, tolerance).max(initial=0.0))
