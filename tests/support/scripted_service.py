"""The whole service inside the test's own process, with the scripted grader: no socket, no sandbox."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
from fastapi import FastAPI

from app.http.services import RequestServices, services_of
from app.main import create_app
from app.settings import Settings, read_settings
from tests.support.scripted_grader import ScriptedGrader
from tests.support.small_problem import small_problem, write_problem

PASSWORD = "correct horse battery"


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """`client` keeps cookies as one browser does; `visitor()` gives another one."""

    app: FastAPI
    settings: Settings
    client: httpx.AsyncClient
    grader: ScriptedGrader

    @property
    def services(self) -> RequestServices:
        """What its requests are answered with."""
        return services_of(self.app)

    async def ready(self) -> None:
        """Return once it grades."""
        async with asyncio.timeout(60):
            while (await self.client.get("/readyz")).status_code != 200:  # noqa: ASYNC110 (it has no event)
                await asyncio.sleep(0.01)

    def visitor(self, **headers: str) -> httpx.AsyncClient:
        return _client(self.app, headers)

    async def sign_up(self, email: str = "admin@school.test") -> dict[str, Any]:
        answer = await self.client.post("/api/v1/accounts", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def submit(self, code: str, *, mode: str = "submit", slug: str = "double") -> dict[str, Any]:
        answer = await self.client.post(
            f"/api/v1/problems/{slug}/submissions", json={"code": code, "mode": mode}
        )
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    async def verdict(self, submission_id: str) -> dict[str, Any]:
        """Waits for the end of the events, then reads the submission."""
        await self.client.get(f"/api/v1/submissions/{submission_id}/events")
        answer = await self.client.get(f"/api/v1/submissions/{submission_id}")
        assert answer.json()["status"] == "done"
        return dict(answer.json()["verdict"])


@asynccontextmanager
async def scripted_service(place: Path, **settings: Any) -> AsyncIterator[Service]:
    """A service with one small problem, `double`, and nobody signed up; all state lies in `place`."""
    if not (place / "problems").exists():
        write_problem(small_problem(), place)
    grader = ScriptedGrader()

    @asynccontextmanager
    async def open_grader() -> AsyncIterator[ScriptedGrader]:
        yield grader

    chosen = {
        "data_dir": place / "data",
        "problems_dir": place / "problems",
        "references_dir": place / "references",
        "slots": 1,
        "drain_seconds": 0,
        **settings,
    }
    read = read_settings(**chosen)
    app = create_app(read, open_grader=open_grader)
    async with app.router.lifespan_context(app), _client(app, {}) as client:
        yield Service(app=app, settings=read, client=client, grader=grader)


def code(answer: httpx.Response) -> str:
    """The error's code; its shape is the documented one."""
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "details"}
    return str(error["code"])


async def until(condition: Callable[[], bool]) -> None:
    """Return once the condition holds; fail after a minute, far more than anything here takes."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 (what is waited for has no event)
            await asyncio.sleep(0.01)


def _client(app: FastAPI, headers: dict[str, str]) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://jaxercise.test", headers=headers)
