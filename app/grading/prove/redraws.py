"""Other draws: a wrong variant must not be caught by the luck of the seeds that a problem happens to have."""

import math
from collections.abc import Mapping, Sequence

from app.core.outcome import Outcome
from app.core.problem import Problem
from app.errors import ReferenceFailed
from app.grading.compare.distance import distance
from app.grading.compare.tolerance import tolerance_of
from app.grading.plan.checks import redrawn_checks
from app.grading.prove.reasons import Fault, Reason
from app.grading.prove.results import Figure, Role, SolutionResult
from app.grading.reference.outputs import ReferenceOutputs

DRAWS = 20
"""How often every seed of the problem is drawn anew."""
NEAREST = 3
"""How many variants, nearest first: what is further away depends on no draw."""
_SEED = 1_000_003
_FAR = 1e6


async def redraw_figure(
    problem: Problem,
    answers: ReferenceOutputs,
    results: Sequence[SolutionResult],
    declared: Mapping[str, Sequence[str]],
) -> Figure | None:
    """Measure the nearest variants where each shows most, on `DRAWS` other draws of all seeds.

    The least distance of each must still be refused. None where no variant is measured by numbers.

    Raises:
        SandboxError: the jail broke.
    """
    nearest = _nearest(results, declared)
    if not nearest:
        return None
    drawn = [{check.name: check for check in redrawn_checks(problem, _SEED + draw)} for draw in range(DRAWS)]
    where = sorted(set(nearest.values()))
    checks = [named[name] for named in drawn for name in where if name in named]
    programs = [problem.reference, *(problem.variants[variant] for variant in nearest)]
    asked = [(check, program) for check in checks for program in range(len(programs))]
    try:
        calls = await answers.run_programs(problem, programs, asked)
    except ReferenceFailed as fault:
        return _figure({}, f"on other draws, {fault}")
    least = dict.fromkeys(nearest, math.inf)
    by_check = [calls[start : start + len(programs)] for start in range(0, len(calls), len(programs))]
    for check, (wanted, *given) in zip(checks, by_check, strict=True):
        for (variant, shows), call in zip(nearest.items(), given, strict=True):
            if shows == check.name and wanted.arrays:
                tolerance = tolerance_of(problem, check, wanted.arrays)
                least[variant] = min(least[variant], distance(call.arrays, wanted.arrays, tolerance))
    return _figure(least)


def _nearest(results: Sequence[SolutionResult], declared: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return the nearest variants, each with the check where it shows most, of those that numbers measure."""
    shown: dict[str, tuple[float, str]] = {}
    for result in results:
        if result.role is not Role.VARIANT or result.outcome is Outcome.ACCEPTED:
            continue
        measured = [(result.distances.get(name, 0.0), name) for name in declared[result.id]]
        if measured and max(measured)[0] < _FAR:
            shown[result.id] = max(measured)
    return {name: shown[name][1] for name in sorted(shown, key=shown.__getitem__)[:NEAREST]}


def _figure(least: Mapping[str, float], failure: str = "") -> Figure:
    passing = {name: value for name, value in least.items() if value <= 1}
    faults = [
        Fault(
            reason=Reason.VARIANT_PASSES_A_DRAW,
            message=f"{name} lies {value:.2g} tolerances from the reference on one of {DRAWS} other draws, "
            "where it shows most",
        )
        for name, value in passing.items()
    ]
    if failure:
        faults.append(Fault(reason=Reason.VARIANT_PASSES_A_DRAW, message=failure))
    value = min(least.values(), default=None)
    name = min(least, key=least.__getitem__) if least else ""
    shown = failure or f"nearest variant on {DRAWS} other draws: {name}, at least {value:.3g} tolerances away"
    return Figure(
        id="other_draws",
        text=f"{shown} (more than 1)",
        value=value,
        bound=1.0,
        by_name=dict(least),
        faults=tuple(faults),
    )
