"""Mutants in real jails: only a case's verdict kills, survivors are sorted, declarations bind one text."""

import asyncio
import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.verdict import Diagnosis, DiagnosisKind, Mode
from app.errors import ReferenceFailed
from app.grading.grader import Grader
from app.grading.mutate.equivalence import declaration_lines, fallen_declarations
from app.grading.mutate.mutants import Mutant, mutants_of
from app.grading.prove.mutants.judge_mutants import judge_mutants
from app.grading.prove.mutants.mutants_figure import MOST, chosen_mutants, mutants_figure
from app.grading.prove.mutants.results import Explanation, Fate, Likeness, MutantResult
from app.grading.prove.reasons import Reason
from tests.support.opened_grader import opened_grader
from tests.support.survivor_problem import (
    EVERYWHERE,
    ON_THESE_CASES,
    REFERENCE,
    weak_problem,
)
from tests.support.toy_problem import toy_problem

pytestmark = pytest.mark.jail


@dataclasses.dataclass(frozen=True)
class Workshop:
    """A grader that knows mutants, and the runner whose loop it lives in."""

    grader: Grader
    runner: asyncio.Runner

    def judge(
        self, problem: Problem, mutants: Sequence[Mutant] | None = None, *, explain: bool = False
    ) -> dict[str, MutantResult]:
        """Judge some mutants of a problem, or all."""

        async def judged() -> list[MutantResult]:
            chosen = mutants_of(problem) if mutants is None else mutants
            results = judge_mutants(problem, chosen, self.grader, at_once=2, explain=explain)
            return [result async for result in results]

        return {result.mutant.id: result for result in self.runner.run(judged())}


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """One for all tests here."""
    place: Path = tmp_path_factory.mktemp("mutants")
    with opened_grader(place, knows_mutants=True) as (grader, runner):
        yield Workshop(grader=grader, runner=runner)


@pytest.fixture(scope="module")
def weak(workshop: Workshop) -> list[MutantResult]:
    """All mutants of the problem whose cases tell too little."""
    return list(workshop.judge(weak_problem()).values())


def _of(results: Sequence[MutantResult], operator: str, was: str = "") -> MutantResult:
    [found] = [one for one in results if one.mutant.operator == operator and was in one.mutant.was]
    return found


def test_a_good_problem_kills_all_and_explains_none_wrongly(workshop: Workshop) -> None:
    """Each killed one says by which cases, and those that repeat or redraw one count as that one."""
    results = workshop.judge(toy_problem(), explain=True).values()

    assert {result.fate for result in results} == {Fate.KILLED}
    names = {"short", "other-seed", "parameters", "checkpoint"}
    assert all(result.killed_by and set(result.killed_by) <= names for result in results)
    assert Explanation.WRONG not in {result.explanation for result in results}
    assert _of(list(results), "creation_order").explained_as == "creation_order creation_order"


def test_a_survivor_that_is_the_same_everywhere_says_so(weak: list[MutantResult]) -> None:
    """On as many drawn inputs as there are, number by number."""
    found = _of(weak, EVERYWHERE)

    assert (found.fate, found.likeness, found.distance) == (Fate.SURVIVED, Likeness.EVERYWHERE, 0.0)
    assert found.telling is None
    assert found.drawn >= 40
    assert found.is_open


def test_a_survivor_that_a_size_would_tell_names_the_size(weak: list[MutantResult]) -> None:
    """Which is what its author adds."""
    found = _of(weak, ON_THESE_CASES, "width")

    assert (found.fate, found.likeness) == (Fate.SURVIVED, Likeness.ON_THESE_CASES)
    assert found.telling is not None
    assert "`width`" in found.telling.words
    assert "in place of 1" in found.telling.words


def test_a_survivor_within_the_tolerance_names_the_scale_that_tells(weak: list[MutantResult]) -> None:
    """Its numbers are others on the cases already."""
    [found] = [
        one
        for one in weak
        if one.mutant.operator == "term_dropped"
        and one.mutant.was.startswith("v +")
        and one.mutant.becomes == "v"
    ]

    assert (found.fate, found.likeness) == (Fate.SURVIVED, Likeness.WITHIN_TOLERANCE)
    assert 0 < found.distance <= 1
    assert found.telling is not None
    assert "`v`" in found.telling.words
    assert "times as large" in found.telling.words


def test_time_and_imports_are_no_verdict(weak: list[MutantResult]) -> None:
    """A mutant that never ends is not killed by a case, and one that does not load neither."""
    endless = _of(weak, "one_off", "step + 1")
    broken = _of(weak, "one_off", "count + 1")

    assert (endless.fate, endless.outcome, endless.killed_by) == (Fate.NO_VERDICT, Outcome.TIME_LIMIT, ())
    assert (broken.fate, broken.killed_by) == (Fate.NO_VERDICT, ())
    assert "IndexError" in broken.reason


def test_a_declaration_binds_one_text_and_falls_with_what_it_was_tried_on(workshop: Workshop) -> None:
    """Another tolerance, case or reference is another trial."""
    problem = weak_problem()
    mutant = next(m for m in mutants_of(problem) if m.operator == EVERYWHERE)
    lines = declaration_lines(problem, mutant).replace('why = ""', 'why = "one axis"')
    declared = weak_problem(lines)
    [result] = workshop.judge(declared, [mutant]).values()

    assert result.declared == "one axis"
    assert not result.is_open
    by_id = {mutant.id: mutant}
    assert fallen_declarations(declared, by_id) == {}
    looser = weak_problem(f"{lines}\n[tolerance]\nabsolute = 1e-3\n")
    assert "tolerance have changed" in fallen_declarations(looser, by_id)[mutant.id]
    assert "no such mutant" in fallen_declarations(declared, {})[mutant.id]


def test_a_declared_one_that_an_input_tells_stays_open(workshop: Workshop) -> None:
    """Whatever its author says."""
    problem = weak_problem()
    mutant = next(m for m in mutants_of(problem) if m.operator == ON_THESE_CASES and "width" in m.was)
    lines = declaration_lines(problem, mutant).replace('why = ""', 'why = "I think so"')
    [result] = workshop.judge(weak_problem(lines), [mutant]).values()

    assert result.declared == "I think so"
    assert result.telling is not None
    assert result.is_open


def test_a_proof_refuses_survivors_and_says_what_would_tell(workshop: Workshop) -> None:
    """By so many mutants at the most, the same ones for the same content."""
    problem = weak_problem()
    figure = workshop.runner.run(mutants_figure(problem, workshop.grader, at_once=2))
    made = mutants_of(problem)

    assert {fault.reason for fault in figure.faults} == {Reason.MUTANT_SURVIVES}
    assert any("would tell it" in fault.message for fault in figure.faults)
    assert chosen_mutants(problem, made) == chosen_mutants(problem, made)
    assert len(chosen_mutants(problem, made * 3)) <= 3 * MOST


def test_nothing_is_said_of_mutants_where_the_reference_is_refused(workshop: Workshop) -> None:
    """Whatever differs from a wrong answer proves nothing."""
    dice = "import secrets\n" + REFERENCE.replace("+ LAST", "+ LAST + secrets.randbelow(1000)")
    problem = weak_problem(reference=dice)

    with pytest.raises(ReferenceFailed, match="refused by its own cases"):
        workshop.judge(problem)
    assert workshop.runner.run(mutants_figure(problem, workshop.grader, at_once=1)).faults == ()


def test_a_wrong_answer_that_no_variant_fits_is_told_by_its_mutant(workshop: Workshop) -> None:
    """Once mutants have been run in the background; marked as made; written in another way by the learner."""
    problem = toy_problem()
    code = problem.reference.replace("(x + self.shift) * self.scale", "jnp.add(x, self.shift[...])")

    async def graded() -> tuple[Diagnosis | None, Diagnosis | None]:
        before = await workshop.grader.grade(problem, code, Mode.SUBMIT, fresh_seed=3)
        await workshop.grader.prepare_mutants(problem)
        after = await workshop.grader.grade(problem, code, Mode.SUBMIT, fresh_seed=3)
        return before.diagnosis, after.diagnosis

    before, after = workshop.runner.run(graded())

    assert before is None or before.kind is not DiagnosisKind.MUTANT
    assert after is not None
    assert after.kind is DiagnosisKind.MUTANT
    assert after.id == "scale_dropped"
    assert "not multiplied" in after.message
