"""Code that raises an event whenever it is run, and is otherwise what it was."""

import dis
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any

import pytest

from sandbox.inside.load.watched_code import CannotBeWatched, calling_instead, watched

_ADDED = 6
"""Instructions of a call with two arguments, and one more where the first argument is handed on."""


def _with_handlers(values: list[int]) -> list[str]:
    found = []
    for value in values:
        try:
            found.append(str(10 // value))
        except ZeroDivisionError as error:
            found.append(str(error))
        finally:
            found.append("end")
    return found


def _closure(first: int) -> Callable[[int], int]:
    def inner(second: int) -> int:
        return first + second

    return inner


def _generator(count: int) -> Iterator[int]:
    try:
        yield from range(count)
    finally:
        yield -1


def _starred(first: int, /, *rest: int, key: int = 3, **more: int) -> tuple[Any, ...]:
    def with_cell() -> int:
        return first

    return with_cell(), rest, key, more


def _many_constants() -> float:
    return sum(_CONSTANTS)


_CONSTANTS = [number / 7 for number in range(400)]
_LONG = "def long(x):\n" + "".join(f"    x += {number / 7!r}\n" for number in range(400)) + "    return x\n"
_names: dict[str, Any] = {}
exec(_LONG, _names)  # noqa: S102

_RUN: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = [
    (_with_handlers, ([1, 0, 2],), {}),
    (_closure, (2,), {}),
    (_closure(2), (3,), {}),
    (_generator, (3,), {}),
    (_starred, (1, 2, 3), {"key": 4, "other": 5}),
    (_many_constants, (), {}),
    (_names["long"], (1.0,), {}),
    (dis.findlinestarts, (_starred.__code__,), {}),
    (inspect.signature, (_starred,), {}),
]
_events: list[tuple[Any, ...]] = []
_hook_is_there = False


@pytest.fixture
def events() -> list[tuple[Any, ...]]:
    """What was raised since the test began; a hook cannot be taken away, so there is one for all tests."""
    global _hook_is_there
    if not _hook_is_there:
        sys.addaudithook(lambda event, given: _events.append(given) if event == "tests.watched" else None)
        _hook_is_there = True
    _events.clear()
    return _events


def _twin(function: Any, code: CodeType) -> FunctionType:
    made = FunctionType(
        code, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    made.__kwdefaults__ = function.__kwdefaults__
    made.__annotations__ = function.__annotations__
    return made


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, Iterator) else value


@pytest.mark.parametrize("index", range(len(_RUN)))
def test_it_returns_what_it_did_and_says_that_it_ran(index: int, events: list[tuple[Any, ...]]) -> None:
    function, arguments, named = _RUN[index]
    expected = _plain(function(*arguments, **named))
    twin = _twin(function, watched(function.__code__, "tests.watched", 7))
    found = _plain(twin(*arguments, **named))
    if not callable(expected):
        assert found == expected
    assert events == [(7,)]
    assert inspect.signature(twin) == inspect.signature(function)


@pytest.mark.parametrize("index", [0, 1, 4, 6])
def test_its_first_argument_is_handed_on(index: int, events: list[tuple[Any, ...]]) -> None:
    """One that an inner function uses lies in a cell."""
    function, arguments, named = _RUN[index]
    code = watched(function.__code__, "tests.watched", 8, with_first_argument=True)
    _twin(function, code)(*arguments, **named)
    assert events == [(8, arguments[0])]


def test_code_without_a_first_argument_cannot_hand_it_on() -> None:
    with pytest.raises(CannotBeWatched, match="first argument"):
        watched(_many_constants.__code__, "tests.watched", 1, with_first_argument=True)


def test_a_traceback_is_the_same_to_the_letter() -> None:
    def fails(x: int) -> int:
        try:
            return 1 // x
        except ZeroDivisionError as error:
            raise ValueError("no") from error

    def lines_of(function: Callable[[int], int]) -> list[tuple[int | None, str | None]]:
        with pytest.raises(ValueError, match="no") as raised:
            function(0)
        frames = traceback.extract_tb(raised.value.__traceback__)
        return [(frame.lineno, frame.line) for frame in frames][1:]

    assert lines_of(_twin(fails, watched(fails.__code__, "tests.watched", 1))) == lines_of(fails)


def test_any_function_of_the_libraries_can_be_watched() -> None:
    """No instruction changes its place in the text, nor what handles it."""
    import gc

    import flax.nnx  # noqa: F401
    import jax.numpy  # noqa: F401
    import optax  # noqa: F401

    codes = {
        id(found.__code__): found.__code__
        for found in gc.get_objects()
        if type(found) is FunctionType and str(found.__module__).startswith(("jax", "flax", "optax", "numpy"))
    }
    assert len(codes) > 5_000
    for code in codes.values():
        new = watched(code, "tests.watched", 1)
        _assert_same(code, new)


def _assert_same(code: CodeType, new: CodeType) -> None:
    added = (len(new.co_code) - len(code.co_code)) // 2
    before, after = list(code.co_positions()), list(new.co_positions())
    place = next(
        place
        for place in range(len(after))
        if after[place] == (None,) * 4
        and before[:place] == after[:place]
        and before[place:] == after[place + added :]
    )
    assert after[place : place + added] == [(None,) * 4] * added

    def moved(offset: int) -> int:
        return offset + 2 * added * (offset >= 2 * place)

    parse: Any = dis._parse_exception_table  # type: ignore[attr-defined]
    expected = [
        (moved(entry.start), moved(entry.end - 2) + 2, moved(entry.target), entry.depth, entry.lasti)
        for entry in parse(code)
    ]
    assert [(e.start, e.end, e.target, e.depth, e.lasti) for e in parse(new)] == expected


def test_a_call_is_led_elsewhere() -> None:
    def uses() -> str:
        return _named("a", 1)

    instead = _twin(uses, calling_instead(uses.__code__, "_named", lambda *given: f"instead {given}"))
    assert (uses(), instead()) == ("named", "instead ('a', 1)")
    with pytest.raises(CannotBeWatched, match="does not call"):
        calling_instead(uses.__code__, "another", print)


def _named(first: str, second: int) -> str:
    return "named"
