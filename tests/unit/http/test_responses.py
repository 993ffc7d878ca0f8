"""Errors of the API: one shape, one table, and nothing of the inside."""

from pathlib import Path
from typing import cast

import msgspec
import pytest

from app.errors import GraderError, QueueFull
from app.http.responses import MEANINGS, meaning_of
from app.http.services import put_services
from app.store.problems import Problems
from tests.support.scripted_service import code, scripted_service

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("method", "path", "status", "expected"),
    [
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("PUT", "/api/v1/session", 405, "method_not_allowed"),
        ("GET", "/api/v1/submissions/a%00b", 401, "not_signed_in"),
    ],
)
async def test_every_error_has_the_one_shape(
    tmp_path: Path, method: str, path: str, status: int, expected: str
) -> None:
    async with scripted_service(tmp_path) as service:
        answer = await service.client.request(method, path)
    assert (answer.status_code, code(answer)) == (status, expected)


async def test_what_is_no_json_is_refused_with_the_place_where_it_stops_being_so(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        answer = await service.client.post(
            "/api/v1/session", content='{"email":', headers={"Content-Type": "application/json"}
        )
    assert (answer.status_code, code(answer)) == (422, "malformed_request")
    assert answer.json()["error"]["message"] == "body: not JSON at character 9: Expecting value"


async def test_an_error_of_ours_shows_nothing_of_the_inside(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        broken = cast(Problems, None)
        put_services(service.app, msgspec.structs.replace(service.services, problems=broken))
        answer = await service.client.get("/api/v1/problems")
        page = await service.client.get("/")
    assert (answer.status_code, code(answer)) == (500, "internal_error")
    assert "NoneType" not in answer.text
    assert page.status_code == 500
    assert page.headers["content-type"].startswith("text/html")


def test_every_error_class_has_a_meaning_and_only_malformed_input_is_422() -> None:
    """A class that is not listed has its base's meaning."""

    class Unlisted(QueueFull):
        """A new kind."""

    assert meaning_of(Unlisted("x")) == MEANINGS[QueueFull]
    assert meaning_of(GraderError("x")).status == 500
    malformed = {error.__name__ for error, meaning in MEANINGS.items() if meaning.status == 422}
    assert malformed == {"SubmissionRefused", "AccountError", "WeakPassword", "MalformedEmail"}
