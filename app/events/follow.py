"""Following one submission to its end, wherever it stands when the follower comes."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from app.core.events import CaseDone, Event, Running, VerdictReached, WithVerdict, is_last, later_event
from app.core.submission import Submission
from app.core.verdict import Verdict
from app.events.feed import Feed, SentEvent
from app.events.verdict_watch import VerdictWatch

_FIRST_ID_OF_VERDICTS = 8_000_000_000_000_000
"""Where the ids of events begin that are told from a verdict, which every process numbers alike: above all
ids of events that were told live, and below what a client may not count exactly any more."""


async def follow_submission(
    feed: Feed, submission: Submission, verdict_watch: VerdictWatch, *, last_id: str | None = None
) -> AsyncIterator[SentEvent]:
    """Give every event up to the last; a finished submission's are made from its verdict.

    The last one is the verdict, or where that goes on its confirmation or explanation. Who was cut off after
    the event `last_id` gets what came after it, or everything where nobody here knows that event any more.
    In silences the stored submission is looked at, so a follower ends even where the end was reached in
    another process. While the database is away the follower waits; where the submission is gone, it ends.
    """
    goes_on = last_id is not None and await feed.knows(submission.id, last_id)
    seen = submission.verdict if submission.verdict is not None and submission.verdict.goes_on else None
    if submission.verdict is not None and not goes_on:
        events_sent = events_of(submission.verdict)
        for number in range(_received_of(last_id, len(events_sent)), len(events_sent)):
            yield SentEvent(event=events_sent[number], id=str(_FIRST_ID_OF_VERDICTS + number + 1))
        if seen is None:
            return
    events = feed.follow(submission.id, last_id=last_id)
    upcoming: asyncio.Future[SentEvent] = asyncio.ensure_future(anext(events))
    sent: SentEvent | None
    try:
        # Of somebody who goes on it is not known whether the verdict was received already.
        known = 0 if goes_on else submission.verdict_number
        with verdict_watch.watching(submission.id, after=known) as watch:
            while True:
                either: set[asyncio.Future[Any]] = {upcoming, watch.found}
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                if upcoming.done():
                    try:
                        sent = upcoming.result()
                    except StopAsyncIteration:
                        return
                    upcoming = asyncio.ensure_future(anext(events))
                    watch.put_off()
                elif (stored := watch.take()) is None:
                    return
                elif (sent := _event_from_store(stored, seen)) is None:
                    continue
                if seen is None or goes_on or _is_news(seen, sent.event):
                    yield sent
                    seen = sent.event.verdict if isinstance(sent.event, WithVerdict) else seen
                if is_last(sent.event):
                    return
    finally:
        upcoming.cancel()
        await asyncio.gather(upcoming, return_exceptions=True)


def _is_news(seen: Verdict, event: Event) -> bool:
    """Say whether this is new to who has `seen` a verdict: what came before it is not told again."""
    return isinstance(event, WithVerdict) and later_event(seen, event.verdict) is not None


def _event_from_store(stored: Verdict, seen: Verdict | None) -> SentEvent | None:
    """Return what a follower who has `seen` a verdict, or none, has missed."""
    if seen is None:
        return SentEvent(event=VerdictReached(verdict=stored))
    later = later_event(seen, stored)
    return None if later is None else SentEvent(event=later)


def _received_of(last_id: str | None, count: int) -> int:
    """Return how many events of a verdict were received up to this one; the last comes again anyway."""
    if last_id is None or not (last_id.isascii() and last_id.isdigit() and len(last_id) < 20):
        return 0
    return min(max(0, int(last_id) - _FIRST_ID_OF_VERDICTS), count - 1)


def events_of(verdict: Verdict) -> list[Event]:
    """Return the events that a follower would have received from `running` on."""
    cases = [CaseDone(case=case) for case in verdict.cases]
    return [Running(cases=tuple(c.name for c in verdict.cases)), *cases, VerdictReached(verdict=verdict)]
