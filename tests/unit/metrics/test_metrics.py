"""What is reported to Prometheus."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from app.core.outcome import Outcome
from app.core.service_status import WorkerState
from app.core.verdict import CaseResult, Verdict, Visibility
from app.metrics.metrics import Metrics
from app.metrics.process_memory import held_bytes
from app.store.engine.database import Connection, Database
from app.store.engine.open import open_database
from app.store.queries import workers

pytestmark = pytest.mark.anyio

_MEGABYTES = 1 << 20


def verdict(outcome: Outcome, *cases: Outcome) -> Verdict:
    results = (
        CaseResult(name="a", visibility=Visibility.SAMPLE, outcome=one, points=1.0)
        for one in cases or (outcome,)
    )
    return Verdict(
        problem="double",
        version="v",
        outcome=outcome,
        accepted=False,
        score=0.0,
        diagnosis=None,
        cases=tuple(results),
        stdout="",
        stderr="",
        error=None,
        wall_seconds=0.3,
        environment={},
    )


async def lines(metrics: Metrics) -> list[str]:
    return (await metrics.text()).decode().splitlines()


async def test_a_limit_counts_once_a_submission_and_each_that_was_reached() -> None:
    metrics = Metrics()
    limits = (Outcome.TIME_LIMIT, Outcome.TIME_LIMIT, Outcome.OUTPUT_LIMIT)
    metrics.grading.verdict(verdict(Outcome.TIME_LIMIT, *limits))
    metrics.grading.verdict(verdict(Outcome.WRONG_VALUE))
    reported = await lines(metrics)
    assert 'jaxercise_limits_hit_total{limit="time"} 1.0' in reported
    assert 'jaxercise_limits_hit_total{limit="output"} 1.0' in reported
    assert 'jaxercise_limits_hit_total{limit="memory"} 0.0' in reported
    assert 'jaxercise_verdicts_total{outcome="time_limit"} 1.0' in reported
    assert "jaxercise_grading_seconds_count 2.0" in reported


async def test_stages_failures_refusals_and_jails_are_counted() -> None:
    metrics = Metrics()
    metrics.grading.stage("storing", 0.01)
    # Two hosts' clocks may differ, and then a wait seems to be less than nothing.
    metrics.grading.stage("waiting", -3.0)
    metrics.grading.failure()
    metrics.grading.watch_jails(lambda: 7)
    metrics.requests.refused("learner_limit")
    reported = await lines(metrics)
    assert 'jaxercise_grading_stage_seconds_bucket{le="0.02",stage="storing"} 1.0' in reported
    assert 'jaxercise_grading_stage_seconds_sum{stage="waiting"} 0.0' in reported
    assert 'jaxercise_grading_stage_seconds_count{stage="diagnosis"} 0.0' in reported
    assert "jaxercise_failures_total 1.0" in reported
    assert "jaxercise_waiting_jails 7.0" in reported
    assert 'jaxercise_submissions_refused_total{reason="learner_limit"} 1.0' in reported
    assert 'jaxercise_submissions_refused_total{reason="queue_full"} 0.0' in reported


async def test_the_queue_and_the_workers_are_reported_as_the_database_has_them(tmp_path: Path) -> None:
    async with open_database(f"sqlite:///{tmp_path / 'test.db'}") as database:
        row = workers.WorkerRow(
            id="1",
            name="one",
            host="here",
            pid=1,
            slots=2,
            state=WorkerState.DRAINING,
            running=1,
            message="",
            environment={},
            versions=(),
        )
        async with database.transaction() as connection:
            await workers.put_worker(connection, row)
        metrics = Metrics()
        metrics.queue.watch(database)
        reported = await lines(metrics)
    assert 'jaxercise_workers{state="draining"} 1.0' in reported
    assert 'jaxercise_workers{state="lost"} 0.0' in reported
    assert 'jaxercise_submissions_waiting{priority="bulk"} 0.0' in reported
    assert "jaxercise_submissions_running 0.0" in reported
    assert 'jaxercise_oldest_waiting_seconds{priority="interactive"} 0.0' in reported


async def test_a_database_that_is_away_leaves_its_figures_out_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What is absent raises an alarm, and a zero would not. It is said once."""
    database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    metrics = Metrics()
    metrics.queue.watch(database, fresh_seconds=0.0)
    for _ in range(2):
        reported = "\n".join(await lines(metrics))
        assert not re.search(r"^jaxercise_(submissions_waiting|workers|oldest)", reported, re.MULTILINE)
        assert "jaxercise_failures_total 0.0" in reported
    assert len(caplog.records) == 1
    await database.close()


class HangingDatabase(Database):
    """Takes a question, and never answers."""

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        await asyncio.Event().wait()
        async with super().reading() as connection:
            yield connection


async def test_a_database_that_hangs_is_not_waited_for(tmp_path: Path) -> None:
    metrics = Metrics()
    metrics.queue.watch(HangingDatabase(f"sqlite:///{tmp_path / 'empty.db'}"), patience_seconds=0.05)
    async with asyncio.timeout(60):
        assert await metrics.text()


@contextmanager
def a_grandchild_that_holds(megabytes: int) -> Iterator[int]:
    """Gives the child's process id, once the memory below it is held."""
    hold = f"import sys; held = bytearray({megabytes} << 20); print('held', flush=True); sys.stdin.read()"
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hold!r}])"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        yield child.pid
        child.communicate()


async def test_the_memory_of_the_service_and_of_what_it_started_are_reported_apart() -> None:
    """A process below a process counts as well."""
    with a_grandchild_that_holds(64) as pid:
        reported = dict(
            line.rsplit(" ", 1) for line in await lines(Metrics()) if line.startswith("jaxercise_memory")
        )
    assert float(reported['jaxercise_memory_bytes{part="jails"}']) > 64 * _MEGABYTES
    assert float(reported['jaxercise_memory_bytes{part="service"}']) > 20 * _MEGABYTES
    assert held_bytes(os.getpid()) > 20 * _MEGABYTES
    assert held_bytes(pid) == 0
