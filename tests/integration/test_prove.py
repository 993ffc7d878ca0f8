"""`jaxercise prove` from outside a service, on SQLite and on PostgreSQL alike."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.cli.mutate import mutate_published
from app.cli.prove import prove_published
from app.core.job import Ending
from app.errors import GraderError, ProblemNotFound
from app.store import tables
from app.store.engine.database import Database
from tests.support.scripted_service import Service, scripted_service
from tests.support.small_problem import small_problem, write_problem

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def service(place: Path, url: str, remark: str = "", **settings: Any) -> AsyncIterator[Service]:
    """A service whose problem `double` has this remark in its reference, for the scripted grader."""
    if not (place / "problems").exists():
        files = small_problem()
        files["reference/reference.py"] += f"# {remark}\n".encode()
        write_problem(files, place)
    async with scripted_service(place, database_url=url, **settings) as opened:
        yield opened


async def proven(opened: Service) -> bool:
    async with asyncio.timeout(30):
        return await prove_published(opened.settings, "double", look_seconds=0.05)


async def test_a_worker_proves_what_is_published(
    tmp_path: Path, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with service(tmp_path, database_url) as opened:
        assert await proven(opened)
        assert len(opened.grader.proven) == 1
    printed = capsys.readouterr().out
    assert "1 double · version " in printed
    assert "✓ reference" in printed
    assert "every case has a second input" in printed
    assert printed.endswith("double is proven\n")


async def test_a_refusal_says_why(
    tmp_path: Path, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with service(tmp_path, database_url, "refused") as opened:
        assert not await proven(opened)
    printed = capsys.readouterr().out
    assert "✗ reference" in printed
    assert "not_deterministic: it was told so." in printed
    assert "double is refused: not_deterministic" in printed


async def test_our_fault_is_none_of_the_problems(tmp_path: Path, database_url: str) -> None:
    """After three attempts, each of which the log has."""
    async with service(tmp_path, database_url, "break") as opened:
        with pytest.raises(GraderError, match="failed on our side, three times in a row"):
            await proven(opened)
        assert len(opened.grader.proven) == 3


async def test_whoever_asks_as_well_follows_the_same_proof(
    tmp_path: Path, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """And a learner goes before both."""
    async with service(tmp_path, database_url) as opened:
        await opened.sign_up()
        slow = await opened.submit("wait 2")
        both = asyncio.gather(proven(opened), proven(opened))
        await opened.verdict(slow["id"])
        assert list(await both) == [True, True]
        assert len(opened.grader.proven) == 1
    assert capsys.readouterr().out.count("double is proven") == 2


async def test_what_is_cancelled_meanwhile_says_so(tmp_path: Path, database_url: str) -> None:
    """By a process that is not the one that works."""
    async with service(tmp_path, database_url) as opened:
        await opened.sign_up()
        await opened.submit("wait 3")
        asking = asyncio.ensure_future(proven(opened))
        database = Database(opened.settings.store_url)
        change = tables.jobs.update().where(tables.jobs.c.kind == "proof")
        change = change.values(status="done", ending=Ending.CANCELLED.value, finished_at=sa.func.now())
        async with asyncio.timeout(10):
            ended = 0
            while not ended:
                async with database.transaction() as connection:
                    ended = (await connection.execute(change)).rowcount
        with pytest.raises(GraderError, match="cancelled"):
            await asking
        await database.close()
        assert opened.grader.proven == []


async def test_without_a_worker_it_waits_and_says_for_what(
    tmp_path: Path, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with service(tmp_path, database_url) as opened:
        settings = opened.settings
    asking = asyncio.ensure_future(prove_published(settings, "double", look_seconds=0.5))
    while "Nobody works on this database" not in capsys.readouterr().err:
        assert not asking.done()
        await asyncio.sleep(0.1)
    async with service(tmp_path, database_url):
        async with asyncio.timeout(30):
            assert await asking


async def test_a_slug_that_is_not_on_offer_is_an_error(tmp_path: Path, database_url: str) -> None:
    async with service(tmp_path, database_url) as opened:
        with pytest.raises(ProblemNotFound):
            await prove_published(opened.settings, "nothing")


async def test_a_worker_runs_the_mutants_of_what_is_published(
    tmp_path: Path, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is told with what killed it; a survivor says what would tell it, and the answer is no."""
    async with service(tmp_path, database_url, "refused") as opened, asyncio.timeout(30):
        assert not await mutate_published(opened.settings, "double", look_seconds=0.05)
    printed = capsys.readouterr().out
    assert "term_dropped-0" in printed
    assert "killed by shown" in printed
    assert "what would tell: `shown` with other seeds (inf tolerances apart)" in printed
    assert printed.endswith("1 undeclared survivors\n")


async def test_mutants_that_could_not_be_run_are_our_fault(tmp_path: Path, database_url: str) -> None:
    async with service(tmp_path, database_url, "break") as opened, asyncio.timeout(30):
        with pytest.raises(GraderError, match="three times in a row"):
            await mutate_published(opened.settings, "double", look_seconds=0.05)
