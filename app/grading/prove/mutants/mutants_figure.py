"""A proof's bounded look at mutants: some of them, none of which may survive undeclared."""

import hashlib
from collections.abc import Sequence

from app.core.problem import Problem
from app.errors import ReferenceFailed
from app.grading.grader import Grader
from app.grading.mutate.equivalence import fallen_declarations
from app.grading.mutate.mutants import Mutant, mutants_of
from app.grading.prove.mutants.judge_mutants import judge_mutants
from app.grading.prove.mutants.results import Fate, Likeness, MutantResult
from app.grading.prove.reasons import Fault, Reason
from app.grading.prove.results import Figure

MOST = 25
"""How many mutants a proof runs; `jaxercise mutate` runs all."""
_LIKENESS = {
    Likeness.EVERYWHERE: "no drawn input tells it from the reference",
    Likeness.ON_THESE_CASES: "on these cases it gives the reference's numbers, elsewhere others",
    Likeness.WITHIN_TOLERANCE: "its numbers are other ones, nearer than the tolerance",
}


async def mutants_figure(problem: Problem, grader: Grader, *, at_once: int, most: int = MOST) -> Figure:
    """Run `most` of a problem's mutants, chosen by its content, those that are declared equivalent first.

    Raises:
        ProblemError: the reference is not Python.
        SandboxError: the jail broke.
    """
    made = mutants_of(problem)
    chosen = chosen_mutants(problem, made, most)
    try:
        results = [result async for result in judge_mutants(problem, chosen, grader, at_once=at_once)]
    except ReferenceFailed:
        # Its own row says why; no mutant can be told from what is refused itself.
        return Figure(id="mutants", text="mutants: none was run, since the reference is refused")
    fallen = fallen_declarations(problem, {mutant.id: mutant for mutant in made})
    faults = [
        Fault(reason=Reason.EQUIVALENCE_FALLEN, message=f"{name} is declared equivalent, but {reason}")
        for name, reason in fallen.items()
    ]
    faults += [_fault(result) for result in results if result.is_open]
    killed = sum(result.fate is Fate.KILLED for result in results)
    return Figure(
        id="mutants",
        text=f"mutants: {killed} of {len(results)} killed, of {len(made)} that there are",
        value=float(sum(result.is_open for result in results)),
        bound=0.0,
        faults=tuple(faults),
    )


def chosen_mutants(problem: Problem, made: Sequence[Mutant], most: int = MOST) -> tuple[Mutant, ...]:
    """Return the mutants that a proof runs: the same ones for the same content, others for another."""
    declared = [mutant for mutant in made if mutant.id in problem.manifest.equivalent]
    others = [mutant for mutant in made if mutant.id not in problem.manifest.equivalent]
    drawn = sorted(
        others, key=lambda mutant: hashlib.sha256(f"{problem.version}{mutant.id}".encode()).digest()
    )
    kept = {mutant.id for mutant in (*declared, *drawn)[:most]}
    return tuple(mutant for mutant in made if mutant.id in kept)


def _fault(result: MutantResult) -> Fault:
    mutant = result.mutant
    assert result.likeness is not None
    how = _LIKENESS[result.likeness]
    telling = f"; {result.telling.words} would tell it" if result.telling else ""
    declared = " though it is declared equivalent" if result.declared else ""
    where = f"`{mutant.was[:80]}` → `{mutant.becomes[:80]}` in line {mutant.line} of reference.py"
    message = f"{mutant.id} survives{declared}: {where}; {how}{telling}"
    return Fault(reason=Reason.MUTANT_SURVIVES, message=message)
