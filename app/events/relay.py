"""Live events between processes: each writes what happens in it, and hears what happens elsewhere."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager

from app.core.events import (
    CaseDone,
    Event,
    Queued,
    Running,
    WithVerdict,
    later_event,
)
from app.core.verdict import Verdict
from app.events.feed import Feed, SentEvent
from app.events.follow import events_of
from app.store.engine.database import Database
from app.store.queries import events as submission_events
from app.store.queries.events import Happened, StoredEvent
from app.store.queries.verdicts import current_of

_IN_THE_STORE = WithVerdict
"""Events that others read from the submission itself."""
_GATHER_SECONDS = 0.01
_AT_ONCE = 500
_BACKLOG = 20_000
_AFTER_A_FAILURE_SECONDS = 0.5
_CLEANING_SECONDS = 60.0

_log = logging.getLogger("jaxercise.live")


class RelayedFeed(Feed):
    """A feed of what happens in any process on the same PostgreSQL.

    Only submissions that somebody follows here are remembered here; all others are in the database. What
    cannot be written because the database is away is kept, up to a bound, until it is back.
    """

    def __init__(self, database: Database, *, cleaning_seconds: float = _CLEANING_SECONDS) -> None:
        super().__init__()
        self._database = database
        self._cleaning_seconds = cleaning_seconds
        self._followers: defaultdict[str, int] = defaultdict(int)
        self._received: dict[str, int] = {}
        self._reading = asyncio.Lock()
        self._unwritten: list[tuple[str, Event]] = []
        self._some = asyncio.Event()

    def publish(self, submission_id: str, event: Event) -> None:
        if isinstance(event, Queued):
            # Every process tells its own followers their places. Without an id, so that who is cut off after
            # one goes on after the last event that all processes know.
            if submission_id in self._followers:
                self._append(submission_id, event, None)
            return
        if len(self._unwritten) < _BACKLOG:
            self._unwritten.append((submission_id, event))
            self._some.set()

    def followed(self) -> list[str]:
        """Return the submissions that somebody here follows, and of which more is to be told."""
        return [submission_id for submission_id in self._followers if not self._has_ended(submission_id)]

    async def knows(self, submission_id: str, event_id: str) -> bool:
        async with self._following(submission_id):
            await self._read([submission_id], ended=[submission_id])
            return await super().knows(submission_id, event_id)

    async def follow(self, submission_id: str, *, last_id: str | None = None) -> AsyncIterator[SentEvent]:
        async with self._following(submission_id):
            await self._read([submission_id], ended=[submission_id])
            async for sent in super().follow(submission_id, last_id=last_id):
                yield sent

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write and listen while the block lasts; at its end what is left is written once more."""
        tasks = [asyncio.create_task(work()) for work in (self._write, self._listen, self._clean)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            try:
                while self._unwritten:
                    await self._write_some()
            except Exception as fault:
                _log.warning("the last live events were not written: %s", type(fault).__name__)

    @asynccontextmanager
    async def _following(self, submission_id: str) -> AsyncIterator[None]:
        self._followers[submission_id] += 1
        try:
            yield
        finally:
            self._followers[submission_id] -= 1
            if self._followers[submission_id] == 0:
                del self._followers[submission_id]
                self._received.pop(submission_id, None)
                self._under_way.pop(submission_id, None)
                self._ended.pop(submission_id, None)

    async def _write(self) -> None:
        while True:
            await self._some.wait()
            # What happens together is one commit.
            await asyncio.sleep(_GATHER_SECONDS)
            self._some.clear()
            try:
                while self._unwritten:
                    await self._write_some()
            except Exception as fault:
                _log.debug("live events wait to be written: %s", type(fault).__name__)
                self._some.set()
                await asyncio.sleep(_AFTER_A_FAILURE_SECONDS)

    async def _write_some(self) -> None:
        batch = self._unwritten[:_AT_ONCE]
        lasting = [entry for entry in batch if not isinstance(entry[1], _IN_THE_STORE)]
        ended = {submission_id for submission_id, event in batch if isinstance(event, _IN_THE_STORE)}
        changed = dict.fromkeys(submission_id for submission_id, _ in batch)
        async with self._database.transaction() as connection:
            await submission_events.need_not_last(connection)
            await submission_events.add_events(connection, lasting)
            happened = [
                Happened(submission_id=changed_id, ended=changed_id in ended) for changed_id in changed
            ]
            await submission_events.notify_listeners(connection, happened)
        del self._unwritten[: len(batch)]

    async def _listen(self) -> None:
        async for payload in submission_events.listen(self._database.url):
            try:
                if payload is None:
                    await self._read(self.followed(), ended=self.followed())
                    continue
                mine = [h for h in submission_events.read_notification(payload) if self._follows(h)]
                await self._read(
                    [h.submission_id for h in mine], ended=[h.submission_id for h in mine if h.ended]
                )
            except Exception as fault:
                # A follower looks at the row itself after a silence.
                _log.warning("live events could not be read: %s", type(fault).__name__)

    async def _read(self, submission_ids: Sequence[str], *, ended: Collection[str] = ()) -> None:
        """Take in what is new of these; `ended` may have their verdicts."""
        if not submission_ids:
            return
        async with self._reading, self._database.reading() as connection:
            after = min(self._received.get(submission_id, 0) for submission_id in submission_ids)
            stored = await submission_events.events_of(connection, submission_ids, after)
            verdicts = await current_of(connection, ended) if ended else {}
            # Who followed may have gone meanwhile, and then nothing is kept.
            for found in stored:
                if self._follows(found) and found.number > self._received.get(found.submission_id, 0):
                    self._received[found.submission_id] = found.number
                    self._append(found.submission_id, found.event, str(found.number))
            for submission_id, verdict in verdicts.items():
                if submission_id in self._followers:
                    self._end(submission_id, verdict)

    def _end(self, submission_id: str, verdict: Verdict) -> None:
        """Append what is left up to the verdict, which may be read before the last events of its run."""
        if self._has_ended(submission_id):
            return
        last = self._received.get(submission_id, 0)
        if (ended := self._ended.get(submission_id)) is not None:
            seen = ended.sent[-1][1].event
            if isinstance(seen, WithVerdict) and (later := later_event(seen.verdict, verdict)) is not None:
                self._append(submission_id, later, str(last + len(ended.sent) + 1))
            return
        history = self._under_way.get(submission_id)
        sent = [sent.event for _, sent in history.sent] if history is not None else []
        for number, event in enumerate(unsent(verdict, sent), last + 1):
            self._append(submission_id, event, str(number))

    def _has_ended(self, submission_id: str) -> bool:
        known = self._ended.get(submission_id)
        return known is not None and known.ended

    def _follows(self, found: Happened | StoredEvent) -> bool:
        return found.submission_id in self._followers

    async def _clean(self) -> None:
        while True:
            await asyncio.sleep(self._cleaning_seconds)
            try:
                async with self._database.transaction() as connection:
                    await submission_events.forget_old_events(connection)
            except Exception as fault:
                _log.debug("old live events stay: %s", type(fault).__name__)


def unsent(verdict: Verdict, sent: Sequence[Event]) -> list[Event]:
    """Return the events that are still to be sent of a run that has ended so, its verdict last."""
    runs = [place for place, event in enumerate(sent) if isinstance(event, Running)]
    known = {event.case.name for event in sent[runs[-1] :] if isinstance(event, CaseDone)} if runs else set()
    return [
        event
        for event in events_of(verdict)
        if not (isinstance(event, Running) and runs)
        and not (isinstance(event, CaseDone) and event.case.name in known)
    ]
