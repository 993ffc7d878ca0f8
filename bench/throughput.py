"""Graded submissions a minute and core, different code from different learners, beside a process per run.

    .venv/bin/python -m bench.throughput [--submissions N] [--processes N] [--patches all|none|NAME,…]

Both keep every core busy. This grader grades N submissions to position 46, each by a learner whom it has
not seen before, so that no jail waits for any of them: once solutions that are accepted (the reference and
the also-right ones), once mixed half and half with the problem's wrong variants, whose mistakes are
diagnosed; and a fourth as many that compile a program of their own (`jax.jit`, `nnx.jit`), which nobody's
cache has: where the seed is a static argument, every fresh case is another program. The other judge runs
the same right solutions in a process each, without a cache, without a jail; it makes fewer calls, since this
grader looks into probes as well.
"""

import argparse
import ast
import asyncio
import itertools
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from app.core.outcome import Outcome
from app.core.problem import AlsoRight, Problem
from app.core.verdict import Mode
from app.grading.grader import Grader
from app.grading.open_grader import open_grader
from bench.first_verdict import request_for_cases, run_process
from bench.graded_problem import DATA_DIR, as_new, position_46

_CORES = len(os.sched_getaffinity(0))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--submissions", type=int, default=40)
    parser.add_argument("--processes", type=int, default=6)
    parser.add_argument("--patches", default="all", help="as in JAXERCISE_JAX_PATCHES")
    parser.add_argument("--data-dir", type=Path, default=DATA_DIR)
    arguments = parser.parse_args()
    asyncio.run(_measure(arguments.submissions, arguments.processes, arguments.data_dir, arguments.patches))


async def _measure(submissions: int, processes: int, data_dir: Path, patches: str) -> None:
    problem = position_46()
    accepted = [
        code
        for name, code in sorted(problem.also_right.items())
        if problem.manifest.also_right.get(name, AlsoRight()).outcome is Outcome.ACCEPTED
    ]
    right = [code for code in [problem.reference, *accepted] if not _compiles(code)]
    compiling = [code for code in accepted if _compiles(code)]
    wrong = [code for _, code in sorted(problem.variants.items())]
    mixed = [code for pair in zip(itertools.cycle(right), wrong, strict=False) for code in pair]
    async with open_grader(data_dir=data_dir, unjailed=False, jax_patches=patches) as grader:
        await grader.prepare_reference(problem)
        await grader.prepare_solutions(problem)
        await _grade(grader, problem, right)
        half = processes // 2
        judged = await _judge(problem, _many(right, half))
        of_right = await _grade(grader, problem, _many(right, submissions))
        of_mixed = await _grade(grader, problem, _many(mixed, submissions))
        judged = (judged + await _judge(problem, _many(right, processes - half))) / 2
        judged_compiling = await _judge(problem, _many(compiling, processes))
        of_compiling = await _grade(grader, problem, _many(compiling, submissions // 4))
    print(f"position 46, {_CORES} cores, all busy, patches: {patches}; graded submissions a minute and core")
    print(f"{'':<46}{'a minute and core':>18}{'x a process per run':>21}")
    for title, rate, base in (
        ("a process per run, no cache", judged, judged),
        ("this grader, different right code", of_right, judged),
        ("this grader, half of it wrong and diagnosed", of_mixed, judged),
        ("a process per run, code that compiles", judged_compiling, judged_compiling),
        ("this grader, code that compiles", of_compiling, judged_compiling),
    ):
        print(f"{title:<46}{rate:>18.1f}{rate / base:>21.1f}")


def _compiles(code: str) -> bool:
    """Say whether the code has more compiled than single operations, as by `jax.jit` or `nnx.jit`."""
    names = (node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Attribute))
    return any(node.attr == "jit" for node in names)


def _many(codes: Sequence[str], count: int) -> list[str]:
    return list(itertools.islice(itertools.cycle(codes), count))


async def _grade(grader: Grader, problem: Problem, codes: Sequence[str]) -> float:
    """As many at once as there are cores, one after the other; returns the rate."""
    waiting = iter(enumerate(codes))

    async def slot() -> None:
        for seed, code in waiting:
            await grader.grade(problem, as_new(code), Mode.SUBMIT, fresh_seed=seed)

    start = time.perf_counter()
    await asyncio.gather(*(slot() for _ in range(_CORES)))
    return len(codes) / (time.perf_counter() - start) * 60 / _CORES


async def _judge(problem: Problem, codes: Sequence[str]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        requests = [Path(folder) / f"{place}.msgpack" for place in range(len(codes))]
        for request, code in zip(requests, codes, strict=True):
            asked = msgspec.structs.replace(request_for_cases(problem, 1), code=code)
            request.write_bytes(msgspec.msgpack.encode(asked))
        waiting = iter(requests)

        async def slot() -> None:
            for request in waiting:
                await asyncio.to_thread(run_process, request)

        start = time.perf_counter()
        await asyncio.gather(*(slot() for _ in range(_CORES)))
        return len(codes) / (time.perf_counter() - start) * 60 / _CORES


if __name__ == "__main__":
    main()
