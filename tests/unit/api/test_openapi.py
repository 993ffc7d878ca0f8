"""The description of the API, and the page made from it."""

import re
from pathlib import Path

import pytest

from tests.support.scripted_service import scripted_service

pytestmark = pytest.mark.anyio


async def test_the_documentation_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    async with scripted_service(tmp_path) as service:
        page = await service.client.get("/api/docs")
        description = (await service.client.get("/api/openapi.json")).json()
        for address in re.findall(r'(?:src|href)="([^"#]+)"', page.text):
            assert (await service.client.get(address)).status_code == 200, address
    assert page.status_code == 200
    assert "<script" not in page.text
    assert "<style" not in page.text
    for path in description["paths"]:
        assert path.replace("{", "&#123;") in page.text or path in page.text


async def test_openapi_describes_every_operation_and_its_values(tmp_path: Path) -> None:
    """Each reference leads somewhere, each operation says what it answers and which errors there are."""
    async with scripted_service(tmp_path) as service:
        description = (await service.client.get("/api/openapi.json")).json()
    paths = description["paths"]
    assert {
        "/api/v1/problems",
        "/api/v1/problems/{slug}",
        "/api/v1/problems/{slug}/submissions",
        "/api/v1/submissions/{submission_id}",
        "/api/v1/submissions/{submission_id}/events",
        "/api/v1/accounts",
        "/api/v1/session",
        "/api/v1/tokens",
    } <= set(paths)
    schemas = description["components"]["schemas"]
    assert "diagnosis" in schemas["Verdict"]["properties"]
    for reference in re.findall(r'"\$ref": ?"([^"]+)"', str(description).replace("'", '"')):
        assert reference.removeprefix("#/components/schemas/") in schemas
    for methods in paths.values():
        for operation in methods.values():
            assert operation["summary"]
            assert "4XX" in operation["responses"]
