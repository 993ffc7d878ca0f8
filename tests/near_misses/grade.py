"""Near misses, graded: how each check of a problem ends for each of them, on any number of fresh seeds."""

from collections.abc import Mapping, Sequence

import msgspec

from app.catalog.problem_folder import problem_files, read_problem
from app.core.outcome import Outcome, worst
from app.core.probes.probe import About
from app.core.problem import Problem
from app.core.verdict import Mode
from app.grading.check.judge import judge
from app.grading.compare.distance import distance
from app.grading.compare.tolerance import tolerance_of
from app.grading.plan.checks import Check, checks_of
from app.grading.reference.outputs import ReferenceOutputs
from tests.support.checkout import CHECKOUT

_FOLDERS = {
    "encoder-block": "41-encoder-block",
    "vit-mean-pool": "45-vit-mean-pool",
    "vit-cls-token": "46-vit-cls-token",
}

LASTING = -1
"""In the place of a fresh seed: the cases and probes that every submission is graded on."""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How one check ended: its outcome, and the largest error in units of the tolerance."""

    check: str
    seed: int
    outcome: Outcome
    distance: float


def whole_problem(slug: str) -> Problem:
    """Read a problem as its package says, nothing left out."""
    folder = _FOLDERS[slug]
    files = problem_files(CHECKOUT / "problems" / folder, CHECKOUT / "reference_solutions" / folder)
    return read_problem(files)


def checks_on(problem: Problem, seeds: Sequence[int]) -> list[tuple[int, Check]]:
    """Return the lasting checks once, and the fresh ones of every seed, each with its seed.

    Without the look at the parameters' tree, and without calls that only come again.
    """
    found: list[tuple[int, Check]] = []
    for place, seed in enumerate(seeds):
        for check in checks_of(problem, Mode.SUBMIT, fresh_seed=seed):
            if check.about is About.PARAMETERS or check.repeats:
                continue
            if check.is_fresh:
                # Answers are kept by name.
                found.append((seed, msgspec.structs.replace(check, name=f"{check.name}@{seed}")))
            elif place == 0:
                found.append((LASTING, check))
    return found


async def endings(
    problem: Problem,
    answers: ReferenceOutputs,
    codes: Mapping[str, str],
    checks: Sequence[tuple[int, Check]],
) -> dict[str, list[Ended]]:
    """Return how each check ends for each of `codes`, by name.

    Raises:
        ReferenceFailed: the reference gave no usable output, or a run did not come to its end.
        SandboxError: the jail broke.
    """
    asked = [check for _, check in checks]
    expected = await answers.of_reference(problem, asked)
    names = list(codes)
    pairs = [(check, program) for program in range(len(names)) for check in asked]
    made_calls = await answers.run_programs(problem, [codes[name] for name in names], pairs)
    made: dict[str, list[Ended]] = {}
    for program, name in enumerate(names):
        calls = made_calls[program * len(asked) : (program + 1) * len(asked)]
        made[name] = []
        for (seed, check), call, answer in zip(checks, calls, expected, strict=True):
            tolerance = tolerance_of(problem, check, answer.arrays)
            given = {key: array for key, array in call.arrays.items() if key in answer.arrays}
            made[name].append(
                Ended(
                    check=check.name.partition("@")[0],
                    seed=seed,
                    outcome=judge(problem, check, call, answer).outcome,
                    distance=distance(given, answer.arrays, tolerance),
                )
            )
    return made


def outcome_on(seed: int, ended: Sequence[Ended]) -> Outcome:
    """Return the verdict's outcome on one fresh seed, so far as these checks decide it."""
    return worst(one.outcome for one in ended if one.seed in (LASTING, seed))
