"""A sandbox that keeps what its runs returned, beside what the grader makes of it."""

from collections.abc import Callable

import msgspec

from sandbox.interface import Report, RunRequest, RunResult, Sandbox, ignore_report
from sandbox.limits import Limits


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """One run that went to an end of its own."""

    request: RunRequest
    result: RunResult
    in_warm_jail: bool


class RecordingSandbox:
    """A `Sandbox` over another; it keeps the last run of each text that was not cancelled."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._runs: dict[str, Recorded] = {}

    def last_run(self, code: str) -> Recorded:
        """Return it, and forget it."""
        return self._runs.pop(code)

    async def run(
        self, request: RunRequest, *, limits: Limits, on_report: Callable[[Report], None] = ignore_report
    ) -> RunResult:
        result = await self._sandbox.run(request, limits=limits, on_report=on_report)
        self._runs[request.code] = Recorded(request=request, result=result, in_warm_jail=False)
        return result

    async def run_warm(
        self,
        key: str,
        request: RunRequest,
        *,
        limits: Limits,
        on_report: Callable[[Report], None] = ignore_report,
    ) -> RunResult | None:
        result = await self._sandbox.run_warm(key, request, limits=limits, on_report=on_report)
        if result is not None:
            self._runs[request.code] = Recorded(request=request, result=result, in_warm_jail=True)
        return result

    def prewarm(self, key: str, request: RunRequest, *, limits: Limits) -> None:
        self._sandbox.prewarm(key, request, limits=limits)

    def waits_for(self, key: str) -> bool:
        return self._sandbox.waits_for(key)

    @property
    def waiting_pids(self) -> list[int]:
        return self._sandbox.waiting_pids

    def environment(self) -> dict[str, str]:
        return self._sandbox.environment()
