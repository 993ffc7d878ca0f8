"""A submission → a verdict: the whole way, once."""

import math
import secrets
import time
from collections.abc import Callable
from typing import Literal

import msgspec

from app.core.events import CaseDone, Event, Running
from app.core.outcome import Outcome, worst
from app.core.problem import Problem
from app.core.submission import UnexplainedOutput
from app.core.verdict import Confirmation, Explained, Mode, Verdict
from app.errors import GraderError
from app.grading.diagnose.diagnose import DIAGNOSABLE, Diagnoser, Look, prepare_outputs
from app.grading.diagnose.numbers import unexplained_output
from app.grading.plan.checks import checks_of, redrawn_checks
from app.grading.plan.host_needs import require_host
from app.grading.plan.request import BEHIND_PAGES, limits_for, request_for, warm_jail_key
from app.grading.reference.outputs import ReferenceOutputs
from app.grading.reference.seed_pool import SeedPool
from app.grading.run.run_checks import CheckedRun, run_checks, run_checks_warm
from app.grading.run.score import score
from sandbox.interface import Ending, Sandbox

GradingStage = Literal["running", "diagnosis"]

_BACKGROUND_NICENESS = 15
_CONFIRMING_NICENESS = 8
"""Somebody may be waiting for it, though nobody for a first answer."""
_NOTES_SHOWN = 12


def ignore_event(_: Event) -> None:
    """Do nothing, for callers who only want the verdict."""


def ignore_unexplained(_: UnexplainedOutput) -> None:
    """Do nothing, for callers who do not count what nothing explains."""


def ignore_stage(stage: GradingStage, seconds: float) -> None:
    """Do nothing, for callers who do not count the time."""


class Grader:
    """Grades with two sandboxes: one for learners' code, one for the code that problems are made of."""

    def __init__(
        self,
        sandbox: Sandbox,
        answers: ReferenceOutputs,
        *,
        diagnosis_seconds: float = 20.0,
        prepares_diagnosis: bool = True,
        on_stage: Callable[[GradingStage, float], None] = ignore_stage,
        seeds_ahead: int = 0,
    ) -> None:
        """Keep `diagnosis_seconds`, what a look into a refused solution may take of a processor; 0 for none.

        With `prepares_diagnosis`, answers of variants and reference that nobody has computed yet are computed
        before that time starts: for those who wait for one verdict, and have no worker that prepared it.
        `on_stage` is given how long each took: the run with its comparison, and what a diagnosis took.
        `seeds_ahead` is how many seeds of fresh cases wait for the next submissions to each problem.
        """
        self._sandbox = sandbox
        self.answers = answers
        self._diagnoser = Diagnoser(sandbox, answers, seconds=diagnosis_seconds, prepares=prepares_diagnosis)
        self._on_stage = on_stage
        self._grading = 0
        self._seeds = SeedPool(answers, lambda: self._grading > 0, ahead=seeds_ahead)

    async def close(self) -> None:
        """End what is prepared for later."""
        await self._seeds.close()

    @property
    def sandbox(self) -> Sandbox:
        """Where learners' code runs, with a compilation cache that is only read."""
        return self._sandbox

    def environment(self) -> dict[str, str]:
        """Return the environment that verdicts carry."""
        return self._sandbox.environment()

    async def grade(
        self,
        problem: Problem,
        code: str,
        mode: Mode,
        *,
        fresh_seed: int | None,
        on_event: Callable[[Event], None] = ignore_event,
        learner: str | None = None,
        on_unexplained: Callable[[UnexplainedOutput], None] = ignore_unexplained,
    ) -> Verdict:
        """Run `code` on what `mode` grades, compare, and explain.

        With `learner`, a name, this learner's next run is pre-warmed on this code once nothing else runs.
        What is accepted in such a warm jail is `pending`: see `confirm`.
        `on_unexplained` is given what a wrong solution answered, where no diagnosis was found.
        Emits `Running` and a `CaseDone` a check; not `Queued` and not `VerdictReached`.

        Raises:
            HostLacks: this host has not what the problem needs.
            ReferenceFailed: a reference or variant of the problem gave no usable answer.
            SandboxError: the jail broke.
        """
        require_host(problem)
        self._grading += 1
        try:
            return await self._grade(
                problem,
                code,
                mode,
                fresh_seed,
                on_event=on_event,
                learner=learner,
                on_unexplained=on_unexplained,
                on_stage=self._on_stage,
            )
        finally:
            self._grading -= 1
            # For what is submitted to: each needs a reference that stays loaded.
            if mode is Mode.SUBMIT:
                self._seeds.plan(problem)

    async def take_seed(self, problem: Problem) -> int | None:
        """Take a new seed of fresh cases whose expected answers are known; None where none is ready."""
        return self._seeds.take(problem)

    async def _grade(
        self,
        problem: Problem,
        code: str,
        mode: Mode,
        fresh_seed: int | None,
        *,
        on_event: Callable[[Event], None] = ignore_event,
        learner: str | None = None,
        on_unexplained: Callable[[UnexplainedOutput], None],
        on_stage: Callable[[GradingStage, float], None] = ignore_stage,
        niceness: int = BEHIND_PAGES,
    ) -> Verdict:
        start = time.perf_counter()
        checks = checks_of(problem, mode, fresh_seed=fresh_seed)
        on_event(Running(cases=tuple(check.name for check in checks)))
        # The lasting answers first: they are on disk, or computing them fills the compilation cache that
        # this very run will read. Fresh ones are computed beside the run.
        await self.answers.of_reference(problem, [check for check in checks if not check.is_fresh])
        asked = (self._sandbox, problem, code, checks, self.answers)
        run = await run_checks_warm(*asked, learner=learner) if learner else None
        is_warm = run is not None
        if run is not None:
            for result in run.case_results:
                on_event(CaseDone(case=result))
        else:
            run = await run_checks(*asked, lambda result: on_event(CaseDone(case=result)), niceness=niceness)
        if learner and run.result.ending is Ending.FINISHED:
            self._prewarm(problem, code, learner)
        ran_at = time.perf_counter()
        on_stage("running", ran_at - start)
        look = await self._diagnoser.diagnose(problem, code, run)
        run = look.run
        if look.diagnosis is not None or any(result.outcome in DIAGNOSABLE for result in run.case_results):
            on_stage("diagnosis", time.perf_counter() - ran_at)
        outcome = worst(result.outcome for result in run.case_results)
        _hand_out_unexplained(look, on_unexplained)
        return Verdict(
            problem=problem.slug,
            version=problem.version,
            outcome=outcome,
            accepted=outcome is Outcome.ACCEPTED,
            score=score(run.checks, run.case_results),
            diagnosis=look.diagnosis,
            cases=run.case_results,
            stdout=run.result.stdout,
            stderr=run.result.stderr,
            error=run.error,
            wall_seconds=time.perf_counter() - start,
            environment=self.environment(),
            message=run.message,
            notes=_notes(run),
            fresh_seed=fresh_seed if mode is Mode.SUBMIT else None,
            explained=look.explained,
            # A run counts nowhere, so it needs no second one.
            confirmation=Confirmation.PENDING if is_warm and mode is Mode.SUBMIT else None,
        )

    async def confirm(
        self,
        problem: Problem,
        code: str,
        mode: Mode,
        verdict: Verdict,
        *,
        on_unexplained: Callable[[UnexplainedOutput], None] = ignore_unexplained,
    ) -> Verdict:
        """Grade `code` again on the same cases in a fresh jail, where `verdict` was reached in a warm one.

        Whatever earlier code has left in a warm jail is not there. What the fresh one says is what counts:
        its results where it accepts too, else its whole verdict, which is `refused`.

        Raises:
            ReferenceFailed: a reference or variant of the problem gave no usable answer.
            SandboxError: the jail broke.
        """
        self._grading += 1
        try:
            again = await self._grade(
                problem,
                code,
                mode,
                verdict.fresh_seed,
                on_unexplained=on_unexplained,
                niceness=_CONFIRMING_NICENESS,
            )
        finally:
            self._grading -= 1
        if not again.accepted:
            return msgspec.structs.replace(again, confirmation=Confirmation.REFUSED)
        return msgspec.structs.replace(
            verdict, cases=again.cases, score=again.score, confirmation=Confirmation.CONFIRMED
        )

    async def explain(
        self,
        problem: Problem,
        code: str,
        mode: Mode,
        verdict: Verdict,
        *,
        on_unexplained: Callable[[UnexplainedOutput], None] = ignore_unexplained,
    ) -> Verdict:
        """Finish the look that was cut short when `verdict` was reached: run `code` again, look to the end.

        Nothing but the explanation is another afterwards. There is none, given up, where the code does not
        end as it did, which is how code that answers otherwise each time ends.

        Raises:
            GraderError: the look was cut short again, as where the machine is very busy.
            ReferenceFailed: a reference or variant of the problem gave no usable answer.
            SandboxError: the jail broke.
        """
        self._grading += 1
        try:
            checks = checks_of(problem, mode, fresh_seed=verdict.fresh_seed)
            run = await run_checks(self._sandbox, problem, code, checks, self.answers)
            look = await self._diagnoser.diagnose(problem, code, run, seconds=math.inf)
        finally:
            self._grading -= 1
        if look.explained is Explained.CUT_SHORT or run.result.ending is Ending.TIME_LIMIT:
            raise GraderError("A look into a refused solution was cut short again.")
        ended = [(result.name, result.outcome) for result in verdict.cases]
        if ended != [(result.name, result.outcome) for result in look.run.case_results]:
            return msgspec.structs.replace(verdict, explained=Explained.GIVEN_UP)
        _hand_out_unexplained(look, on_unexplained)
        return msgspec.structs.replace(verdict, diagnosis=look.diagnosis, explained=look.explained)

    def waits_for(self, problem: Problem, learner: str) -> bool:
        """Return whether a jail has been pre-warmed with this learner's last code."""
        return self._sandbox.waits_for(warm_jail_key(problem, learner))

    @property
    def waiting_pids(self) -> list[int]:
        """The processes of all jails that wait, for those who measure them."""
        return self._sandbox.waiting_pids

    async def prepare_reference(self, problem: Problem) -> None:
        """Compute every lasting expected answer that is not there, and so fill the compilation cache.

        Raises:
            HostLacks: this host has not what the problem needs.
            ReferenceFailed: the reference gave no usable answer.
            SandboxError: the jail broke.
        """
        require_host(problem)
        await self.answers.of_reference(problem, checks_of(problem, Mode.SUBMIT, fresh_seed=None))

    async def prepare_solutions(self, problem: Problem) -> None:
        """Prepare also-right solutions, and what a diagnosis asks; this steps back for learners' runs.

        Raises:
            ReferenceFailed: one of them did not run to its end.
            SandboxError: the jail broke.
        """
        await self._diagnoser.prepare(problem, niceness=_BACKGROUND_NICENESS)
        await prepare_outputs(self.answers, problem, problem.also_right, niceness=_BACKGROUND_NICENESS)

    def _prewarm(self, problem: Problem, code: str, learner: str) -> None:
        """Have a jail pre-warmed on made-up arguments of the same shapes."""
        checks = redrawn_checks(problem, secrets.randbits(32))
        self._sandbox.prewarm(
            warm_jail_key(problem, learner), request_for(problem, code, checks), limits=limits_for(problem)
        )


def _hand_out_unexplained(look: Look, on_unexplained: Callable[[UnexplainedOutput], None]) -> None:
    """Hand out what a wrong solution answered, where the whole look has explained nothing."""
    if look.diagnosis is not None or look.explained is Explained.CUT_SHORT:
        return
    outcome = worst(result.outcome for result in look.run.case_results)
    if outcome in DIAGNOSABLE and (unexplained := unexplained_output(look.run)):
        on_unexplained(unexplained)


def _notes(run: CheckedRun) -> tuple[str, ...]:
    """Return each note once; those of hidden cases could carry their values."""
    loaded = run.result.loaded
    pairs = zip(run.checks, run.result.calls, strict=False)
    reported = [note for check, call in pairs if not check.call.is_hidden for note in call.notes]
    return tuple(dict.fromkeys((*(loaded.notes if loaded else ()), *reported)))[:_NOTES_SHOWN]
