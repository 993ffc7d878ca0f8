"""A submission → a verdict: the whole way, once."""

import asyncio
import functools
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import msgspec

from app.core.events import CaseDone, Event, Running
from app.core.outcome import Outcome, worst
from app.core.problem import Problem
from app.core.unexplained import UnexplainedOutput
from app.core.verdict import CaseResult, Diagnosis, Mode, Verdict
from app.grading.diagnose.creation_order import as_creation_order, creation_order, is_creation_order
from app.grading.diagnose.diagnose import Deadline, diagnose, seed_ignored
from app.grading.diagnose.stages import follow, items_to_prepare
from app.grading.diagnose.unexplained import unexplained_output
from app.grading.plan.checks import GradedItem, ItemKind, checkpoint_items, items_of, practice_items
from app.grading.plan.request import limits_for, rehearsal_key, request_for
from app.grading.reference.outputs import TrustedAnswers
from app.grading.reference.seed_pool import FreshSeeds
from app.grading.run.run_checks import ItemsRun, run_items
from sandbox.interface import Ending, Sandbox

_DIAGNOSABLE = (Outcome.WRONG_VALUE, Outcome.WRONG_PARAMETERS, Outcome.WRONG_SHAPE, Outcome.NOT_FINITE)

GradingStage = Literal["running", "diagnosis"]

_BACKGROUND_NICENESS = 15
_NOTES_SHOWN = 12


def ignore_event(_: Event) -> None:
    """For callers who only want the verdict."""


def ignore_unexplained(_: UnexplainedOutput) -> None:
    """For callers who do not count what nothing explains."""


def ignore_stage(stage: GradingStage, seconds: float) -> None:
    """For callers who do not count the time."""


class Grader:
    """Grades with two sandboxes: one for learners' code, one for the code that problems are made of."""

    def __init__(
        self,
        sandbox: Sandbox,
        answers: TrustedAnswers,
        *,
        diagnosis_seconds: float = 20.0,
        prepares_diagnosis: bool = True,
        on_stage: Callable[[GradingStage, float], None] = ignore_stage,
        seeds_ahead: int = 0,
    ) -> None:
        """`diagnosis_seconds` is how long a refused solution may be looked into; 0 for not at all.

        With `prepares_diagnosis`, answers of variants and reference that nobody has computed yet are computed
        before that time starts: for those who wait for one verdict, and have no worker that prepared it.
        `on_stage` is told how long each took: the run with its comparison, and what a diagnosis took.
        `seeds_ahead` is how many seeds of fresh cases wait for the next submissions to each problem.
        """
        self._sandbox = sandbox
        self.answers = answers
        self._diagnosis_seconds = diagnosis_seconds
        self._prepares_diagnosis = prepares_diagnosis
        self._on_stage = on_stage
        self._grading = 0
        self._seeds = FreshSeeds(answers, lambda: self._grading > 0, ahead=seeds_ahead)

    async def close(self) -> None:
        """End what is prepared for later."""
        await self._seeds.close()

    def environment(self) -> dict[str, str]:
        """The fingerprint that verdicts carry."""
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

        With `learner`, a name, this learner's next run is rehearsed on this code once nothing else runs.
        `on_unexplained` is given what a wrong solution answered, where no diagnosis was found.
        Emits `Running` and a `CaseDone` a row; not `Queued` and not `VerdictReached`.

        Raises:
            ReferenceFailed: a reference or variant of the problem gave no usable answer.
            SandboxError: the jail broke.
        """
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
            )
        finally:
            self._grading -= 1
            # For what is submitted to: each needs a reference that stays loaded.
            if mode is Mode.SUBMIT:
                self._seeds.plan(problem)

    def take_seed(self, problem: Problem) -> int | None:
        """A new seed of fresh cases whose expected answers are known; None where none is ready."""
        return self._seeds.take(problem)

    async def _grade(
        self,
        problem: Problem,
        code: str,
        mode: Mode,
        fresh_seed: int | None,
        *,
        on_event: Callable[[Event], None],
        learner: str | None,
        on_unexplained: Callable[[UnexplainedOutput], None],
    ) -> Verdict:
        start = time.perf_counter()
        items = items_of(problem, mode, fresh_seed=fresh_seed)
        on_event(Running(cases=tuple(item.name for item in items)))
        # The lasting answers first: they are on disk, or computing them fills the compilation cache that
        # this very run will read. Fresh ones are computed beside the run.
        await self.answers.of_reference(problem, [item for item in items if not item.is_fresh])
        run = await self._rehearsed_run(problem, code, items, learner) if learner else None
        if run is not None:
            for row in run.rows:
                on_event(CaseDone(case=row))
        else:
            run = await self._run(problem, code, items, lambda row: on_event(CaseDone(case=row)))
        if learner and run.result.ending is Ending.FINISHED:
            self._rehearse(problem, code, learner)
        ran_at = time.perf_counter()
        self._on_stage("running", ran_at - start)
        run, diagnosis = await self._explain(problem, code, run)
        if diagnosis is not None or any(row.outcome in _DIAGNOSABLE for row in run.rows):
            self._on_stage("diagnosis", time.perf_counter() - ran_at)
        outcome = worst(row.outcome for row in run.rows)
        if outcome in _DIAGNOSABLE and diagnosis is None and (unexplained := unexplained_output(run)):
            on_unexplained(unexplained)
        return Verdict(
            problem=problem.slug,
            version=problem.version,
            outcome=outcome,
            accepted=outcome is Outcome.ACCEPTED,
            score=_score(run.rows),
            diagnosis=diagnosis,
            cases=run.rows,
            stdout=run.result.stdout,
            stderr=run.result.stderr,
            error=run.error,
            wall_seconds=time.perf_counter() - start,
            environment=self.environment(),
            message=run.message,
            notes=_notes(run),
            fresh_seed=fresh_seed if mode is Mode.SUBMIT else None,
        )

    def waits_for(self, problem: Problem, learner: str) -> bool:
        """Whether a jail has practised on this learner's last code."""
        return self._sandbox.waits_for(rehearsal_key(problem, learner))

    @property
    def waiting_pids(self) -> list[int]:
        """The processes of all jails that wait, for those who measure them."""
        return self._sandbox.waiting_pids

    async def prepare_reference(self, problem: Problem) -> None:
        """Have every lasting expected answer ready, and the compilation cache filled.

        Raises:
            ReferenceFailed: the reference gave no usable answer.
            SandboxError: the jail broke.
        """
        await self.answers.of_reference(problem, items_of(problem, Mode.SUBMIT, fresh_seed=None))

    async def prepare_solutions(self, problem: Problem) -> None:
        """The same for also-right solutions, and for what a diagnosis asks; steps back for learners' runs.

        Raises:
            ReferenceFailed: one of them did not run to its end.
            SandboxError: the jail broke.
        """
        await self._prepare_diagnosis(problem, niceness=_BACKGROUND_NICENESS)
        await self._prepare(problem, problem.also_right, niceness=_BACKGROUND_NICENESS)

    async def _run(
        self, problem: Problem, code: str, items: Sequence[GradedItem], on_row: Callable[[CaseResult], None]
    ) -> ItemsRun:
        expected = asyncio.ensure_future(self.answers.of_reference(problem, items))
        try:
            run = await run_items(self._sandbox.run, problem, code, items, expected, on_row)
        finally:
            expected.cancel()
        assert run is not None  # `Sandbox.run` always gives a result.
        return run

    async def _rehearsed_run(
        self, problem: Problem, code: str, items: Sequence[GradedItem], learner: str
    ) -> ItemsRun | None:
        """The run in a waiting child, if there is one and everything passes in it.

        What the child rehearsed may have changed its JAX, so only an acceptance counts: it rests on
        values that no process of the learner's ever holds. Anything else is run again, unrehearsed.
        """
        ways = functools.partial(self._sandbox.run_rehearsed, rehearsal_key(problem, learner))
        failed = asyncio.Event()
        expected = asyncio.ensure_future(self.answers.of_reference(problem, items))

        def look(row: CaseResult) -> None:
            if row.outcome is not Outcome.PASSED:
                failed.set()

        attempt = asyncio.ensure_future(run_items(ways, problem, code, items, expected, look))
        failure = asyncio.ensure_future(failed.wait())
        try:
            await asyncio.wait([attempt, failure], return_when=asyncio.FIRST_COMPLETED)
            return await attempt if not failed.is_set() else None
        finally:
            for task in (attempt, failure, expected):
                task.cancel()
            await asyncio.gather(attempt, failure, expected, return_exceptions=True)

    def _rehearse(self, problem: Problem, code: str, learner: str) -> None:
        """On made-up arguments of the same shapes."""
        items = practice_items(problem, secrets.randbits(32))
        self._sandbox.rehearse(
            rehearsal_key(problem, learner), request_for(problem, code, items), limits=limits_for(problem)
        )

    async def _explain(self, problem: Problem, code: str, run: ItemsRun) -> tuple[ItemsRun, Diagnosis | None]:
        """The run, its wrong values renamed where only the creation order differs; and the diagnosis."""
        outcome = worst(row.outcome for row in run.rows)
        if outcome not in _DIAGNOSABLE:
            return run, None
        if self._prepares_diagnosis and self._diagnosis_seconds:
            await self._prepare_diagnosis(problem)
        deadline = Deadline(self._diagnosis_seconds)
        look = (problem, code, run, self.answers, self._sandbox.run)
        followed = None
        if outcome is Outcome.WRONG_VALUE and is_creation_order(
            await self._with_checkpoints(problem, code, run)
        ):
            if self._diagnosis_seconds:
                followed = await deadline.within(follow(*look, thoroughly=True), None)
            if followed is None or followed.is_right_with_parameters:
                if followed is not None and followed.ignored_seed:
                    return run, seed_ignored(followed.ignored_seed)
                return msgspec.structs.replace(run, rows=as_creation_order(run.rows)), creation_order()
        if not self._diagnosis_seconds:
            return run, None
        return run, await diagnose(*look, deadline, followed)

    async def _prepare(self, problem: Problem, solutions: Mapping[str, str], *, niceness: int) -> None:
        codes = [code for _, code in sorted(solutions.items())]
        if codes:
            items = items_of(problem, Mode.SUBMIT, fresh_seed=None)
            await self.answers.of_solutions(problem, codes, items, niceness=niceness)

    async def _prepare_diagnosis(self, problem: Problem, *, niceness: int = 0) -> None:
        await self._prepare(problem, problem.variants, niceness=niceness)
        await self.answers.of_solutions(
            problem, [problem.reference], items_to_prepare(problem), niceness=niceness
        )

    async def _with_checkpoints(self, problem: Problem, code: str, run: ItemsRun) -> ItemsRun:
        """The run together with the checkpoint probes that it left out, as "Run" does."""
        if any(item.kind is ItemKind.CHECKPOINT for item in run.items):
            return run
        items = checkpoint_items(problem)
        if not items:
            return run
        more = await self._run(problem, code, items, lambda _: None)
        return msgspec.structs.replace(more, items=run.items + more.items, rows=run.rows + more.rows)


def _score(rows: Sequence[CaseResult]) -> float:
    total = sum(row.points for row in rows)
    reached = sum(map(_points_reached, rows))
    return reached / total if total else float(all(row.outcome is Outcome.PASSED for row in rows))


def _points_reached(row: CaseResult) -> float:
    if row.points_reached is not None:
        return row.points_reached
    return row.points if row.outcome is Outcome.PASSED else 0.0


def _notes(run: ItemsRun) -> tuple[str, ...]:
    """Each once; those of hidden cases could carry their values."""
    loaded = run.result.loaded
    pairs = zip(run.items, run.result.calls, strict=False)
    told = [note for item, call in pairs if not item.call.is_quiet for note in call.notes]
    return tuple(dict.fromkeys((*(loaded.notes if loaded else ()), *told)))[:_NOTES_SHOWN]
