"""Live events of submissions: what has happened, and then what happens.

A follower is an index into a submission's short history, never a queue: publishing only
appends, so a slow or dead reader can hold up nobody and costs no memory of its own.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from typing import cast

from fastapi import Request

from app.core.events import CaseDone, Event, Queued, VerdictReached

_CASES_REMEMBERED = 1000
_ENDED_REMEMBERED = 500


class _History:
    """One submission's events with growing numbers; of several `Queued` in a row only the last is kept."""

    def __init__(self) -> None:
        self.events: list[tuple[int, Event]] = []
        self.ended = False
        self._number = 0
        self._changed = asyncio.Event()

    def append(self, event: Event) -> None:
        if isinstance(event, CaseDone) and len(self.events) >= _CASES_REMEMBERED:
            return
        if isinstance(event, Queued) and self.events and isinstance(self.events[-1][1], Queued):
            self.events.pop()
        self._number += 1
        self.events.append((self._number, event))
        self.ended = isinstance(event, VerdictReached)
        self._changed.set()
        self._changed = asyncio.Event()

    def after(self, number: int) -> list[tuple[int, Event]]:
        return [entry for entry in self.events if entry[0] > number]

    async def change(self) -> None:
        await self._changed.wait()


class Feed:
    """Per submission: replay, then live, until the verdict. For one process."""

    def __init__(self) -> None:
        self._under_way: dict[str, _History] = {}
        self._ended: OrderedDict[str, _History] = OrderedDict()

    def publish(self, submission_id: str, event: Event) -> None:
        """Never waits. After the verdict nothing more is taken."""
        if submission_id in self._ended:
            return
        history = self._under_way.setdefault(submission_id, _History())
        history.append(event)
        if history.ended:
            self._ended[submission_id] = self._under_way.pop(submission_id)
            while len(self._ended) > _ENDED_REMEMBERED:
                self._ended.popitem(last=False)

    async def follow(self, submission_id: str) -> AsyncIterator[Event]:
        """All that has been, then what comes; ends after the verdict.

        Waits for ever on a submission that ended before this process began: see `follow.py`.
        """
        history = self._ended.get(submission_id) or self._under_way.setdefault(submission_id, _History())
        number = 0
        while True:
            for reached, event in history.after(number):
                number = reached
                yield event
                if isinstance(event, VerdictReached):
                    return
            if not history.after(number):
                await history.change()


def feed_of(request: Request) -> Feed:
    return cast(Feed, request.app.state.feed)
