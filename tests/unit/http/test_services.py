"""How handlers get what they work with."""

import inspect
from collections.abc import Iterator
from pathlib import Path

from fastapi import Depends, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from app.main import create_app
from app.settings import read_settings


def in_threads(app: FastAPI) -> set[str]:
    """Return the names of handlers, and of what they depend on, that FastAPI calls in a thread."""
    dependants = [d for route in app.routes if isinstance(route, APIRoute) for d in _all(route.dependant)]
    calls = [dependant.call for dependant in dependants if dependant.call is not None]
    return {call.__name__ for call in calls if not inspect.iscoroutinefunction(call)}


def _all(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for inner in dependant.dependencies:
        yield from _all(inner)


def test_no_request_waits_for_a_thread(tmp_path: Path) -> None:
    """A plain function among them would cost a change of threads for each request."""
    assert in_threads(create_app(read_settings(data_dir=tmp_path))) == set()


def test_a_plain_function_is_seen() -> None:
    app = FastAPI()

    def plain() -> int:
        return 1

    @app.get("/")
    async def handler(value: int = Depends(plain)) -> int:
        return value

    assert in_threads(app) == {"plain"}
