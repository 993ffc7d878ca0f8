"""How much memory a jail takes that waits for a learner's next submission to position 46.

    .venv/bin/python -m bench.waiting_memory [--children N] [--patches all|none|NAME,…]

Prints proportional sizes (Pss of /proc/PID/smaps_rollup): pages that several processes share count
by their share, so the sum is what the machine really holds.
"""

import argparse
import asyncio
import statistics
from pathlib import Path

from app.core.verdict import Mode
from app.grading.open_grader import open_grader
from bench.graded_problem import DATA_DIR, position_46


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--children", type=int, default=8)
    parser.add_argument("--data-dir", type=Path, default=DATA_DIR)
    parser.add_argument("--patches", default="all", help="as in JAXERCISE_JAX_PATCHES")
    arguments = parser.parse_args()
    asyncio.run(_measure(arguments.children, arguments.data_dir, arguments.patches))


async def _measure(children: int, data_dir: Path, patches: str) -> None:
    problem = position_46()
    opened = open_grader(data_dir=data_dir, unjailed=False, jax_patches=patches, warm_jails=children)
    async with opened as grader:
        await grader.prepare_reference(problem)
        for number in range(children):
            learner = f"learner {number}"
            await grader.grade(problem, problem.reference, Mode.SUBMIT, fresh_seed=number, learner=learner)
            while not grader.waits_for(problem, learner):  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.05)
        sizes = [proportional_mb(pid) for pid in grader.waiting_pids]
    print(
        f"{len(sizes)} waiting jails, proportional MB: median {statistics.median(sizes):.0f}, "
        f"max {max(sizes):.0f}, sum {sum(sizes):.0f}"
    )


def proportional_mb(pid: int) -> float:
    """Return what a process holds, pages that it shares counted by its share."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"/proc/{pid}/smaps_rollup has no Pss")


if __name__ == "__main__":
    main()
