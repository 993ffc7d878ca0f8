"""What the store says of submissions that somebody follows here, read by one for all of them.

Live events are told as they happen. What they leave out, such as a verdict that was written by a process that
tells nobody, or while a connection was lost, is found by looking: after a silence, at all who are silent at
once, so that thousands of followers cost the database no more than one.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from itertools import islice

from app.core.verdict import Verdict
from app.errors import DatabaseUnavailable
from app.store.engine.database import Database
from app.store.queries.verdicts import NumberedVerdict, later_verdicts

_SILENT_SECONDS = 5.0
_LOOKS_IN_A_SILENCE = 5
_AT_ONCE = 500

_log = logging.getLogger("jaxercise.live")

ReadLater = Callable[[Mapping[str, int]], Awaitable[Mapping[str, NumberedVerdict | None]]]
"""Takes numbers of verdicts by submission; gives later ones, and None for a submission that is gone."""


class Watch:
    """One follower's wait for a verdict later than `number`, the one that it knows."""

    def __init__(self, submission_id: str, number: int) -> None:
        self.submission_id = submission_id
        self.number = number
        self.silent_since = asyncio.get_running_loop().time()
        self._found: asyncio.Future[Verdict | None] = asyncio.get_running_loop().create_future()

    @property
    def found(self) -> asyncio.Future[Verdict | None]:
        """Wait for the later verdict; its result is None where the submission is gone."""
        return self._found

    def take(self) -> Verdict | None:
        """Return what was found, and wait for what comes after it."""
        verdict = self._found.result()
        self._found = asyncio.get_running_loop().create_future()
        return verdict

    def put_off(self) -> None:
        """Begin the silence again: something was told live."""
        self.silent_since = asyncio.get_running_loop().time()


class VerdictWatch:
    """Looks for all followers of this process, once in each `silent_seconds` for each of them."""

    def __init__(self, read_later: ReadLater, *, silent_seconds: float = _SILENT_SECONDS) -> None:
        self._read_later = read_later
        self._silent_seconds = silent_seconds
        self._watches: dict[Watch, None] = {}

    @contextmanager
    def watching(self, submission_id: str, *, after: int) -> Iterator[Watch]:
        """Look for verdicts later than the one numbered `after`, 0 for any, while the block lasts."""
        watch = Watch(submission_id, after)
        self._watches[watch] = None
        try:
            yield watch
        finally:
            del self._watches[watch]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look while the block lasts."""
        looking = asyncio.create_task(self._look_on())
        try:
            yield
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)

    async def _look_on(self) -> None:
        while True:
            await asyncio.sleep(self._silent_seconds / _LOOKS_IN_A_SILENCE)
            try:
                await self._look()
            except DatabaseUnavailable:
                # Whoever follows waits until it is back.
                continue
            except Exception as fault:
                _log.warning("verdicts could not be looked for: %s", type(fault).__name__)

    async def _look(self) -> None:
        silent_before = asyncio.get_running_loop().time() - self._silent_seconds
        silent = [
            watch for watch in self._watches if watch.silent_since <= silent_before and not watch.found.done()
        ]
        # Of several who follow one submission the one that knows least is looked for.
        known: dict[str, int] = {}
        for watch in silent:
            known[watch.submission_id] = min(watch.number, known.get(watch.submission_id, watch.number))
            watch.put_off()
        waiting = iter(known.items())
        later: dict[str, NumberedVerdict | None] = {}
        while some := dict(islice(waiting, _AT_ONCE)):
            later.update(await self._read_later(some))
        for watch in silent:
            if watch.submission_id in later and not watch.found.done():
                _hand_on(watch, later[watch.submission_id])


def _hand_on(watch: Watch, later: NumberedVerdict | None) -> None:
    if later is None:
        watch.found.set_result(None)
    elif later.number > watch.number:
        watch.number = later.number
        watch.found.set_result(later.verdict)


def watch_of(database: Database, *, silent_seconds: float = _SILENT_SECONDS) -> VerdictWatch:
    """Return the one that looks into this database."""

    async def read_later(known: Mapping[str, int]) -> Mapping[str, NumberedVerdict | None]:
        async with database.reading() as connection:
            return await later_verdicts(connection, known)

    return VerdictWatch(read_later, silent_seconds=silent_seconds)
