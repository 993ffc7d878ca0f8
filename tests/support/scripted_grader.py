"""A grader without a sandbox, for tests of everything around it.

What it answers is written in the submitted code: `outcome wrong_value`, `wait 0.5`, `break`
(our fault), `starve 1` (the first run finds the machine too busy), `print …`, `line 2` (where the outcome
came about), `answers 1 2 3` (where 1 2 4 is expected, of the sample cases), `unexplained 1.5 2` (what nothing
explains), `cut_short` (the look into it; the next one finds the variant of `found name`, waits at
`later_wait`, and breaks so often at `later_break 3`), `warm` (accepted in a warm jail; a fresh one refuses it
at `fresh wrong_value`, and waits and breaks as above); a line each, anything else is ignored.
"""

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.core.events import CaseDone, Event, Running
from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.submission import UnexplainedOutput
from app.core.tolerance import Tolerance
from app.core.verdict import (
    CaseResult,
    Confirmation,
    Diagnosis,
    DiagnosisKind,
    Explained,
    LearnerError,
    Mode,
    Verdict,
    Visibility,
)
from app.errors import GraderError
from app.grading.compare.arrays import compare
from app.grading.mutate.mutants import Mutant
from app.grading.present.details import result_details
from app.grading.prove.mutants.results import Fate, Likeness, MutantResult, Telling
from app.grading.prove.reasons import Fault, Reason
from app.grading.prove.results import Figure, ProofResult, Role, SolutionResult
from sandbox.arrays import pack_array
from sandbox.interface import Starved


class ScriptedGrader:
    """Follows the signature of `app.grading.grader.Grader`; remembers what it was asked."""

    def __init__(self) -> None:
        self.graded: list[str] = []
        self.explained: list[str] = []
        self.confirmed: list[str] = []
        self.stopped: list[str] = []
        self.proven: list[str] = []

    def environment(self) -> dict[str, str]:
        return {"grader": "scripted"}

    @property
    def waiting_pids(self) -> list[int]:
        """No jail waits."""
        return []

    async def take_seed(self, problem: Problem) -> int | None:
        """None is prepared."""
        return None

    async def prepare_reference(self, problem: Problem) -> None:
        """There is nothing to prepare."""

    async def prepare_solutions(self, problem: Problem) -> None:
        """There is nothing to prepare."""

    async def prepare_mutants(self, problem: Problem) -> None:
        """There are none."""

    async def prove(self, problem: Problem) -> AsyncGenerator[ProofResult, None]:
        """Give two results; the second refuses where the reference says `# refused`.

        Before it, `# break` breaks and `# wait` waits for ever.
        """
        self.proven.append(problem.version)
        yield Figure(id="second_input", text="every case has a second input", value=math.inf)
        if "# break" in problem.reference:
            raise GraderError("the scripted grader broke, as it was told")
        if "# wait" in problem.reference:
            await asyncio.Event().wait()
        refused = Fault(reason=Reason.NOT_DETERMINISTIC, message="it was told so")
        yield SolutionResult(
            role=Role.REFERENCE,
            id="reference",
            expected=Outcome.ACCEPTED,
            outcome=Outcome.ACCEPTED,
            distances={"shown": 0.5, "kept-back": math.inf},
            faults=(refused,) if "# refused" in problem.reference else (),
        )

    async def mutate(self, problem: Problem) -> AsyncGenerator[MutantResult, None]:
        """Kill the first mutant and let the second survive, where the reference says `# refused`."""
        killed, survivor = (
            Mutant(
                id=f"{operator}-0",
                operator=operator,
                line=2,
                was="x + y",
                becomes="x",
                sentence="A term is left out.",
                span=(0, 1),
                code="def double(x): ...",
            )
            for operator in ("term_dropped", "another_row")
        )
        yield MutantResult(mutant=killed, fate=Fate.KILLED, outcome=Outcome.WRONG_VALUE, killed_by=("shown",))
        if "# break" in problem.reference:
            raise GraderError("the scripted grader broke, as it was told")
        if "# refused" in problem.reference:
            yield MutantResult(
                mutant=survivor,
                fate=Fate.SURVIVED,
                outcome=Outcome.ACCEPTED,
                likeness=Likeness.ON_THESE_CASES,
                telling=Telling(words="`shown` with other seeds", distance=math.inf),
            )

    async def explain(
        self,
        problem: Problem,
        code: str,
        mode: Mode,
        verdict: Verdict,
        *,
        on_unexplained: Callable[[UnexplainedOutput], None] = lambda found: None,
    ) -> Verdict:
        self.explained.append(code)
        await _later(code, times=self.explained.count(code))
        diagnosis = None
        for line in code.splitlines():
            match line.split():
                case ["found", name]:
                    diagnosis = Diagnosis(kind=DiagnosisKind.VARIANT, id=name, message=f"This is `{name}`.")
                case ["mutant", name]:
                    diagnosis = Diagnosis(kind=DiagnosisKind.MUTANT, id=name, message=f"This is `{name}`.")
                case _:
                    pass
        return msgspec.structs.replace(verdict, diagnosis=diagnosis, explained=Explained.COMPLETE)

    async def confirm(
        self,
        problem: Problem,
        code: str,
        mode: Mode,
        verdict: Verdict,
        *,
        on_unexplained: Callable[[UnexplainedOutput], None] = lambda found: None,
    ) -> Verdict:
        self.confirmed.append(code)
        await _later(code, times=self.confirmed.count(code))
        for line in code.splitlines():
            match line.split():
                case ["fresh", name]:
                    refused = {"outcome": Outcome(name), "accepted": False, "score": 0.0}
                    explained = Explained.CUT_SHORT if "cut_short" in code.splitlines() else None
                    return msgspec.structs.replace(
                        verdict, **refused, explained=explained, confirmation=Confirmation.REFUSED
                    )
                case _:
                    pass
        return msgspec.structs.replace(verdict, confirmation=Confirmation.CONFIRMED)

    async def grade(
        self,
        problem: Problem,
        code: str,
        mode: Mode,
        *,
        fresh_seed: int | None,
        on_event: Callable[[Event], None] = lambda event: None,
        learner: str | None = None,
        on_unexplained: Callable[[UnexplainedOutput], None] = lambda found: None,
    ) -> Verdict:
        self.graded.append(code)
        outcome, stdout, line_at_fault = Outcome.PASSED, "", None
        answer: NDArray[np.float64] | None = None
        names = tuple(case.name for case in problem.cases(mode, fresh_seed=fresh_seed))
        on_event(Running(cases=names))
        try:
            for line in code.splitlines():
                match line.split():
                    case ["outcome", name]:
                        outcome = Outcome(name)
                    case ["wait", seconds]:
                        await asyncio.sleep(float(seconds))
                    case ["break" | "starve" as how, *times]:
                        _end(how, *map(int, times), run=self.graded.count(code))
                    case ["line", number]:
                        line_at_fault = int(number)
                    case ["unexplained", *numbers]:
                        output = np.asarray([float(number) for number in numbers], dtype="<f4").tobytes()
                        on_unexplained(UnexplainedOutput(layout="0" * 64, output=output))
                    case ["print", *words]:
                        stdout += " ".join(words) + "\n"
                    case ["answers", *numbers]:
                        answer = np.array([float(number) for number in numbers])
                    case _:
                        pass
        except asyncio.CancelledError:
            self.stopped.append(code)
            raise
        cases = tuple(
            CaseResult(
                name=name,
                visibility=Visibility.SAMPLE,
                outcome=outcome,
                points=1.0,
                group=name.partition("-fresh-")[0],
            )
            for name in names
        )
        if answer is not None:
            outcome = Outcome.WRONG_VALUE
            cases = tuple(msgspec.structs.replace(_compared(answer), name=name) for name in names)
        for case in cases:
            on_event(CaseDone(case=case))
        right = outcome is Outcome.PASSED
        is_pending = right and mode is Mode.SUBMIT and "warm" in code.splitlines()
        return Verdict(
            problem=problem.slug,
            version=problem.version,
            outcome=Outcome.ACCEPTED if right else outcome,
            accepted=right,
            score=float(right),
            diagnosis=None,
            cases=cases,
            stdout=stdout,
            stderr="",
            error=LearnerError(
                type=outcome.value,
                message="as it was told",
                line=line_at_fault,
                explanation="In `plain` words.",
            )
            if line_at_fault
            else None,
            wall_seconds=0.0,
            environment=self.environment(),
            fresh_seed=fresh_seed,
            explained=Explained.CUT_SHORT if not is_pending and "cut_short" in code.splitlines() else None,
            confirmation=Confirmation.PENDING if is_pending else None,
        )


async def _later(code: str, *, times: int) -> None:
    """Break or wait where the code says so of what follows a verdict; `times` it was asked for."""
    for line in code.splitlines():
        match line.split():
            case ["later_break", most] if times <= int(most):
                raise GraderError("the scripted grader broke, as it was told")
            case ["later_wait"]:
                await asyncio.Event().wait()
            case _:
                pass


def _end(how: str, times: int = 1, *, run: int) -> None:
    """Break, or starve if this is one of the first `times` runs."""
    if how == "break":
        raise GraderError("the scripted grader broke, as it was told")
    if run <= times:
        raise Starved("the scripted grader waited for a processor, as it was told")


def _compared(answer: NDArray[np.float64]) -> CaseResult:
    """As the real grader would have it of a sample case that asks for 1 2 4."""
    given, expected = pack_array(answer), pack_array(np.array([1.0, 2.0, 4.0]))
    found = compare(given, expected, Tolerance(), dtype="float64")
    details = result_details(found, given, expected, Tolerance())
    return CaseResult(
        name="",
        visibility=Visibility.SAMPLE,
        outcome=found.outcome,
        points=1.0,
        max_abs_error=found.max_abs_error,
        max_abs_error_at=found.max_abs_error_at,
        mismatched=found.mismatched,
        size=found.size,
        message=details.advice,
        differences=details.differences,
        picture=details.picture,
    )


@asynccontextmanager
async def open_scripted_grader() -> AsyncIterator[ScriptedGrader]:
    """In the place of the real one: `create_app(settings, open_grader=open_scripted_grader)`."""
    yield ScriptedGrader()
