"""Live events of submissions: what has happened, and then what happens.

A follower is an index into a submission's short history, never a queue: publishing only
appends, so a slow or dead reader can hold up nobody and costs no memory of its own.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator

import msgspec

from app.core.events import (
    CaseDone,
    Event,
    Queued,
    Running,
    VerdictConfirmed,
    VerdictExplained,
    VerdictReached,
    WithVerdict,
    is_last,
)

_CASES_REMEMBERED = 1000
_ENDED_REMEMBERED = 500


class SentEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event as a follower hears it; who was cut off goes on after the last `id` that was heard."""

    event: Event
    id: str | None = None


class _History:
    """One submission's events with growing numbers.

    Of several `Queued` in a row only the last is kept, and the same place is told once.
    """

    def __init__(self) -> None:
        self.sent: list[tuple[int, SentEvent]] = []
        self.has_verdict = False
        self.ended = False
        self._number = 0
        self._cases: set[str] = set()
        self._changed = asyncio.Event()

    def append(self, event: Event, event_id: str | None) -> None:
        if isinstance(event, Running):
            self._cases.clear()
        if isinstance(event, CaseDone):
            # A worker that was taken for dead may come back and tell what another one has told meanwhile.
            if event.case.name in self._cases or len(self.sent) >= _CASES_REMEMBERED:
                return
            self._cases.add(event.case.name)
        if isinstance(event, Queued) and self.sent and isinstance(self.sent[-1][1].event, Queued):
            if self.sent[-1][1].event == event:
                return
            self.sent.pop()
        self._number += 1
        self.sent.append((self._number, SentEvent(event=event, id=event_id)))
        self.has_verdict = isinstance(event, WithVerdict)
        self.ended = is_last(event)
        self._changed.set()
        self._changed = asyncio.Event()

    def after(self, number: int) -> list[tuple[int, SentEvent]]:
        return [entry for entry in self.sent if entry[0] > number]

    def number_of(self, event_id: str | None) -> int | None:
        """Return where the event with this id is; None where it is not known here."""
        found = (number for number, sent in self.sent if sent.id is not None and sent.id == event_id)
        return next(found, None)

    async def change(self) -> None:
        await self._changed.wait()


class Feed:
    """Per submission: replay, then live, until the last event. Of what happens in this process."""

    def __init__(self, *, ended_remembered: int = _ENDED_REMEMBERED) -> None:
        self._ended_remembered = ended_remembered
        self._under_way: dict[str, _History] = {}
        # Those with a verdict, which may still be confirmed or explained.
        self._ended: OrderedDict[str, _History] = OrderedDict()
        # Ids grow from the moment of the start on, so that those of a process before mean nothing here.
        self._last_id = time.time_ns() // 1000

    def publish(self, submission_id: str, event: Event) -> None:
        """Publish without waiting. After the verdict only what goes on from it is taken."""
        self._last_id += 1
        self._append(submission_id, event, str(self._last_id))

    async def knows(self, submission_id: str, event_id: str) -> bool:
        """Say whether `follow` can go on after that event."""
        history = self._ended.get(submission_id) or self._under_way.get(submission_id)
        return history is not None and history.number_of(event_id) is not None

    async def follow(self, submission_id: str, *, last_id: str | None = None) -> AsyncIterator[SentEvent]:
        """Give all that has been, then what comes, up to the last event; if it is known, from `last_id` on.

        Waits for ever on a submission that ended before this process began: see `follow.py`.
        """
        history = self._ended.get(submission_id) or self._under_way.setdefault(submission_id, _History())
        number = history.number_of(last_id) or 0
        while True:
            for reached, sent in history.after(number):
                number = reached
                yield sent
                if is_last(sent.event):
                    return
            if not history.after(number):
                await history.change()

    def _append(self, submission_id: str, event: Event, event_id: str | None) -> None:
        known = self._ended.get(submission_id)
        if known is not None and known.ended and isinstance(event, VerdictReached) and not is_last(event):
            # It is looked into again, and whoever comes now is told of that.
            del self._ended[submission_id]
        elif known is not None:
            if not known.ended and isinstance(event, VerdictConfirmed | VerdictExplained):
                known.append(event, event_id)
            return
        history = self._under_way.setdefault(submission_id, _History())
        history.append(event, event_id)
        if history.has_verdict:
            self._ended[submission_id] = self._under_way.pop(submission_id)
            while len(self._ended) > self._ended_remembered:
                self._ended.popitem(last=False)
