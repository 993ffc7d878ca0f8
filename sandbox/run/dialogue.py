"""What a child is asked next, and how far its reports are believed.

A hostile process may report anything at any time. What is out of turn ends the run; what is said of a hidden
call would carry its arguments out, so little is left of it (`hidden_calls.py`).
"""

import math
import time
from collections.abc import Callable

import msgspec

from sandbox.interface import (
    CallResult,
    Finished,
    ForbiddenUse,
    Loaded,
    Refusal,
    Report,
    RunRequest,
    Traced,
)
from sandbox.protocol import ChildOrder, Load, Make, Stop, Trace
from sandbox.run.hidden_calls import Places, cut, lines_in
from sandbox.wire import BadFrame


class Dialogue:
    """One request, put to one child: each order waits for the report on the one before it."""

    def __init__(
        self, request: RunRequest, forbidden_use: Callable[[], ForbiddenUse | None] = lambda: None
    ) -> None:
        self._request = request
        self._forbidden_use = forbidden_use
        """Which forbidden name was used by now."""
        self.places = Places(request.code)
        self._ordered = time.monotonic()
        """When the child was given its present order."""
        self.loaded: Loaded | None = None
        self.calls: list[CallResult] = []
        self._traced = -1
        """The last call that was traced before it was handed its values."""
        self.finished: Finished | None = None

    def next_order(self) -> ChildOrder:
        """Return the next call, or `Stop` where nothing more is asked."""
        if self._is_complete():
            return Stop()
        index = len(self.calls)
        # Which call is a hidden one is none of the child's business.
        call = msgspec.structs.replace(self._request.calls[index], is_hidden=False)
        if self._traced != index:
            self._ordered = time.monotonic()
            if call.unseen:
                return Trace(index=index, call=call.without_values())
        return Make(index=index, call=call)

    def take(self, report: Report) -> Report:
        """Note a report, and return it as far as it can be true.

        Raises:
            BadFrame: it was not its turn.
        """
        match report:
            case Loaded() if self.loaded is None:
                report = self.loaded = self._refused(report)
            case Traced() if self._awaits_trace(report.index):
                self._traced = report.index
            case CallResult() if self._awaits_call(report.index):
                elapsed_seconds = time.monotonic() - self._ordered
                if used := self._forbidden_use():
                    report = msgspec.structs.replace(report, forbidden=used)
                report = plausible(report, self._request.code, elapsed_seconds=elapsed_seconds)
                if self._request.calls[report.index].is_hidden:
                    report = cut(report, self.places)
                self.calls.append(report)
            case Finished() if self._is_complete() and self.finished is None:
                self.finished = report
            case _:
                raise BadFrame("a result out of turn")
        return report

    def _refused(self, loaded: Loaded) -> Loaded:
        """Return `loaded` as a refusal where a forbidden name was used meanwhile."""
        used = self._forbidden_use()
        if used is None or loaded.refusal is Refusal.FORBIDDEN_NAME:
            return loaded
        line = used.line if used.line and used.line <= lines_in(self._request.code) else None
        return msgspec.structs.replace(
            loaded, refusal=Refusal.FORBIDDEN_NAME, message=used.in_words, line=line, raised=None
        )

    @property
    def has_hidden_calls(self) -> bool:
        """Whether the child was handed the arguments of a hidden call."""
        return any(call.is_hidden for call in self._request.calls[: len(self.calls) + 1]) and bool(
            self.loaded
        )

    def _awaits_call(self, index: int) -> bool:
        return self._is_next(index) and (self._traced == index or not self._request.calls[index].unseen)

    def _awaits_trace(self, index: int) -> bool:
        return self._is_next(index) and self._traced != index and bool(self._request.calls[index].unseen)

    def _is_next(self, index: int) -> bool:
        return self.loaded is not None and not self._is_complete() and index == len(self.calls)

    def _is_complete(self) -> bool:
        """Say whether nothing more is asked of the child."""
        if self.loaded is None:
            return False
        return self.loaded.refusal is not None or len(self.calls) == len(self._request.calls)


def load_order(request: RunRequest) -> Load:
    """Return the first order of a request."""
    return Load(
        code=request.code,
        more_code=request.more_code,
        function=request.calls[0].function if request.calls else "",
        parameters=request.parameters,
        outputs=request.outputs,
        forbidden=request.forbidden,
        cache_key=compartment_of(request),
    )


def compartment_of(request: RunRequest) -> str:
    """Name the part of the compilation cache that a request's child may read; empty for none."""
    # A stored program says nothing of the flags that it was compiled with.
    return "" if request.may_start_jax_otherwise else request.cache_key


def plausible(report: CallResult, code: str, *, elapsed_seconds: float) -> CallResult:
    """Keep lines of `code` only, and a time that can have passed."""
    last = lines_in(code)
    reported = report.wall_seconds
    seconds = min(max(reported, 0.0), elapsed_seconds) if math.isfinite(reported) else elapsed_seconds
    raised, forbidden = report.raised, report.forbidden
    if raised is not None:
        frames = tuple(frame for frame in raised.frames if 0 < frame.line <= last)
        raised = msgspec.structs.replace(raised, frames=frames)
    if forbidden is not None and forbidden.line is not None and not 0 < forbidden.line <= last:
        forbidden = msgspec.structs.replace(forbidden, line=None)
    return msgspec.structs.replace(report, wall_seconds=seconds, raised=raised, forbidden=forbidden)
