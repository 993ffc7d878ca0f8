"""A good problem is proven; broken in any one way it is refused, with that reason and no other."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from app.core.problem import Problem
from app.grading.grader import Grader
from app.grading.open_grader import open_grader
from app.grading.prove.mutants.mutants_figure import MOST
from app.grading.prove.prove import prove
from app.grading.prove.reasons import Reason
from app.grading.prove.results import Figure, Proof, SolutionResult, columns_of
from tests.support.provable_problem import BROKEN, problem_of, provable_files

pytestmark = pytest.mark.jail

_GOOD = "good"
_AT_ONCE = 2
_ABOUT_MUTANTS = {Reason.MUTANT_SURVIVES, Reason.EQUIVALENCE_FALLEN}
"""In the others they are left out, which are seconds each."""
_RUNS_AT_ONCE = 2
"""Of each proof, as `jaxercise validate` has on a machine of two processors."""


async def _proof(problem: Problem, grader: Grader, *, mutants: int) -> Proof:
    results = prove(problem, grader, at_once=_RUNS_AT_ONCE, mutants=mutants)
    return Proof(
        problem=problem.slug,
        position=problem.manifest.position,
        version=problem.version,
        columns=columns_of(problem),
        results=tuple([result async for result in results]),
    )


@pytest.fixture(scope="session")
def proofs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Proof]:
    """All of them with one grader, two at a time."""
    data_dir: Path = tmp_path_factory.mktemp("proofs")
    problems = {_GOOD: problem_of(provable_files())} | {
        name: broken.problem for name, broken in BROKEN.items()
    }

    async def prove_all() -> dict[str, Proof]:
        turns = asyncio.Semaphore(_AT_ONCE)

        async def prove_one(name: str, problem: Problem) -> Proof:
            about_mutants = name == _GOOD or _ABOUT_MUTANTS & set(BROKEN[name].reasons)
            async with turns:
                return await _proof(problem, grader, mutants=MOST if about_mutants else 0)

        async with open_grader(data_dir=data_dir, unjailed=False) as grader:
            proven = await asyncio.gather(*map(prove_one, problems, problems.values()))
            return dict(zip(problems, proven, strict=True))

    return asyncio.run(prove_all())


def test_a_good_problem_is_proven(proofs: Mapping[str, Proof]) -> None:
    """Every result holds, and every figure lies well within its bound."""
    proof = proofs[_GOOD]
    assert [fault.message for fault in proof.faults] == []
    assert {(result.role, result.id, result.outcome) for result in proof.solutions} == {
        ("reference", "reference", "accepted"),
        ("also_right", "swish", "accepted"),
        ("variant", "forgets_gate", "wrong_value"),
        *(("trivial", name, "wrong_value") for name in ("zeros", "constant", "the_input")),
        *(("trivial", name, "wrong_value") for name in ("another_seed", "bfloat16")),
    }
    assert {figure.id for figure in proof.figures} == {
        *(
            "second_inputs",
            "float64",
            "noise_floor",
            "nearest_variant",
            "other_draws",
            "determinism",
            "processor_time",
            "mutants",
        )
    }


def test_a_variant_is_measured_case_by_case(proofs: Mapping[str, Proof]) -> None:
    """The table tells where a mistake shows, how far it lies off, and the name it gets."""
    [variant] = [result for result in proofs[_GOOD].solutions if result.role == "variant"]
    assert variant.named == "forgets_gate"
    assert set(variant.failed) == {"one", "one-fresh-1", "handed-in"}
    assert set(variant.distances) == {"one", "handed-in"}
    assert min(variant.distances.values()) > 100


def test_a_float64_run_differs_from_the_reference_by_rounding(proofs: Mapping[str, Proof]) -> None:
    """More than nothing, so it was made; less than a hundredth of the tolerance."""
    assert 1e-6 < _figure(proofs[_GOOD], "float64") < 0.01


def test_bfloat16_lies_between_rounding_and_a_mistake(proofs: Mapping[str, Proof]) -> None:
    results = {result.id: result for result in proofs[_GOOD].solutions}
    for case, distance in results["bfloat16"].distances.items():
        assert 1 < distance < results["forgets_gate"].distances[case]


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_problem_is_refused_with_its_reason(proofs: Mapping[str, Proof], name: str) -> None:
    """Exactly that: an author who mends it is done. Each refusal says what to change."""
    proof = proofs[name]
    assert not proof.is_proven
    reported = [fault.message for fault in proof.faults]
    assert {fault.reason for fault in proof.faults} == set(BROKEN[name].reasons), reported
    assert all(fault.message and fault.remedy for fault in proof.faults)


def test_a_problem_was_broken_in_every_way() -> None:
    """A refusal that no test meets might never be made."""
    assert {reason for broken in BROKEN.values() for reason in broken.reasons} == set(Reason)


def test_without_answers_nothing_else_is_run(proofs: Mapping[str, Proof]) -> None:
    """A variant cannot be judged by a reference that gives NaN; the other results would only confuse."""
    results = proofs["the reference is not finite"].results
    assert [result.id for result in results if isinstance(result, SolutionResult)] == ["reference"]


def test_a_limit_is_refused_with_the_figure_to_write(proofs: Mapping[str, Proof]) -> None:
    [fault] = proofs["there is too little time"].faults
    assert "needs cpu_seconds = " in fault.message
    assert "not 0.6" in fault.message


def _figure(proof: Proof, name: str) -> float:
    [figure] = [result for result in proof.results if isinstance(result, Figure) and result.id == name]
    assert figure.value is not None
    return figure.value
