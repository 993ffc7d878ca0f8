"""What right solutions take where nothing has been compiled before, as a learner's may.

Compiling is nearly all of it, and right solutions share most of their programs. So only the reference is run
from nothing. Every other one finds the reference's programs, and what those took is added to what it takes:
at most so much it would have taken from nothing. Only where that is more than there is time for is it run
from nothing as well.
"""

import secrets
from collections.abc import Sequence

import msgspec

from app.core.problem import Problem
from app.grading.grader import Grader
from app.grading.plan.checks import Check
from app.grading.plan.request import request_for
from app.grading.prove.margin import TimeTaken, fits
from app.grading.reference.outputs import TRUSTED_LIMITS
from sandbox.interface import Ending, RunResult
from sandbox.limits import Slowdown


class ReferenceRuns(msgspec.Struct, frozen=True, kw_only=True):
    """The reference from nothing, whose programs are kept under `programs`, and with programs at hand."""

    cold: RunResult
    warm: RunResult
    programs: str

    def taken(self, slowdown: Slowdown) -> TimeTaken:
        """Return what the reference takes from nothing."""
        return _taken(self.cold, slowdown)

    def spared(self, slowdown: Slowdown) -> TimeTaken:
        """Return what having its programs spares."""
        cold, warm = _taken(self.cold, slowdown), _taken(self.warm, slowdown)
        return TimeTaken(
            computing=max(0.0, cold.computing - warm.computing),
            compiling=max(0.0, cold.compiling - warm.compiling),
        )


async def run_reference(
    problem: Problem, grader: Grader, checks: Sequence[Check], *, warm: RunResult | None = None
) -> ReferenceRuns:
    """Run the reference from nothing; `forget_programs` takes away what that compiles.

    `warm` is a run with its programs at hand, if there was one.

    Raises:
        SandboxError: the jail broke.
    """
    request = request_for(problem, problem.reference, checks)
    programs = secrets.token_hex(16)
    cold = await grader.answers.run_anew(msgspec.structs.replace(request, cache_key=programs))
    if warm is None:
        warm = await grader.answers.run_anew(request)
    return ReferenceRuns(cold=cold, warm=warm, programs=programs)


async def cold_times(
    problem: Problem, grader: Grader, checks: Sequence[Check], reference: ReferenceRuns
) -> dict[str, TimeTaken]:
    """Measure the reference and every also-right solution that comes to its end, by name.

    One that does not is refused anyway, and says nothing of the time that a right one takes.

    Raises:
        SandboxError: the jail broke.
    """
    slowdown = grader.answers.slowdown
    found = {"reference": reference.taken(slowdown)}
    spared = reference.spared(slowdown)
    for name, code in sorted(problem.also_right.items()):
        request = request_for(problem, code, checks)
        # Where learners run nothing is written: each finds the reference's programs and no others.
        shared = await grader.sandbox.run(
            msgspec.structs.replace(request, cache_key=reference.programs), limits=TRUSTED_LIMITS
        )
        if shared.ending is not Ending.FINISHED:
            continue
        taken = _taken(shared, slowdown)
        at_most = TimeTaken(
            computing=taken.computing + spared.computing,
            compiling=taken.compiling + spared.compiling,
            is_at_most=True,
        )
        if fits(at_most, problem.manifest.limits):
            found[name] = at_most
        else:
            alone = await grader.answers.run_anew(msgspec.structs.replace(request, cache_key=""))
            found[name] = _taken(alone, slowdown)
    return found


def _taken(result: RunResult, slowdown: Slowdown) -> TimeTaken:
    """Return what a run took, whatever machine this is."""
    return TimeTaken(
        computing=(result.cpu_seconds - result.compile_seconds) / slowdown.computing,
        compiling=result.compile_seconds / slowdown.compiling,
    )
