"""What right solutions take where nothing has been compiled before, as a learner's may.

Compiling is nearly all of it, and right solutions share most of their programs. So only the reference is run
from nothing. Every other one finds the reference's programs, and what those took is added to what it takes:
at most so much it would have taken from nothing. Only where that is more than there is time for is it run
from nothing as well.
"""

import secrets
from collections.abc import Mapping, Sequence

import msgspec

from app.core.problem import Problem
from app.grading.grader import Grader
from app.grading.plan.checks import Check
from app.grading.plan.request import request_for
from app.grading.prove.margin import TIME_FACTOR
from app.grading.reference.outputs import TRUSTED_LIMITS
from sandbox.interface import Ending, RunResult


class ReferenceRuns(msgspec.Struct, frozen=True, kw_only=True):
    """The reference from nothing, whose programs are kept under `programs`, and with programs at hand."""

    cold: RunResult
    warm: RunResult
    programs: str

    @property
    def compiling_seconds(self) -> float:
        """Return the processor time that having its programs spares."""
        return max(0.0, self.cold.cpu_seconds - self.warm.cpu_seconds)


class ColdSeconds(msgspec.Struct, frozen=True, kw_only=True):
    """Processor seconds by solution; those of `at_most` are an upper bound."""

    by_solution: Mapping[str, float]
    at_most: frozenset[str]


async def run_reference(problem: Problem, grader: Grader, checks: Sequence[Check]) -> ReferenceRuns:
    """Run the reference twice; `forget_programs` takes away what the first run compiled.

    Raises:
        SandboxError: the jail broke.
    """
    request = request_for(problem, problem.reference, checks)
    programs = secrets.token_hex(16)
    cold = await grader.answers.run_anew(msgspec.structs.replace(request, cache_key=programs))
    warm = await grader.answers.run_anew(request)
    return ReferenceRuns(cold=cold, warm=warm, programs=programs)


async def cold_seconds(
    problem: Problem, grader: Grader, checks: Sequence[Check], reference: ReferenceRuns
) -> ColdSeconds:
    """Measure the reference and every also-right solution that comes to its end.

    One that does not is refused anyway, and says nothing of the time that a right one takes.

    Raises:
        SandboxError: the jail broke.
    """
    found = {"reference": reference.cold.cpu_seconds}
    at_most: set[str] = set()
    limit = problem.manifest.limits.cpu_seconds
    for name, code in sorted(problem.also_right.items()):
        request = request_for(problem, code, checks)
        # Where learners run nothing is written: each finds the reference's programs and no others.
        shared = await grader.sandbox.run(
            msgspec.structs.replace(request, cache_key=reference.programs), limits=TRUSTED_LIMITS
        )
        if shared.ending is not Ending.FINISHED:
            continue
        seconds = shared.cpu_seconds + reference.compiling_seconds
        if TIME_FACTOR * seconds <= limit:
            at_most.add(name)
        else:
            alone = await grader.answers.run_anew(msgspec.structs.replace(request, cache_key=""))
            seconds = alone.cpu_seconds
        found[name] = seconds
    return ColdSeconds(by_solution=found, at_most=frozenset(at_most))
