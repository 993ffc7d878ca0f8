"""Cost as work grows: more cases, more learners at once, more jails that wait.

    .venv/bin/python -m bench.growth [--picture docs/images/growth.png] [--json FILE]

Times position 46 with 1, 10 and 100 cases (a learner's first submission and the next one), then with 1,
8 and 32 learners who submit at the same moment, and sums the proportional memory of 10 and 100 jails
that wait. Prints tables with the cost of one more, and draws them.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from app.core.problem import Problem
from app.core.verdict import Mode
from app.grading.grader import Grader
from app.grading.open_grader import open_grader
from bench.graded_problem import DATA_DIR, as_new, position_46
from bench.growth_picture import draw
from bench.waiting_memory import proportional_mb

_CASES = (1, 10, 100)
_LEARNERS = (1, 8, 32)
_CHILDREN = (10, 100)
_ROUNDS = 3


class Growth(msgspec.Struct, frozen=True, kw_only=True):
    """Medians in seconds, and megabytes; each list lies beside its sizes."""

    cases: Sequence[int]
    first_by_cases: Sequence[float]
    next_by_cases: Sequence[float]
    learners: Sequence[int]
    first_by_learners: Sequence[float]
    next_by_learners: Sequence[float]
    """Until the last of them has a verdict."""
    children: Sequence[int]
    memory_by_children: Sequence[float]


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--data-dir", type=Path, default=DATA_DIR)
    arguments = parser.parse_args()
    growth = asyncio.run(_measure(arguments.data_dir))
    _print(growth)
    if arguments.json:
        arguments.json.write_bytes(msgspec.json.format(msgspec.json.encode(growth)))
    if arguments.picture:
        draw(growth, arguments.picture)


async def _measure(data_dir: Path) -> Growth:
    problem = position_46()
    async with open_grader(data_dir=data_dir, unjailed=False, warm_jails=max(_CHILDREN)) as grader:
        await grader.prepare_reference(problem)
        cases = [await _cases(grader, problem, count) for count in _CASES]
        learners = [await _learners(grader, problem, count) for count in _LEARNERS]
        children = [await _children(grader, problem, count) for count in _CHILDREN]
    return Growth(
        cases=_CASES,
        first_by_cases=[first for first, _ in cases],
        next_by_cases=[again for _, again in cases],
        learners=_LEARNERS,
        first_by_learners=[first for first, _ in learners],
        next_by_learners=[again for _, again in learners],
        children=_CHILDREN,
        memory_by_children=children,
    )


async def _cases(grader: Grader, problem: Problem, count: int) -> tuple[float, float]:
    """All cases are of one kind, so that the number alone makes the difference."""
    model = problem.case_named("wide-rgb")
    cases = tuple(
        msgspec.structs.replace(model, name=f"case-{number}", arguments={**model.arguments, "seed": number})
        for number in range(count)
    )
    manifest = msgspec.structs.replace(problem.manifest, cases=cases, probes=(), variants={}, also_right={})
    many = msgspec.structs.replace(problem, manifest=manifest, version=f"{count:064x}")
    await grader.prepare_reference(many)
    firsts, nexts = [], []
    for number in range(_ROUNDS):
        learner = f"{count} cases, {number}"
        firsts.append(await _seconds(grader, many, [learner]))
        nexts.append(await _seconds(grader, many, [learner]))
    return statistics.median(firsts), statistics.median(nexts)


async def _learners(grader: Grader, problem: Problem, count: int) -> tuple[float, float]:
    firsts, nexts = [], []
    for number in range(_ROUNDS):
        learners = [f"{number}, learner {one} of {count}" for one in range(count)]
        firsts.append(await _seconds(grader, problem, learners))
        nexts.append(await _seconds(grader, problem, learners))
    return statistics.median(firsts), statistics.median(nexts)


async def _children(grader: Grader, problem: Problem, count: int) -> float:
    for number in range(count):
        await _seconds(grader, problem, [f"waiting {number}"])
    # A waiting jail is counted with the share that it has in the fork server's pages.
    return sum(proportional_mb(pid) for pid in grader.waiting_pids[-count:])


async def _seconds(grader: Grader, problem: Problem, learners: Sequence[str]) -> float:
    """Until all have a verdict; afterwards a jail waits for each."""
    code = {learner: as_new(problem.reference) for learner in learners}
    start = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number, learner in enumerate(learners):
            group.create_task(_accepted(grader, problem, code[learner], number, learner))
    seconds = time.perf_counter() - start
    while not all(grader.waits_for(problem, learner) for learner in learners):  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    return seconds


async def _accepted(grader: Grader, problem: Problem, code: str, seed: int, learner: str) -> None:
    verdict = await grader.grade(problem, code, Mode.SUBMIT, fresh_seed=seed, learner=learner)
    assert verdict.accepted, verdict


def _print(growth: Growth) -> None:
    _table("cases", growth.cases, first=growth.first_by_cases, next=growth.next_by_cases)
    _table("learners at once", growth.learners, first=growth.first_by_learners, next=growth.next_by_learners)
    _table("jails that wait", growth.children, megabytes=growth.memory_by_children)


def _table(title: str, sizes: Sequence[int], **rows: Sequence[float]) -> None:
    print(f"{title:<22}" + "".join(f"{size:>10}" for size in sizes) + f"{'one more':>12}")
    for name, values in rows.items():
        one_more = (values[-1] - values[0]) / (sizes[-1] - sizes[0])
        print(f"{name:<22}" + "".join(f"{value:>10.3f}" for value in values) + f"{one_more:>12.4f}")


if __name__ == "__main__":
    main()
