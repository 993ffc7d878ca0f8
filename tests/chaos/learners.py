"""Learners under chaos: each submits, follows wherever it is let in, is cut off, and goes on."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import msgspec

_OUTCOMES = ("accepted", "wrong_value", "error", "time_limit")
_RETRY_SECONDS = 0.3
_PATIENCE = httpx.Timeout(15.0, read=30.0)
PASSWORD = "correct horse battery"


class Accepted(msgspec.Struct, kw_only=True):
    """A submission that was answered with 202, and what its learner then heard."""

    id: str
    expected: str
    submitted_at: float
    seen: str | None = None
    seen_at: float = 0.0
    received: list[tuple[float, str]] = []
    """When, and what; for whoever looks into a failure."""
    twice: list[str] = []
    """Events that were heard a second time though `Last-Event-ID` told of the first."""


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """How heavy: seconds that a run takes, evenly drawn, and now and then a long one."""

    longest_run_seconds: float = 0.6
    long_runs_share: float = 0.02
    long_run_seconds: float = 7.0
    cut_share: float = 0.4
    """How many of the streams the learner itself breaks off in the middle."""


class Learners:
    """All learners together; `accepted` grows, by id."""

    def __init__(self, addresses: Callable[[], Sequence[str]], chance: random.Random, load: Load) -> None:
        self.accepted: dict[str, Accepted] = {}
        self.refused = 0
        """Requests that were not answered, or with a 5xx; each was made again."""
        self.reconnects = 0
        self._addresses = addresses
        self._chance = chance
        self._load = load
        self._count = 0

    async def sign_up(self, number: int) -> dict[str, str]:
        """A new learner's cookies."""
        async with httpx.AsyncClient(timeout=_PATIENCE) as client:
            body = {"email": f"learner{number}@school.test", "password": PASSWORD}
            answer = await client.post(f"{self._address()}/api/v1/accounts", json=body)
            assert answer.status_code == 201, answer.text
            return dict(client.cookies)

    async def submit_until(self, stop: asyncio.Event, cookies: dict[str, str]) -> None:
        """One after the other; returns when the last verdict has been heard."""
        while not stop.is_set():
            self._count += 1
            expected = self._chance.choice(_OUTCOMES)
            seconds = self._chance.uniform(0, self._load.longest_run_seconds)
            if self._chance.random() < self._load.long_runs_share:
                seconds = self._load.long_run_seconds
            outcome = "passed" if expected == "accepted" else expected
            code = f"number {self._count}\nwait {seconds:.3f}\noutcome {outcome}\n"
            await self.follow(cookies, await self.submit(cookies, code, expected))

    async def submit(self, cookies: dict[str, str], code: str, expected: str) -> Accepted:
        """Until it is accepted, wherever."""
        async with httpx.AsyncClient(timeout=_PATIENCE, cookies=cookies) as client:
            while True:
                at = time.time()
                try:
                    answer = await client.post(
                        f"{self._address()}/api/v1/problems/double/submissions", json={"code": code}
                    )
                except httpx.TransportError:
                    self.refused += 1
                else:
                    if answer.status_code == 202:
                        found = Accepted(id=answer.json()["id"], expected=expected, submitted_at=at)
                        self.accepted[found.id] = found
                        return found
                    assert answer.status_code >= 500, answer.text
                    self.refused += 1
                await asyncio.sleep(_RETRY_SECONDS)

    async def follow(self, cookies: dict[str, str], submitted: Accepted) -> None:
        """Until the verdict, going on after the last event that was heard, wherever."""
        seen_ids: set[str] = set()
        cases: set[str] = set()
        last_id: str | None = None
        async with httpx.AsyncClient(timeout=_PATIENCE, cookies=cookies) as client:
            while submitted.seen is None:
                cut = self._chance.random() < self._load.cut_share
                leave_after = self._chance.randrange(1, 4) if cut else None
                headers = {} if last_id is None else {"Last-Event-ID": last_id}
                url = f"{self._address()}/api/v1/submissions/{submitted.id}/events"
                try:
                    async with client.stream("GET", url, headers=headers) as stream:
                        if stream.status_code != 200:
                            assert stream.status_code >= 500, stream.status_code
                            raise httpx.RemoteProtocolError(f"{stream.status_code}")
                        number = 0
                        async for kind, event_id, data in _events(stream):
                            last_id = event_id or last_id
                            self._receive(submitted, kind, event_id, data, seen_ids, cases)
                            number += 1
                            if number == leave_after or submitted.seen is not None:
                                break
                except httpx.TransportError as fault:
                    submitted.received.append((time.time(), f"after {last_id}: {type(fault).__name__}"))
                    self.refused += 1
                    await asyncio.sleep(_RETRY_SECONDS)
                if submitted.seen is None:
                    self.reconnects += 1
                    await asyncio.sleep(self._chance.uniform(0, _RETRY_SECONDS))

    def _receive(
        self,
        submitted: Accepted,
        kind: str,
        event_id: str | None,
        data: Any,
        seen_ids: set[str],
        cases: set[str],
    ) -> None:
        what = data["case"]["name"] if kind == "case" else data.get("position", "")
        submitted.received.append((time.time(), f"{kind} {event_id} {what}"))
        if kind == "queued":
            return
        # A run that is made again is told again, from `running` on, under other ids.
        if event_id is not None and event_id in seen_ids:
            submitted.twice.append(f"{kind} {event_id}")
        seen_ids.add(event_id or "")
        if kind == "running":
            cases.clear()
        elif kind == "case":
            if data["case"]["name"] in cases:
                submitted.twice.append(f"case {data['case']['name']}")
            cases.add(data["case"]["name"])
        elif kind == "verdict":
            submitted.seen = data["verdict"]["outcome"]
            submitted.seen_at = time.time()

    def _address(self) -> str:
        return self._chance.choice(self._addresses())


async def _events(stream: httpx.Response) -> Any:
    kind, event_id = "", None
    async for line in stream.aiter_lines():
        if line.startswith("event: "):
            kind = line.removeprefix("event: ")
        elif line.startswith("id: "):
            event_id = line.removeprefix("id: ")
        elif line.startswith("data: "):
            yield kind, event_id, msgspec.json.decode(line.removeprefix("data: "))
            event_id = None
