"""Records which random keys are drawn while a module is built, and what each is for; hands others in."""

import functools
import hashlib
from collections.abc import Mapping, Sequence
from inspect import currentframe
from types import FrameType, TracebackType
from typing import Any

import jax
import jax.numpy as jnp
import msgspec
import numpy as np
from flax import nnx
from flax.nnx import rnglib, variablelib

from sandbox.inside.submitted_text import FILE_NAME, frames_from, plain_text
from sandbox.interface import DrawnKey

# Bound here, because submitted code may put something else in its place.
_key_data, _wrap, _key_impl = jax.random.key_data, jax.random.wrap_key_data, jax.random.key_impl
_MOST = 4_000
_LONGEST_KEY = 64
_PLUMBING = (rnglib.__file__, variablelib.__file__, __file__)
"""Whose frames neither draw a key nor make a parameter, but pass it on."""


class _Draw(msgspec.Struct, kw_only=True):
    """A key as it was drawn; `place` is the function call that it was drawn in, `made` what took it."""

    shown: DrawnKey
    place: FrameType | None
    made: Any = None


class KeyRecorder:
    """While entered, notes each key that a stream of `nnx.Rngs` gives, and the variable that is made of it.

    A key belongs to the variable that is made next in the same call of the same function, as Flax's layers
    and most people do it; any other way leaves it without one. With `handed_in`, keys in hex by the place
    of their draw, the stream gives these instead. Keys that a transformation traces are not known:
    `has_missed` says that there were such.
    """

    def __init__(self, handed_in: Mapping[int, str] | None = None) -> None:
        self._handed_in = handed_in or {}
        self._draws: list[_Draw] = []
        self._streams: list[Any] = []  # As long as these live, nothing else has their identities.
        self.has_missed = False

    def __enter__(self) -> "KeyRecorder":
        self._draw, self._make = nnx.RngStream.__call__, nnx.Variable.__init__
        draw, make = self._draw, self._make

        @functools.wraps(draw)
        def drawn(stream: Any) -> Any:
            return self._drawn(stream, draw)

        @functools.wraps(make)
        def made(variable: Any, *args: Any, **kwargs: Any) -> None:
            make(variable, *args, **kwargs)
            self._made(variable)

        nnx.RngStream.__call__ = drawn  # type: ignore[method-assign, assignment]
        nnx.Variable.__init__ = made  # type: ignore[method-assign, assignment]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        nnx.RngStream.__call__ = self._draw  # type: ignore[method-assign]
        nnx.Variable.__init__ = self._make  # type: ignore[method-assign]
        for draw in self._draws:
            draw.place = None  # A frame keeps all that its function knew.

    def draws(self, found: Sequence[tuple[str, Any]]) -> tuple[DrawnKey, ...]:
        """Return what was drawn, in order; `found` are the variables of the module, by path."""
        paths = {id(node): path for path, node in found}
        return tuple(
            msgspec.structs.replace(draw.shown, path=plain_text(paths.get(id(draw.made), ""), 200))
            for draw in self._draws
        )

    def _drawn(self, stream: Any, draw: Any) -> Any:
        if len(self._draws) >= _MOST:
            self.has_missed = True
            return draw(stream)
        base, count = stream.key.get_value(), stream.count.get_value()
        key = draw(stream)
        if any(isinstance(value, jax.core.Tracer) for value in (base, count, key)):
            self.has_missed = True
            return key
        if not any(stream is other for other in self._streams):
            self._streams.append(stream)
        place = _place()
        index = len(self._draws)
        handed_in = _key(self._handed_in.get(index, ""), key)
        shown = DrawnKey(
            key=_in_hex(key),
            base=_in_hex(base),
            source=next(number for number, other in enumerate(self._streams) if other is stream),
            owner=_owner(place),
            line=_line(place),
        )
        self._draws.append(_Draw(shown=shown, place=place))
        return key if handed_in is None else handed_in

    def _made(self, variable: Any) -> None:
        if isinstance(variable, nnx.RngState):
            return
        place = _place()
        for draw in reversed(self._draws):
            if draw.place is place:
                if draw.made is None:
                    draw.made = variable
                return


def _place() -> FrameType | None:
    """Return the call of the function that draws or makes, past Flax's own plumbing and ours."""
    frames = frames_from(currentframe())
    return next((frame for frame in frames if frame.f_code.co_filename not in _PLUMBING), None)


def _owner(place: FrameType | None) -> str:
    """Name the layer of Flax whose constructor this is; empty for anything else."""
    owner = place.f_locals.get("self") if place is not None and place.f_code.co_name == "__init__" else None
    name = type(owner).__name__
    return name if isinstance(owner, nnx.Module) and getattr(nnx, name, None) is type(owner) else ""


def _line(place: FrameType | None) -> int | None:
    """Return the line of the submitted code that the key was drawn in or for."""
    own = (frame.f_lineno for frame in frames_from(place) if frame.f_code.co_filename == FILE_NAME)
    return next(own, None)


def _in_hex(key: Any) -> str:
    words = np.asarray(_key_data(key)).tobytes()
    return words.hex() if len(words) * 2 <= _LONGEST_KEY else hashlib.sha256(words).hexdigest()


def _key(text: str, like: Any) -> Any:
    """Return the key of these words, where it can stand in the place of `like`; else None."""
    words = np.frombuffer(bytes.fromhex(text), np.uint32)
    shape = _key_data(like).shape
    return _wrap(jnp.asarray(words), impl=_key_impl(like)) if words.shape == shape else None
