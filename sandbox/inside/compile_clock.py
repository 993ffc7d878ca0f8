"""How much processor time compiling takes, told in a page of memory that the supervisor sees too.

JAX tells when it begins and ends to lower a traced program and to compile it (`jax.monitoring`). Tracing is
left out: it runs the submitted code, whose loops are no compilation. Submitted code may write to the page or
have JAX tell lies, so what the supervisor reads there is a hint, and what it may buy has a bound.
"""

import ctypes
import threading
import time

import jax.monitoring

from sandbox.protocol import COMPILE_PAGE

_EVENTS = frozenset(
    ("/jax/core/compile/jaxpr_to_mlir_module_duration", "/jax/core/compile/backend_compile_duration")
)
_NOT_NOW = -1.0


class CompileClock:
    """Writes seconds of this process's processor time: what is over, and since when one is under way."""

    def __init__(self, page: "ctypes.Array[ctypes.c_char]") -> None:
        self._page = page
        self._over_seconds = 0.0
        self._thread = threading.local()
        self._write(_NOT_NOW)

    def listen(self) -> None:
        """Note from here on what JAX tells."""
        jax.monitoring.register_scalar_listener(self._began)
        jax.monitoring.register_event_duration_secs_listener(self._ended)

    def _began(self, event: str, value: float, **about: str | int) -> None:
        if event not in _EVENTS:
            return
        depth = getattr(self._thread, "depth", 0)
        self._thread.depth = depth + 1
        if depth == 0:
            self._thread.since = time.process_time()
            self._write(self._thread.since)

    def _ended(self, event: str, duration_secs: float, **about: str | int) -> None:
        depth = getattr(self._thread, "depth", 0)
        if event not in _EVENTS or depth == 0:
            return
        self._thread.depth = depth - 1
        if depth == 1:
            self._over_seconds += time.process_time() - self._thread.since
            self._write(_NOT_NOW)

    def _write(self, since_seconds: float) -> None:
        COMPILE_PAGE.pack_into(self._page, 0, self._over_seconds, since_seconds)
