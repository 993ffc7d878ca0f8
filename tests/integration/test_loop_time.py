"""No route holds the event loop for long, whatever it is asked: every one of them, with the worst inputs.

What counts is the processor time of the loop's thread, beside a piece of Python that takes 50 ms where
docs/performance.md was measured: a slow or busy machine is slow at both.
"""

import time
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from tests.support.loop_time import Answered, answer_of, routes_of, yardstick
from tests.support.worst_ground import SIZES, Ground
from tests.support.worst_inputs import HEAD_BYTES, WORST, Worst, inputs_of
from tests.support.worst_service import worst_service

pytestmark = pytest.mark.anyio

_ROUNDS = 3
_ALLOWANCE = 0.2
"""Of the yardstick: what a request may cost beside its field, when half a field is compared with a whole."""


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def ground(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ground]:
    async with worst_service(tmp_path_factory.mktemp("worst")) as opened:
        yield opened


async def cheapest(ground: Ground, worst: Worst, size: float, *, enough_seconds: float) -> Answered:
    """The best of three rounds, of which no more are made than it takes to see that it is little."""
    answers: list[Answered] = []
    for number in range(_ROUNDS):
        ground.forget()
        answers.append(await answer_of(ground.service.app, worst.ask(ground, size, number)))
        assert answers[-1].status in worst.statuses, f"{worst.name}: {answers[-1].status}"
        if answers[-1].loop_seconds < enough_seconds:
            break
    return min(answers, key=lambda answer: answer.loop_seconds)


async def faults_of(ground: Ground, method: str, path: str, *, first: int | None = None) -> list[str]:
    """What is too slow of a route, or grows too fast, a sentence each; of its `first` inputs, or of all."""
    faults = []
    inputs = inputs_of(method, path)[:first]
    if not inputs:
        return [f"{method} {path}: nobody has said what is worst there (tests/support/worst_inputs.py)"]
    for worst in inputs:
        limit = yardstick_once()
        full, half = SIZES
        whole = await cheapest(ground, worst, full, enough_seconds=_ALLOWANCE * limit)
        if whole.loop_seconds <= _ALLOWANCE * limit:
            continue
        fault = f"{method} {path}, {worst.name}: {whole.loop_seconds / limit:.2f} of the yardstick"
        if whole.loop_seconds > limit:
            faults.append(fault)
        part = await cheapest(ground, worst, half, enough_seconds=0)
        if whole.loop_seconds > 2 * part.loop_seconds + _ALLOWANCE * limit:
            faults.append(f"{fault}, {part.loop_seconds / limit:.2f} for half of it")
    return faults


_YARDSTICK: list[float] = []


def yardstick_once() -> float:
    """The yardstick beside each route's first measurement; a machine changes its pace."""
    if not _YARDSTICK:
        _YARDSTICK.append(yardstick())
    return _YARDSTICK[0]


@pytest.mark.parametrize(("method", "path"), sorted(WORST))
async def test_a_route_leaves_the_loop_to_others(ground: Ground, method: str, path: str) -> None:
    faults: list[str] = []
    for _ in range(_ROUNDS):
        _YARDSTICK.clear()
        faults = await faults_of(ground, method, path)
        if not faults:
            break  # What is slow is slow each time; what another process has spoiled is not.
    assert faults == []


async def test_every_route_of_the_application_has_its_worst_inputs(ground: Ground) -> None:
    """A new route without any fails here; so does an entry whose route is gone."""
    assert set(routes_of(ground.service.app)) == set(WORST)


async def test_the_walk_finds_who_holds_the_loop(ground: Ground) -> None:
    """The check itself: a route that takes three yardsticks in the loop."""
    app = ground.service.app

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        yardstick()
        await app(scope, receive, send)

    faults = await faults_of(_instead_of(ground, slow), "GET", "/healthz", first=1)
    assert any("of the yardstick" in fault for fault in faults)


async def test_the_walk_finds_what_grows_with_the_square(ground: Ground) -> None:
    """Though it takes less than a yardstick for the largest that may be sent."""
    app, seconds = ground.service.app, 0.8 * yardstick()

    async def square(scope: Any, receive: Any, send: Any) -> None:
        end = time.thread_time() + seconds * (len(scope["query_string"]) / HEAD_BYTES) ** 2
        while time.thread_time() < end:
            pass
        await app(scope, receive, send)

    faults = await faults_of(_instead_of(ground, square), "GET", "/healthz", first=2)
    assert any("for half of it" in fault for fault in faults)


async def test_a_route_that_nobody_has_thought_of_is_a_fault(ground: Ground) -> None:
    [fault] = await faults_of(ground, "GET", "/new")
    assert "nobody has said" in fault


def _instead_of(ground: Ground, app: Any) -> Ground:
    return msgspec.structs.replace(ground, service=msgspec.structs.replace(ground.service, app=app))
