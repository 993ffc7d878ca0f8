"""Problems far from Vision Transformers are graded alike, whatever earlier runs have left.

Cached and warm for all of them, cold for six; `make exhaustive` tries all four states.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from app.core.outcome import Outcome
from app.core.problem import Problem
from tests.exhaustive.code_hash import hash_files
from tests.far_problems.grading import Graded, State, faults_of, open_far_grader, without_programs
from tests.far_problems.packages import Role, far_problems, solutions_of
from tests.far_problems.plain import plain_bits
from tests.support.checkout import CHECKOUT

# All of it is graded for the first test that asks.
pytestmark = [pytest.mark.jail, pytest.mark.timeout(7200)]

_AT_ONCE = 3
"""While one waits for a jail to be warm, others run."""
_COLD = 6
_FEWEST = 30


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """What came of every solution, by slug; and the bits that the run that filled and a plain JAX give."""

    graded: Mapping[str, list[Graded]]
    filled: Mapping[str, Mapping[Role, tuple[str, ...]]]
    plain: Mapping[tuple[str, Role], tuple[str, ...]]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return asyncio.run(_grade(tmp_path_factory.mktemp("far")))


async def _grade(place: Path) -> Session:
    problems = list(far_problems().values())
    cold = _cold(problems)
    plain = asyncio.create_task(
        plain_bits(
            [
                solution
                for problem in problems
                for solution in solutions_of(problem)
                if problem in cold or solution.role is Role.REFERENCE
            ]
        )
    )
    graded: dict[str, list[Graded]] = {}
    filled: dict[str, dict[Role, tuple[str, ...]]] = {}
    async with open_far_grader(place / "filled", warm_jails=2 * _AT_ONCE) as grader:
        turns = asyncio.Semaphore(_AT_ONCE)

        async def grade(problem: Problem) -> None:
            async with turns:
                filled[problem.slug] = await grader.fill(problem)
                graded[problem.slug] = await grader.grade_cached_and_warm(problem)

        await asyncio.gather(*map(grade, problems))
    async with open_far_grader(without_programs(place / "filled", place / "empty")) as grader:
        for problem in cold:
            graded[problem.slug] += await grader.grade_all(problem, State.COLD)
    return Session(graded=graded, filled=filled, plain=await plain)


def _cold(problems: list[Problem]) -> list[Problem]:
    """Return six: others once what runs in the jail has changed."""
    code = repr(hash_files(CHECKOUT, ["sandbox/inside"]))
    return sorted(
        problems, key=lambda problem: hashlib.sha256(f"{code} {problem.slug}".encode()).hexdigest()
    )[:_COLD]


def test_there_are_many_of_them() -> None:
    assert len(far_problems()) >= _FEWEST


@pytest.mark.parametrize("slug", far_problems())
def test_verdicts_and_bits_do_not_depend_on_earlier_runs(session: Session, slug: str) -> None:
    """Right ones are accepted, the wrong one is refused, and the bits are those of a plain JAX.

    Those of the others than the reference are in `make exhaustive`, and here of the six that are tried cold.
    """
    graded = session.graded[slug]
    assert {one.state for one in graded} >= {State.CACHED, State.WARM}
    plain = {role: bits for (of, role), bits in session.plain.items() if of == slug}
    assert Role.REFERENCE in plain
    filled = session.filled[slug]
    assert {role: filled[role] for role in plain} == plain
    assert faults_of(graded, filled) == []


def test_six_were_tried_without_any_program(session: Session) -> None:
    cold = {slug for slug, graded in session.graded.items() for one in graded if one.state is State.COLD}
    assert len(cold) == _COLD


def test_another_outcome_and_other_bits_are_noticed() -> None:
    """A check that cannot fail is a defect."""
    right = Graded(
        slug="windows",
        role=Role.REFERENCE,
        state=State.WARM,
        outcome=Outcome.ACCEPTED,
        message="",
        bits=("a", "b"),
    )
    plain = {Role.REFERENCE: ("a", "b"), Role.VARIANT: ("a", "b")}
    assert faults_of([right], plain) == []
    assert faults_of([right], {Role.REFERENCE: ("a", "c")}) == ["warm, reference: other bits"]
    for change in ({"outcome": Outcome.CRASHED}, {"role": Role.VARIANT}, {"bits": ("a",)}):
        assert len(faults_of([msgspec.structs.replace(right, **change)], plain)) == 1
    cold = msgspec.structs.replace(right, state=State.COLD, bits=("a", "c"))
    assert faults_of([right, cold], {}) == ["cold, reference: other bits"]
