"""Texts as HTML, made away from the event loop: each once, one at a time, and the last ones are kept.

The thread that makes them holds the interpreter as any Python does, but gives it away every few
milliseconds, so a page that needs none of this is answered meanwhile.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Generic, TypeVar

from app.catalog.highlighting import code_listing
from app.catalog.statement import Statement, render_statement
from app.core.problem import Problem

_MOST_BYTES = 64 << 20
_MOST_WAITING = 20
_PATIENCE_SECONDS = 1.0

Rendered = TypeVar("Rendered")


class Renderings:
    """Statements and listings of code; made by `open_renderings`."""

    def __init__(self, *, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        self._patience_seconds = patience_seconds
        self._statements: _Kept[Statement] = _Kept("statements", _statement_bytes)
        self._listings: _Kept[str] = _Kept("listings", len)

    async def statement(self, problem: Problem) -> Statement:
        """Return the problem's statement.

        Raises:
            ProblemError: it cannot be shown.
        """
        return await self._statements.of(problem.version, partial(render_statement, problem))

    async def listing(self, code: str) -> str:
        """Return the items of `code_listing`; without colours where too many others wait for theirs."""
        key = hashlib.sha256(code.encode()).hexdigest()
        if self._listings.count_waiting() < _MOST_WAITING:
            try:
                async with asyncio.timeout(self._patience_seconds):
                    return await self._listings.of(key, partial(code_listing, code))
            except TimeoutError:
                pass  # They are made all the same, and are there the next time.
        return await asyncio.to_thread(code_listing, code, in_colours=False)

    def close(self) -> None:
        """Begin nothing more."""
        self._statements.close()
        self._listings.close()


@contextmanager
def open_renderings(*, patience_seconds: float = _PATIENCE_SECONDS) -> Iterator[Renderings]:
    """Have a thread for statements and one for listings while the block lasts.

    A page waits `patience_seconds` for the colours of its code.
    """
    renderings = Renderings(patience_seconds=patience_seconds)
    try:
        yield renderings
    finally:
        renderings.close()


class _Kept(Generic[Rendered]):
    """What was made in a thread of its own, by keys; the least recently used goes first."""

    def __init__(self, name: str, size_bytes: Callable[[Rendered], int]) -> None:
        self._size_bytes = size_bytes
        self._kept: OrderedDict[str, Rendered] = OrderedDict()
        self._kept_bytes = 0
        self._under_way: dict[str, asyncio.Future[Rendered]] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def of(self, key: str, make: Callable[[], Rendered]) -> Rendered:
        """Return what is kept, or what `make` gives; who asks for the same meanwhile waits for that."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        making = self._under_way.get(key)
        if making is None:
            making = asyncio.get_running_loop().run_in_executor(self._thread, make)
            self._under_way[key] = making
            making.add_done_callback(partial(self._keep, key))
        return await asyncio.shield(making)

    def count_waiting(self) -> int:
        """Count those that are still to be made, the one under way among them."""
        return len(self._under_way)

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _keep(self, key: str, making: "asyncio.Future[Rendered]") -> None:
        del self._under_way[key]
        # An exception is told to whoever waits; if nobody does, it comes again with the next one who asks.
        if making.cancelled() or making.exception() is not None:
            return
        self._kept[key] = made = making.result()
        self._kept_bytes += self._size_bytes(made)
        while self._kept_bytes > _MOST_BYTES:
            self._kept_bytes -= self._size_bytes(self._kept.popitem(last=False)[1])


def _statement_bytes(statement: Statement) -> int:
    texts = [statement.html, statement.recap_html, *(hint.html for hint in statement.hints)]
    for question in statement.quiz:
        texts += [question.html, question.explanation_html, *(choice.html for choice in question.choices)]
    return sum(map(len, texts))
