"""Every solution graded in the four states, with the bits of its answers."""

import asyncio
import enum
import hashlib
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.verdict import Mode
from app.grading.grader import Grader
from app.grading.open_grader import open_grader
from app.grading.plan.checks import checks_of
from app.grading.plan.request import plan_calls, request_for
from sandbox.interface import Arrays, CallMode, RunRequest
from tests.far_problems.packages import Role, Solution, far_problems, solutions_of
from tests.far_problems.recorder import RecordingSandbox

_POLL_SECONDS = 0.02
_PATIENCE_SECONDS = 1800.0
"""For a jail to be warm; what fails then has failed, however slow the machine is."""


class State(enum.StrEnum):
    """What a run finds of earlier ones."""

    COLD = "cold"
    CACHED = "cached"
    WARM = "warm"
    OTHER_WORKER = "other_worker"
    BESIDE_FILLING = "beside_filling"
    """That of another worker, while somebody else is leaving the programs."""


class Graded(msgspec.Struct, frozen=True, kw_only=True):
    """How one solution was graded in one state; `bits` are digests of what its plain calls returned."""

    slug: str
    role: Role
    state: State
    outcome: Outcome
    message: str
    bits: tuple[str, ...]


def bits_of(request: RunRequest, returned: Sequence[Arrays]) -> tuple[str, ...]:
    """Return a digest a call, of all that its answer is; calls that look into a module are left out."""
    digests = []
    for call, arrays in zip(request.calls, returned, strict=False):
        if call.mode != CallMode.PLAIN or call.module is not None:
            continue
        digest = hashlib.sha256()
        for name, array in arrays.items():
            digest.update(repr((name, array.dtype, array.shape)).encode() + array.data)
        digests.append(digest.hexdigest()[:16])
    return tuple(digests)


def request_of(solution: Solution) -> RunRequest:
    """Return what a submission of this solution asks the sandbox."""
    checks = checks_of(solution.problem, Mode.SUBMIT, fresh_seed=None)
    return request_for(solution.problem, solution.code, checks)


class FarGrader:
    """A worker's grader, with a recorder between it and its sandbox."""

    def __init__(self, grader: Grader) -> None:
        self.grader = grader
        self._recorder = RecordingSandbox(grader._sandbox)
        grader._sandbox = self._recorder

    async def fill(self, problem: Problem) -> dict[Role, tuple[str, ...]]:
        """Have a trusted run leave the compiled programs of every solution; return its bits by role."""
        checks = checks_of(problem, Mode.SUBMIT, fresh_seed=None)
        solutions = solutions_of(problem)
        codes = [solution.code for solution in solutions]
        outputs = await self.grader.answers.of_solutions(problem, codes, checks)
        places = plan_calls(checks).places
        first = [places.index(call) for call in range(max(places) + 1)]
        return {
            solution.role: bits_of(request_of(solution), [given[check].arrays for check in first])
            for solution, given in zip(solutions, outputs, strict=True)
        }

    async def grade(self, solution: Solution, state: State, *, learner: str | None = None) -> Graded:
        """Grade it as a submission; with `learner`, whose next one then finds a warm jail.

        In the state `WARM` the verdict must come from the learner's jail, unless it refuses.
        """
        verdict = await self.grader.grade(
            solution.problem, solution.code, Mode.SUBMIT, fresh_seed=None, learner=learner
        )
        run = self._recorder.last_run(solution.code)
        if state is State.WARM and solution.is_right:
            assert run.in_warm_jail, f"{solution.problem.slug}: {verdict.message} {verdict.error}"
        return Graded(
            slug=solution.problem.slug,
            role=solution.role,
            state=state,
            outcome=verdict.outcome,
            message=f"{verdict.message} {verdict.error or ''} {verdict.stderr[-500:]}".strip(),
            bits=bits_of(run.request, [call.arrays for call in run.result.calls]),
        )

    async def grade_all(self, problem: Problem, state: State) -> list[Graded]:
        """Grade each of its solutions, by nobody whose jail could be warm."""
        return [await self.grade(solution, state) for solution in solutions_of(problem)]

    async def warmed(self, problem: Problem, learner: str) -> None:
        """Wait until a jail waits for the learner's next submission."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not self.grader.waits_for(problem, learner):  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(_POLL_SECONDS)

    async def grade_cached_and_warm(self, problem: Problem, *, thoroughly: bool = False) -> list[Graded]:
        """Submit reference and variant to fresh jails, the other right one to what the reference warmed.

        With `thoroughly` each right one is submitted to both, and the learner goes on until the variant,
        whose verdict comes from a fresh jail by itself.
        """
        learner = f"learner of {problem.slug}"
        reference, also_right, variant = solutions_of(problem)
        graded = [await self.grade(reference, State.CACHED, learner=learner)]
        if graded[0].outcome is not Outcome.ACCEPTED:
            return graded  # No jail is made warm on what has failed.
        for solution in (reference, also_right, variant) if thoroughly else (also_right,):
            await self.warmed(problem, learner)
            graded.append(await self.grade(solution, State.WARM, learner=learner))
        for solution in (also_right, variant) if thoroughly else (variant,):
            graded.append(await self.grade(solution, State.CACHED))
        return graded


@asynccontextmanager
async def open_far_grader(place: Path, *, warm_jails: int = 1) -> AsyncIterator[FarGrader]:
    """Open a worker's grader over the data folder `place`."""
    async with open_grader(
        data_dir=place, unjailed=False, warm_jails=warm_jails, diagnosis_seconds=0.0
    ) as grader:
        yield FarGrader(grader)


def without_programs(place: Path, copy: Path) -> Path:
    """Copy a data folder, without its compiled programs, and so that none need be made for the answers."""
    for answers in place.glob("grading/*/answers"):
        shutil.copytree(answers, copy / answers.relative_to(place), dirs_exist_ok=True)
    return copy


def faults_of(graded: Sequence[Graded], plain: Mapping[Role, tuple[str, ...]]) -> list[str]:
    """Say what is not as it should be: another outcome, or other bits than a plain JAX gives.

    Where those are not known, all states must give the same ones.
    """
    faults = []
    known = dict(plain)
    for one in graded:
        known.setdefault(one.role, one.bits)
        [variant] = far_problems()[one.slug].manifest.variants.values()
        expected = variant.outcome if one.role is Role.VARIANT else Outcome.ACCEPTED
        if one.outcome is not expected:
            faults.append(f"{one.state}, {one.role}: {one.outcome}: {one.message}")
        elif one.bits != known[one.role]:
            faults.append(f"{one.state}, {one.role}: other bits")
    return faults
