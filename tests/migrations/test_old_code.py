"""Code that a schema has outgrown goes on on it: services are replaced one after the other, not at once.

The old code is today's, the whole service with its queue; the new schema is one that the next version may
bring while it lets today's code work on (`OLDEST_CODE`).
"""

from pathlib import Path

import pytest

from app.store.engine import migrate
from tests.migrations.made_up import NEXT, more_scripts
from tests.support.scripted_service import scripted_service

pytestmark = pytest.mark.anyio

_ALLOWED = """
    op.add_column("users", sa.Column("nickname", sa.Text))
    op.add_column("submissions", sa.Column("looked_at", sa.Integer, nullable=False, server_default="0"))
    op.create_table("remarks", sa.Column("user_id", sa.Text, sa.ForeignKey("users.id", ondelete="CASCADE")))
    op.create_index("ix_later", "submissions", ["version", "mode"])
"""
_BREAKING = 'op.alter_column("users", "email", new_column_name="address")'


def _upgrade(url: str, folder: Path, upgrade: str) -> None:
    """Migrate to a next version that says of itself that today's code still works on it."""
    migrate.upgrade(url, scripts=more_scripts(folder, upgrade.strip(), oldest_code=migrate.head()))
    assert migrate.current(url) == NEXT


async def test_the_service_works_on_a_newer_schema(url: str, tmp_path: Path) -> None:
    """It starts on it, takes in and grades; what it was started on may become newer under it, too."""
    migrate.upgrade(url)
    async with scripted_service(tmp_path, database_url=url) as service:
        account = await service.sign_up()
        _upgrade(url, tmp_path, _ALLOWED)
        first = await service.submit("x")
        assert (await service.verdict(first["id"]))["accepted"]
        cookies = dict(service.client.cookies)
    async with scripted_service(tmp_path, database_url=url) as service:
        service.client.cookies.update(cookies)
        second = await service.submit("outcome wrong_value")
        assert (await service.verdict(second["id"]))["outcome"] == "wrong_value"
        listed = (await service.client.get("/api/v1/problems/double/submissions")).json()["submissions"]
        assert [one["id"] for one in listed] == [second["id"], first["id"]]
        assert (await service.client.get("/api/v1/session")).json()["email"] == account["email"]


async def test_a_breaking_change_is_noticed(url: str, tmp_path: Path) -> None:
    """The test above can fail."""
    _upgrade(url, tmp_path, _BREAKING)
    with pytest.raises(AssertionError, match="internal_error"):
        async with scripted_service(tmp_path, database_url=url) as service:
            await service.sign_up()
