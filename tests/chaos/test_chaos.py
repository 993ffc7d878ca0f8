"""Nothing is lost, ended twice or wrongly, whatever is killed: the short form of bench/chaos.py."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.chaos.figures import PICKUP_SECONDS, check, reported
from tests.chaos.learners import Load
from tests.chaos.processes import REAL_SERVICE, REAL_WORKER, SupervisedProcess
from tests.chaos.scenario import Chaos, Plan, chaos_on_postgres, chaos_on_sqlite, fleet
from tests.support.postgres import PostgresServer, running_postgres

pytestmark = pytest.mark.anyio

_FAULTS = {
    "kill worker": 2,
    "stop worker": 1,
    "drain worker": 1,
    "kill service": 1,
    "restart database": 1,
    "outage": 1,
}
_LOAD = Load(longest_run_seconds=0.4, long_runs_share=0.03, long_run_seconds=3.0)
_PATIENCE_SECONDS = 120.0
"""Far above what anything here takes: a machine may be slow."""
_SLOW_BUT_RIGHT = "import time\n\ntime.sleep(2)\n\n\ndef double(x):\n    return 2 * x\n"


@pytest.fixture
def show(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Prints figures also where the test succeeds."""

    def write(figures: str) -> None:
        with capsys.disabled():
            print(f"\n{figures}")  # noqa: T201

    return write


async def until(condition: Callable[[], bool], *, within_seconds: float) -> None:
    async with asyncio.timeout(within_seconds):
        while not condition():  # noqa: ASYNC110 - processes tell nobody
            await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
def durable_postgres() -> Iterator[PostgresServer]:
    """One that tests may crash."""
    with running_postgres(durable=True) as server:
        yield server


@pytest.mark.postgresql
async def test_nothing_is_lost_by_many_processes(
    durable_postgres: PostgresServer, tmp_path: Path, show: Callable[[str], None]
) -> None:
    """Workers are killed, stopped and drained, a service is killed, the database crashes."""
    plan = Plan(
        seconds=45,
        rounds=1,
        workers=3,
        learners=6,
        load=_LOAD,
        faults=_FAULTS,
        quiet_seconds=(0.2, 1.0),
        stop_seconds=(5.5, 6.5),
        outage_seconds=1.5,
    )
    figures = await chaos_on_postgres(plan, durable_postgres, tmp_path)
    show(reported(figures))
    assert check(figures) == []
    assert figures.accepted >= plan.learners
    assert figures.faults == _FAULTS


async def test_nothing_is_lost_by_a_service_with_its_own_queue(
    tmp_path: Path, show: Callable[[str], None]
) -> None:
    """Killed again and again, it takes up again what it had."""
    plan = Plan(
        seconds=30, rounds=2, learners=6, load=_LOAD, faults={"kill service": 1}, quiet_seconds=(0.5, 1.5)
    )
    figures = await chaos_on_sqlite(plan, tmp_path)
    show(reported(figures))
    assert check(figures) == []
    assert figures.accepted >= plan.learners
    assert figures.faults == {"kill service": 2}


@asynccontextmanager
async def one_learner(chaos: Chaos) -> AsyncIterator[dict[str, str]]:
    """Signed up; what it accepted and heard is in `chaos.learners`."""
    for service in chaos.services:
        await service.answers()
    chaos.audit.begin()
    yield await chaos.learners.sign_up(0)


async def running_on(chaos: Chaos, submission_id: str, attempt: int) -> tuple[str, float]:
    """Which process began this attempt, and when; waits until one has."""
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            for found in chaos.audit.changes():
                if (found.submission_id, found.status, found.attempt) == (submission_id, "running", attempt):
                    return found.who, found.at
            await asyncio.sleep(0.05)


@pytest.mark.jail
@pytest.mark.postgresql
async def test_another_worker_makes_the_run_of_a_killed_one_again(
    durable_postgres: PostgresServer, tmp_path: Path, show: Callable[[str], None]
) -> None:
    """With the real sandbox; docs/performance.md says how soon after the SIGKILL."""
    plan = Plan(services=1, workers=2, slots=1)
    programs = (REAL_SERVICE, REAL_WORKER)
    async with fleet(plan, durable_postgres, tmp_path, programs) as chaos:
        for process in [*chaos.services, *chaos.workers]:
            process.start()
        async with one_learner(chaos) as cookies:
            submitted = await chaos.learners.submit(cookies, _SLOW_BUT_RIGHT, "accepted")
            following = asyncio.create_task(chaos.learners.follow(cookies, submitted))
            who, _ = await running_on(chaos, submitted.id, 1)
            [other] = [worker for worker in chaos.workers if worker.application_name != who]
            await until(
                lambda: "grades 1 at a time" in other.log.read_text(), within_seconds=_PATIENCE_SECONDS
            )
            [victim] = [worker for worker in chaos.workers if worker is not other]
            victim.kill()
            killed_at = time.time()
            again, began_at = await running_on(chaos, submitted.id, 2)
            await following
    assert again == other.application_name
    show(f"the rerun began {began_at - killed_at:.1f} s after the SIGKILL")
    assert began_at - killed_at <= PICKUP_SECONDS
    assert submitted.seen == "accepted"
    assert submitted.twice == []


@pytest.mark.postgresql
async def test_an_outage_is_waited_for_at_the_start_in_a_run_and_not_at_a_stop(
    durable_postgres: PostgresServer, tmp_path: Path, show: Callable[[str], None]
) -> None:
    """A verdict that is reached meanwhile is written afterwards, and the run is not made again."""
    plan = Plan(services=1, workers=1, slots=1)
    async with fleet(plan, durable_postgres, tmp_path) as chaos:
        [service], [worker] = chaos.services, chaos.workers
        durable_postgres.crash()
        service.start()
        worker.start()
        await until(
            lambda: all("does not take connections yet" in it.log.read_text() for it in (service, worker)),
            within_seconds=_PATIENCE_SECONDS,
        )
        durable_postgres.start()
        async with one_learner(chaos) as cookies:
            before = await chaos.learners.submit(cookies, "wait 0", "accepted")
            await chaos.learners.follow(cookies, before)
            await until(lambda: chaos.audit.last_event_number() > 1, within_seconds=_PATIENCE_SECONDS)
            submitted = await chaos.learners.submit(cookies, "wait 1", "accepted")
            number = chaos.audit.last_event_number()
            following = asyncio.create_task(chaos.learners.follow(cookies, submitted))
            await running_on(chaos, submitted.id, 1)
            durable_postgres.crash()
            # The run has ended, and its verdict cannot be written.
            await until(
                lambda: "a run waits for the database" in worker.log.read_text(),
                within_seconds=_PATIENCE_SECONDS,
            )
            durable_postgres.start()
            # Numbers of events never come again, though a crash has emptied their table.
            assert chaos.audit.last_event_number() >= number
            await following
            history = [c.status for c in chaos.audit.changes() if c.submission_id == submitted.id]
            assert history == ["queued", "running", "done"]
            assert chaos.audit.failures() == 0
        durable_postgres.crash()
        try:
            start = time.monotonic()
            for process in (service, worker):
                process.signal(signal.SIGTERM)
            await until(lambda: not (service.is_alive or worker.is_alive), within_seconds=_PATIENCE_SECONDS)
            show(f"a stop in an outage takes {time.monotonic() - start:.1f} s")
        finally:
            durable_postgres.start()
        assert (service.exit_code, worker.exit_code) == (0, 0)


@pytest.mark.postgresql
async def test_a_wrong_name_of_the_database_is_told_at_once(
    durable_postgres: PostgresServer, tmp_path: Path
) -> None:
    """There is nothing to wait for: the server answers."""
    url = durable_postgres.new_database().replace("/test_", "/tset_")
    worker = SupervisedProcess(
        "worker", REAL_WORKER, {"database_url": url, "data_dir": str(tmp_path)}, tmp_path
    )
    worker.start()
    try:
        await until(lambda: not worker.is_alive, within_seconds=_PATIENCE_SECONDS)
    finally:
        worker.put_away()
    assert worker.exit_code == 2
    [line] = worker.log.read_text().splitlines()
    assert line.endswith("does not exist.")
