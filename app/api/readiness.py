"""Whether the service can do its work just now."""

import asyncio
from collections.abc import Awaitable, Callable

_PATIENCE_SECONDS = 3.0


class Readiness:
    """Named checks; each raises, or returns a sentence, where something is missing."""

    def __init__(self) -> None:
        self._checks: dict[str, Callable[[], Awaitable[str | None]]] = {}

    def add(self, name: str, check: Callable[[], Awaitable[str | None]]) -> None:
        self._checks[name] = check

    async def missing(self) -> dict[str, str]:
        """What is missing, by name; empty if the service is ready."""
        found = {}
        for name, check in self._checks.items():
            try:
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    reason = await check()
            except Exception as fault:
                reason = type(fault).__name__
            if reason is not None:
                found[name] = reason
        return found
