"""Whether JAX is set as it was before any submitted code, and nobody listens to how it compiles.

A program that is taken from a file says nothing of being lowered or compiled, and was compiled under the
settings of the jail. So where anything is set otherwise, or anybody listens, JAX goes its own way.
"""

import logging
from typing import Any

import jax
from jax._src import config, monitoring

_LOGGERS = tuple(
    logging.getLogger(f"jax._src.{name}")
    for name in (
        "cache_key",
        "compilation_cache",
        "compiler",
        "dispatch",
        "interpreters.mlir",
        "interpreters.pxla",
        "lru_cache",
    )
)
_ABOUT_JAX_S_OWN_CACHE = ("jax_compilation_cache_dir", "jax_persistent_cache_min_compile_time_secs")
"""Set for each run by `inside/child.py`; they change no program."""
_SAY_WHAT_IS_COMPILED = ("jax_log_compiles", "jax_explain_cache_misses", "jax_dump_ir_to")
_LISTENERS = (
    "_event_listeners",
    "_event_duration_secs_listeners",
    "_event_time_span_listeners",
    "_scalar_listeners",
)


class PlainSettings:
    """All of JAX's settings, as they are when this is made or `hold` is called.

    Raises:
        AttributeError, KeyError: this JAX is built otherwise.
    """

    def __init__(self) -> None:
        settings: dict[str, Any] = jax.config._value_holders  # noqa: SLF001
        self._settings = [found for name, found in settings.items() if name not in _ABOUT_JAX_S_OWN_CACHE]
        self._loud = [settings[name] for name in _SAY_WHAT_IS_COMPILED]
        self.hold()

    def hold(self) -> None:
        """Take what is set now for plain, and who listens now for one of us."""
        self._values = [setting.value for setting in self._settings]
        # Beside settings it holds the axes that are mapped over, and the like.
        self._traced = config.trace_context()
        self._listeners = _listeners()

    @property
    def are_in_force(self) -> bool:
        """Whether every setting is as it was, for this thread too, and nobody is told what is compiled."""
        return (
            [setting.value for setting in self._settings] == self._values
            and config.trace_context() == self._traced
            and not self.is_watched
        )

    @property
    def is_watched(self) -> bool:
        """Whether somebody is told of programs that are lowered, compiled or found."""
        return (
            any(setting.value for setting in self._loud)
            or any(logger.isEnabledFor(logging.INFO) for logger in _LOGGERS)
            or _listeners() != self._listeners
        )


def _listeners() -> list[list[Any]]:
    return [list(getattr(monitoring, name)) for name in _LISTENERS]
