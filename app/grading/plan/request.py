"""A problem and somebody's code → what the sandbox is asked."""

import hashlib
from collections.abc import Sequence

from app.core.problem import Entry, Problem
from app.grading.plan.calls import plan_calls
from app.grading.plan.checks import Check
from sandbox.interface import Outputs, RunRequest, Structure
from sandbox.limits import Limits


def request_for(problem: Problem, code: str, checks: Sequence[Check]) -> RunRequest:
    """`code` on `checks`, as `plan_calls` orders their calls."""
    manifest = problem.manifest
    return RunRequest(
        code=code,
        parameters=manifest.entry.parameters,
        calls=plan_calls(checks).calls,
        outputs=outputs_of(manifest.entry),
        forbidden=manifest.forbidden,
        cache_key=compartment(problem),
    )


def outputs_of(entry: Entry) -> Outputs:
    """What a call should return, as the sandbox is told."""
    named = entry.named_outputs
    return Outputs(
        structure=Structure(entry.structure),
        names=tuple(output.name for output in named),
        dtypes=tuple(output.dtype for output in named),
    )


def limits_for(problem: Problem) -> Limits:
    """What a learner's run of this problem may use."""
    limits = problem.manifest.limits
    return Limits(
        wall_seconds=limits.wall_seconds,
        idle_seconds=limits.idle_seconds,
        cpu_seconds=limits.cpu_seconds,
        memory_bytes=limits.memory_mb << 20,
        processes=limits.processes,
        output_bytes=limits.output_kb << 10,
    )


def compartment(problem: Problem) -> str:
    """The part of the compilation cache that belongs to one version of one problem."""
    return problem.version[:32]


def warm_jail_key(problem: Problem, learner: str) -> str:
    """Whose code may have practised on what: one learner, one version of one problem."""
    return hashlib.sha256(f"{problem.version}\0{learner}".encode()).hexdigest()
