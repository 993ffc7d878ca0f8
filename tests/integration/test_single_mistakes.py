"""Mistakes that no variant knows: all are refused, many named, none is named wrongly."""

import asyncio
import sys
from collections import Counter
from pathlib import Path

import pytest

from app.core.verdict import Mode, Verdict
from app.grading.open_grader import open_grader
from tests.support.real_problems import sampled_problem
from tests.support.single_mistakes import MISTAKES, Mistake

# Most of its minute goes into three problems' references and variants.
pytestmark = [pytest.mark.jail]

_PROBLEMS = ("41-encoder-block", "45-vit-mean-pool", "46-vit-cls-token")
_AT_LEAST_NAMED = 28
"""What is reached; a change that names fewer has to say why."""
_AT_ONCE = 2


@pytest.fixture(scope="module")
def verdicts(graded_problems_dir: Path) -> list[tuple[Mistake, Verdict]]:
    """Each graded the whole way, as a learner's submission."""
    asked = [sampled_problem(name, with_variants=True) for name in _PROBLEMS]
    problems = {problem.slug: problem for problem in asked}

    async def grade() -> list[tuple[Mistake, Verdict]]:
        turn = asyncio.Semaphore(_AT_ONCE)
        async with open_grader(data_dir=graded_problems_dir, unjailed=False) as grader:

            async def one(mistake: Mistake) -> tuple[Mistake, Verdict]:
                problem = problems[mistake.problem]
                async with turn:
                    code = mistake.made(problem)
                    return mistake, await grader.grade(problem, code, Mode.SUBMIT, fresh_seed=7)

            return await asyncio.gather(*map(one, MISTAKES))

    return asyncio.run(grade())


def _progress(mistake: Mistake, verdict: Verdict) -> str:
    if verdict.diagnosis is None:
        return "abstained"
    return "rightly" if mistake.is_named_rightly(verdict.diagnosis) else "wrongly"


def _table(verdicts: list[tuple[Mistake, Verdict]]) -> str:
    lines = [
        f"{mistake.problem:14} {mistake.name:40} {verdict.outcome:17} {_progress(mistake, verdict):10} "
        + (f"{verdict.diagnosis.kind} {verdict.diagnosis.id}" if verdict.diagnosis else "")
        for mistake, verdict in verdicts
    ]
    counts = Counter(_progress(mistake, verdict) for mistake, verdict in verdicts)
    refused = sum(not verdict.accepted for _, verdict in verdicts)
    return (
        "\n".join(["", *lines, f"{refused} of {len(verdicts)} refused, {counts['rightly']} named rightly, "])
        + f"{counts['wrongly']} wrongly, {counts['abstained']} not at all"
    )


def test_they_are_many_and_no_two_are_the_same() -> None:
    """A mistake that is counted twice proves nothing the second time."""
    assert len({(mistake.problem, mistake.name) for mistake in MISTAKES}) == 30
    assert len({(mistake.problem, mistake.old, mistake.new) for mistake in MISTAKES}) == 30


def test_every_single_mistake_is_refused(verdicts: list[tuple[Mistake, Verdict]]) -> None:
    """The cases and probes of a problem tell right from wrong, not from known wrong ones."""
    assert [mistake.name for mistake, verdict in verdicts if verdict.accepted] == []


def test_no_mistake_is_named_wrongly(
    verdicts: list[tuple[Mistake, Verdict]], capsys: pytest.CaptureFixture[str]
) -> None:
    """A learner who is told of a mistake that they did not make looks in the wrong place for an hour."""
    with capsys.disabled():
        sys.stdout.write(_table(verdicts))
    named_wrongly = [mistake.name for mistake, v in verdicts if _progress(mistake, v) == "wrongly"]

    assert named_wrongly == [], _table(verdicts)


def test_many_mistakes_are_named_rightly(verdicts: list[tuple[Mistake, Verdict]]) -> None:
    """A diagnosis that always abstains would name none wrongly either."""
    rightly = sum(_progress(mistake, verdict) == "rightly" for mistake, verdict in verdicts)

    assert rightly >= _AT_LEAST_NAMED, _table(verdicts)


def test_no_mistake_is_the_graders(verdicts: list[tuple[Mistake, Verdict]]) -> None:
    """What raises says what it means."""
    for mistake, verdict in verdicts:
        assert verdict.outcome != "internal_error", mistake.name
        if verdict.error is not None:
            assert verdict.error.explanation, mistake.name
