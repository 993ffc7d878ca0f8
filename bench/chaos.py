"""Is anything lost when workers, services and the database are killed and stopped at random under load?

    .venv/bin/python -m bench.chaos [--minutes M] [--workers N] [--seed S] [--sqlite-minutes M]

Two API processes, N workers with a scripted sandbox and a PostgreSQL that writes through to its disk, on
this machine; then the embedded queue, whose service is killed again and again. Learners submit and follow
all the while. SIGKILL and SIGSTOP of workers, SIGTERM, SIGKILL of a service, immediate restarts of the
database and outages of 45 s come in an order that is drawn from the seed. What became of each submission is
noted by a trigger in the database. Ends with status 1, and says why, where one was lost, ended twice or
wrongly, or where a rerun began later than 10 s after its worker was killed.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path

from tests.chaos.figures import Figures, check, reported
from tests.chaos.scenario import Plan, chaos_on_postgres, chaos_on_sqlite
from tests.support.postgres import running_postgres

_FAULTS = {
    "kill worker": 16,
    "stop worker": 8,
    "drain worker": 6,
    "kill service": 6,
    "restart database": 3,
    "outage": 1,
}
_OUTAGE_SECONDS = 45.0
_LEARNERS = 16


def main() -> None:
    """Make chaos, print, and exit with 1 where something is wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--sqlite-minutes", type=float, default=2.0)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    wrong = []
    if given.minutes:
        plan = Plan(
            seed=given.seed,
            seconds=60 * given.minutes,
            workers=given.workers,
            learners=_LEARNERS,
            outage_seconds=_OUTAGE_SECONDS,
            faults=_FAULTS,
        )
        wrong += _show(f"PostgreSQL, 2 services, {given.workers} workers", asyncio.run(_on_postgres(plan)))
    if given.sqlite_minutes:
        plan = Plan(seed=given.seed, seconds=60 * given.sqlite_minutes)
        wrong += _show("SQLite, one service", asyncio.run(_on_sqlite(plan)))
    sys.exit(1 if wrong else 0)


async def _on_postgres(plan: Plan) -> Figures:
    with running_postgres(durable=True) as server, tempfile.TemporaryDirectory() as folder:
        return await chaos_on_postgres(plan, server, Path(folder))


async def _on_sqlite(plan: Plan) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        return await chaos_on_sqlite(plan, Path(folder))


def _show(title: str, figures: Figures) -> list[str]:
    wrong = check(figures)
    print(f"{title}, on {os.cpu_count()} cores\n{reported(figures)}", flush=True)
    print("\n".join(wrong) or "nothing lost", flush=True)
    return wrong


if __name__ == "__main__":
    main()
