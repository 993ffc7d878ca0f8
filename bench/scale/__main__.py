"""What growth costs: the same requests and statements in a small database and in one with years of use.

    .venv/bin/python -m bench.scale [--submissions N] [--problems N] [--rounds N]
    .venv/bin/python -m bench.scale --workers 1,2,4,8,16,32,64 [--jobs N] [--grading-seconds S]
    .venv/bin/python -m bench.scale --connections 1,2,4,8,16,32,64

Starts a PostgreSQL with fsync on and two real services on it, `jaxercise serve` with JAXERCISE_WORKER=false.
The small database has as many problems as the list shows on a page, and two learners; the large one has the
same learners, N problems and N submissions by others, and 10,000 regrades that wait. Requests go to both in
turn. With `--workers` it counts what so many workers with a grader that computes nothing get done, where
each grading takes no time at all or as long as is said; with `--connections` what the database alone would.
"""

import argparse
import asyncio
import shutil
import tempfile
import time
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import psycopg

from app.core.paths import path_of
from app.store.engine.url import conninfo
from bench.graded_problem import position_46
from bench.scale.database import measure_database
from bench.scale.fill import fill, fill_learner, fill_queue, settle
from bench.scale.pages import DILIGENT, NEW, PASSWORD, Place, print_table, time_pages
from bench.scale.postgres import MeasuredServer, measured_postgres
from bench.scale.queue import time_queue
from bench.scale.rows import write_problems
from bench.scale.workers import measure_steady, measure_workers
from tests.support import real_service as services
from tests.support.real_service import RunningService, real_service

_ON_A_PAGE = 60
_WAITING = 10_000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--submissions", type=int, default=1_000_000)
    parser.add_argument("--problems", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--workers", type=_numbers, default=[])
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--grading-seconds", type=float, default=0.0)
    parser.add_argument("--connections", type=_numbers, default=[])
    arguments = parser.parse_args()
    # The first start reads every folder.
    services._START_SECONDS = 1800  # noqa: SLF001
    with measured_postgres() as server:
        if arguments.workers and arguments.grading_seconds:
            measure_steady(server, arguments.workers, arguments.grading_seconds)
        elif arguments.workers:
            measure_workers(server, arguments.workers, arguments.jobs)
        elif arguments.connections:
            _measure_database(server, arguments.connections)
        else:
            _measure_growth(server, arguments.submissions, arguments.problems, arguments.rounds)


def _numbers(text: str) -> list[int]:
    return [int(word) for word in text.split(",")]


def _measure_database(server: MeasuredServer, connections: list[int]) -> None:
    url = server.new_database()
    with tempfile.TemporaryDirectory(prefix="jaxercise-scale-") as folder:
        place = Path(folder) / "small"
        shutil.copytree(path_of("problems"), place / "problems")
        shutil.copytree(path_of("reference_solutions"), place / "references")
        with _service(place, url) as service:
            _sign_up(service)
    measure_database(server, url, connections)


def _measure_growth(server: MeasuredServer, submissions: int, problems: int, rounds: int) -> None:
    small_url, large_url = server.new_database(), server.new_database()
    with tempfile.TemporaryDirectory(prefix="jaxercise-scale-") as folder:
        small_place, large_place = Path(folder) / "small", Path(folder) / "large"
        for place, count in ((small_place, _ON_A_PAGE), (large_place, problems)):
            shutil.copytree(path_of("problems"), place / "problems")
            shutil.copytree(path_of("reference_solutions"), place / "references")
            write_problems(place, count - 3)
        for place, url in ((small_place, small_url), (large_place, large_url)):
            first, again = (_start_seconds(place, url) for _ in range(2))
            print(f"start with {place.name} folders: {first:.1f} s the first time, {again:.1f} s the next")
        with _service(small_place, small_url) as small, _service(large_place, large_url) as large:
            for service in (small, large):
                _sign_up(service)
        seconds = fill(large_url, submissions=submissions)
        fill_queue(large_url, waiting=_WAITING)
        print(f"{submissions:,} submissions were written in {seconds:.0f} s")
        slug, code = position_46().slug, position_46().reference
        for url in (small_url, large_url):
            fill_learner(url, NEW, slug, of_problem=1, of_others=0)
            fill_learner(url, DILIGENT, slug, of_problem=50, of_others=450)
            settle(url)
        _print_sizes(large_url)
        with _service(small_place, small_url) as small, _service(large_place, large_url) as large:
            asked = [
                Place(address=service.address, slug=slug, code=code, submission_ids=_one_of_each(url))
                for service, url in ((small, small_url), (large, large_url))
            ]
            print_table("pages and API over HTTP", time_pages(asked[0], asked[1], rounds))
        print_table(
            "the queue, in this process", asyncio.run(time_queue(small_url, large_url, slug, code, rounds))
        )


def _service(place: Path, url: str) -> AbstractContextManager[RunningService]:
    return real_service(
        place / "data",
        database_url=url,
        worker="false",
        problems_dir=str(place / "problems"),
        references_dir=str(place / "references"),
        queue_limit="100000",
        waiting_per_user="10000",
    )


def _start_seconds(place: Path, url: str) -> float:
    start = time.perf_counter()
    with _service(place, url) as service:
        seconds = time.perf_counter() - start
        service.terminate()
    return seconds


def _sign_up(service: RunningService) -> None:
    for email in ("operator@lab.test", NEW, DILIGENT):
        with httpx.Client(base_url=service.address, timeout=60) as client:
            account = {"email": email, "password": PASSWORD}
            client.post("/api/v1/accounts", json=account).raise_for_status()


def _one_of_each(url: str) -> dict[str, str]:
    """Make a wrong one, with pictures."""
    query = (
        "SELECT users.email, min(submissions.id) FROM submissions JOIN users ON users.id = user_id "
        "JOIN problems ON problems.version = submissions.version "
        "WHERE email = ANY(%s) AND slug = %s AND outcome IN ('wrong_value', 'accepted') GROUP BY users.email"
    )
    with psycopg.connect(conninfo(url)) as connection:
        return dict(connection.execute(query, [[NEW, DILIGENT], position_46().slug]).fetchall())


def _print_sizes(url: str) -> None:
    query = (
        "SELECT relname, n_live_tup, pg_table_size(relid), pg_indexes_size(relid) FROM pg_stat_user_tables "
        "ORDER BY pg_total_relation_size(relid) DESC LIMIT 6"
    )
    with psycopg.connect(conninfo(url)) as connection:
        rows = connection.execute(query).fetchall()
    print(f"\n{'table':<24}{'rows':>10}{'MB':>8}{'indexes MB':>12}{'bytes a row':>13}")
    for name, count, table, indexes in rows:
        each = (table + indexes) / count if count else 0
        print(f"{name:<24}{count:>10}{table / 1e6:>8.0f}{indexes / 1e6:>12.0f}{each:>13.0f}")


if __name__ == "__main__":
    main()
