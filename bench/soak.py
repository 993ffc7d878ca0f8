"""Thousands of submissions in a row, hostile ones among them: is every verdict right, and does nothing leak?

    .venv/bin/python -m bench.soak [--submissions N] [--seed N] [--at-once N] [--kill-every N] [--minutes M]

Grades through the whole way what has a known outcome: the solutions and wrong variants of every problem
here, and every attack of tests/redteam. With `--kill-every` a process of the sandbox is killed after every
so many submissions. Prints what the process and its descendants hold before, in between and after, as it
goes, and writes the same as JSON. Ends with status 1 and the reason where a verdict is not the known one,
where there is more of anything after than before, or where the sandbox broke though nothing was killed.
"""

import argparse
import asyncio
import collections
import contextlib
import gc
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from app.core.job import ATTEMPTS
from app.core.verdict import Mode, Verdict
from app.grading.grader import Grader
from app.grading.open_grader import open_grader
from bench.graded_problem import DATA_DIR
from bench.held_resources import Held, adopted_orphans, bury_orphans, leaks, look
from bench.known_submissions import Known, Mix, whole_mix
from sandbox.interface import SandboxError
from sandbox.jailed import Supervisor

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - only looked at
_SHOWN = ("processes", "worker_descriptors", "files", "worker_mb", "jails_mb")
_LEARNERS = 12
_WAITING = 4
_POOL_THREADS = 32
_SETTLE_SECONDS = 1.5
_PATIENCE_SECONDS = 120.0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How much, how, and for how long at most."""

    submissions: int = 2000
    warm_up: int = 100
    seed: int = 1
    at_once: int = 2
    kill_every: int = 0
    look_every: int = 250
    minutes: float = 120.0


class Soaked(msgspec.Struct, kw_only=True):
    """What came of it."""

    plan: Plan
    graded: int = 0
    killed: int = 0
    seconds: float = 0.0
    outcomes: dict[str, int] = {}
    wrong: list[str] = []
    broken: list[str] = []
    """Runs that the sandbox broke; they were made again, as a worker makes them."""
    held: dict[int, Held] = {}
    leaked: list[str] = []


def main() -> None:
    """Soak, print, and exit with 1 where something is wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for field in msgspec.structs.fields(Plan):
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=field.type, default=field.default)
    parser.add_argument("--data-dir", type=Path, default=DATA_DIR)
    parser.add_argument("--json", type=Path, default=DATA_DIR / "soak.json")
    arguments = vars(parser.parse_args())
    data_dir, report = arguments.pop("data_dir"), arguments.pop("json")
    report.parent.mkdir(parents=True, exist_ok=True)

    def keep(soaked: Soaked) -> None:
        report.write_bytes(msgspec.json.format(msgspec.json.encode(soaked), indent=2))
        latest = list(soaked.held.values())[-1]
        counts = "  ".join(f"{name} {getattr(latest, name):g}" for name in _SHOWN)
        print(f"{soaked.graded:>6} graded, {len(soaked.wrong)} wrong  {counts}", flush=True)

    soaked = asyncio.run(soak(Plan(**arguments), whole_mix(), data_dir, on_look=keep))
    _print(soaked)
    undisturbed_breaks = soaked.broken if not soaked.plan.kill_every else []
    sys.exit(1 if soaked.wrong or soaked.leaked or undisturbed_breaks else 0)


def ignore_look(_: Soaked) -> None:
    """For callers who only want the result."""


async def soak(
    plan: Plan, mix: Mix, data_dir: Path, *, on_look: Callable[[Soaked], None] = ignore_look
) -> Soaked:
    """Grade by the plan, and count what is held before, in between and after.

    The first `warm_up` submissions come before the first count: they fill what is kept on purpose. `on_look`
    is called after each count.
    """
    with adopted_orphans(), tempfile.TemporaryDirectory() as temporary:
        tempfile.tempdir = temporary
        try:
            async with open_grader(
                data_dir=data_dir, unjailed=False, warm_jails=_WAITING, standby=True
            ) as grader:
                for problem in mix.problems:
                    await grader.prepare_reference(problem)
                    await grader.prepare_solutions(problem)
                folders = [Path(temporary), _SHARED_MEMORY, data_dir]
                return await _Soak(plan, grader, folders, on_look).run(mix)
        finally:
            tempfile.tempdir = None


class _Soak:
    def __init__(
        self, plan: Plan, grader: Grader, folders: Iterable[Path], on_look: Callable[[Soaked], None]
    ) -> None:
        self._plan = plan
        self._grader = grader
        self._folders = list(folders)
        self._on_look = on_look
        self._soaked = Soaked(plan=plan)
        self._chance = random.Random(plan.seed)  # noqa: S311 - to be drawn again with the same seed
        # A soak looks behind the curtain: it counts and kills what nobody else has to know of.
        learners, trusted = grader._sandbox, grader.answers._sandbox  # noqa: SLF001
        assert isinstance(learners, Supervisor)
        self._supervisors = [learners, trusted]

    async def run(self, mix: Mix) -> Soaked:
        plan, soaked = self._plan, self._soaked
        # asyncio's pool grows to its bound in its own time; from here on it is full.
        await asyncio.gather(*(asyncio.to_thread(time.sleep, 0.3) for _ in range(_POOL_THREADS)))
        # Every problem's reference stays loaded from here on, as it will be at the end.
        for known in mix.references():
            await self._grade(known)
        await self._grade_all(list(mix.draw(plan.warm_up, seed=-plan.seed)))
        start = time.monotonic()
        soaked.graded, soaked.killed, soaked.outcomes = 0, 0, collections.Counter()
        before = await self._look()
        left = list(mix.draw(plan.submissions, seed=plan.seed))
        while left and time.monotonic() - start < plan.minutes * 60:
            batch, left = left[: plan.look_every], left[plan.look_every :]
            await self._grade_all(batch)
            soaked.seconds = time.monotonic() - start
            soaked.leaked = leaks(before, await self._look())
        return soaked

    async def _grade_all(self, batch: list[Known]) -> None:
        waiting = iter(batch)

        async def slot() -> None:
            for known in waiting:
                await self._grade(known)
                if self._plan.kill_every and self._soaked.graded % self._plan.kill_every == 0:
                    self._kill_one()

        async with asyncio.TaskGroup() as group:
            for _ in range(self._plan.at_once):
                group.create_task(slot())

    async def _grade(self, known: Known) -> None:
        verdict = await self._verdict(known)
        self._soaked.graded += 1
        self._soaked.outcomes[verdict.outcome] = self._soaked.outcomes.get(verdict.outcome, 0) + 1
        if verdict.outcome not in known.outcomes:
            self._soaked.wrong.append(f"{known.name}: {verdict.outcome} {verdict.message}")

    async def _verdict(self, known: Known) -> Verdict:
        attempt = 1
        while True:
            try:
                return await self._grader.grade(
                    known.problem,
                    known.code,
                    Mode.SUBMIT,
                    fresh_seed=self._chance.randrange(1 << 30),
                    learner=f"learner {self._chance.randrange(_LEARNERS)}",
                )
            except SandboxError as error:
                # A slow run can lose its fork server three times to `kill_every`; a worker tries again then.
                self._soaked.broken.append(f"{known.name}: {error!r}")
                if attempt == ATTEMPTS:
                    raise
                attempt += 1

    def _kill_one(self) -> None:
        fork_servers = self._chance.choice(self._supervisors).fork_servers
        if pids := fork_servers.pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._chance.choice(pids), signal.SIGKILL)
                self._soaked.killed += 1

    async def _look(self) -> Held:
        held = await self._settled()
        self._soaked.held[self._soaked.graded] = held
        self._on_look(self._soaked)
        return held

    async def _settled(self) -> Held:
        """Count while nothing runs, nobody waits, and a spare fork server is there."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            for supervisor in self._supervisors:
                await supervisor.warm_pool.close()
                await supervisor.warm_up()
                while not supervisor.fork_servers.has_spare:  # noqa: ASYNC110 - nothing tells of it
                    await asyncio.sleep(0.1)
        await asyncio.sleep(_SETTLE_SECONDS)
        gc.collect()
        bury_orphans()
        return look(self._folders)


def _print(soaked: Soaked) -> None:
    rate = soaked.graded / soaked.seconds
    print(f"{soaked.graded} submissions in {soaked.seconds:.0f} s, {rate:.2f} a second", end="")
    print(f", {soaked.plan.at_once} at once; {soaked.killed} processes killed")
    print(", ".join(f"{count} {outcome}" for outcome, count in sorted(soaked.outcomes.items())))
    print(f"{'after':<20}" + "".join(f"{count:>9}" for count in soaked.held))
    for name in Held.__struct_fields__:
        values = [getattr(held, name) for held in soaked.held.values()]
        print(f"{name.replace('_', ' '):<20}" + "".join(f"{value:>9.4g}" for value in values))
    for reason in soaked.broken:
        print(f"made again  {reason}")
    for fault in (*soaked.wrong, *soaked.leaked):
        print(f"WRONG  {fault}")
    if not soaked.wrong and not soaked.leaked:
        print("every verdict is the known one, and nothing leaks")


if __name__ == "__main__":
    main()
