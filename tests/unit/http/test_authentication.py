"""Who sends a request."""

from pathlib import Path

import msgspec
import pytest

from app.http.services import put_services
from tests.support.scripted_service import PASSWORD, code, scripted_service

pytestmark = pytest.mark.anyio


async def test_a_token_that_is_not_valid_is_refused_even_where_none_is_needed(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service, service.visitor(Authorization="Bearer no") as program:
        for path in ("/api/v1/problems", "/api/v1/problems/double"):
            assert code(await program.get(path)) == "not_signed_in"


@pytest.mark.parametrize("header", ["Bearer wrong", "Bearer ", "Basic YTpi", "nonsense"])
async def test_a_bad_token_is_refused_even_where_guests_may_read(tmp_path: Path, header: str) -> None:
    """A program with an expired token should not be taken for a guest; nor does a cookie stand in."""
    async with scripted_service(tmp_path) as service:
        await service.sign_up()
        answer = await service.client.get("/api/v1/problems/double", headers={"Authorization": header})
    assert (answer.status_code, code(answer)) == (401, "not_signed_in")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("is_production", [False, True])
async def test_in_production_the_cookie_is_sent_over_https_alone(tmp_path: Path, is_production: bool) -> None:
    """Even where a proxy did not say that it was asked by HTTPS."""
    credentials = {"email": "a@school.test", "password": PASSWORD}
    async with scripted_service(tmp_path) as service:
        put_services(service.app, msgspec.structs.replace(service.services, is_production=is_production))
        answer = await service.client.post("http://jaxercise.test/api/v1/accounts", json=credentials)
    assert ("secure" in answer.headers["set-cookie"].lower()) is is_production
