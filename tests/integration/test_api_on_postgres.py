"""The API's main way with PostgreSQL behind it."""

from pathlib import Path

import pytest

from tests.support.postgres import PostgresServer
from tests.support.scripted_service import code, scripted_service

pytestmark = [pytest.mark.anyio, pytest.mark.postgresql]


async def test_a_submission_gets_its_verdict_and_survives_a_restart(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    url = postgres.new_database()
    async with scripted_service(tmp_path, database_url=url) as service:
        assert (await service.sign_up())["role"] == "admin"
        taken = await service.submit("print π \\0")
        assert (await service.verdict(taken["id"]))["accepted"]
        cookies = dict(service.client.cookies)
    async with scripted_service(tmp_path, database_url=url) as service:
        service.client.cookies.update(cookies)
        stored = (await service.client.get(f"/api/v1/submissions/{taken['id']}")).json()
        assert (stored["code"], stored["status"]) == ("print π \\0", "done")


@pytest.mark.parametrize("path", ["problems/a%00b", "submissions/a%00b", "problems/a%00b/submissions"])
async def test_a_nul_in_an_address_is_no_error_of_ours(
    tmp_path: Path, postgres: PostgresServer, path: str
) -> None:
    """PostgreSQL refuses to be asked about one."""
    async with scripted_service(tmp_path, database_url=postgres.new_database()) as service:
        await service.sign_up()
        answer = await service.client.get(f"/api/v1/{path}")
    assert answer.status_code == 200 or code(answer).endswith("_not_found")
