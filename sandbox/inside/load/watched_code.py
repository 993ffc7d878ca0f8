"""Code of a function that raises an audit event whenever it is run, and is otherwise what it was.

The event is raised by the function's own frame, before its first instruction: no frame is added, no argument
is touched, and every line stays where it was, so that tracebacks, warnings and signatures are the same. The
bytecode is that of Python 3.11.
"""

import opcode
import sys
from collections.abc import Callable, Iterator
from dis import Instruction, get_instructions
from itertools import pairwise
from types import CodeType
from typing import Any

_UNIT = 2
_VERSION = (3, 11)
_STACK = 6
_WITHOUT_PLACE = 0xF8
"""An entry of the table of lines for one instruction that belongs to no line; up to seven more are added."""
_LONGEST_ENTRY = 8
_FIRST_BYTE = 0x80
_MORE = 0x40
_SIX_BITS = 0x3F


class CannotBeWatched(Exception):
    """This code is of another kind than is known here."""


def watched(code: CodeType, event: str, number: int, *, with_first_argument: bool = False) -> CodeType:
    """Return code that raises `event` with `number`, and with its first argument where that is asked for.

    Raises:
        CannotBeWatched: it is another Python's, or takes no such argument.
    """
    _check_version()
    place = _after_resume(code)
    constants = (*code.co_consts, sys.audit, event, number)
    first = len(code.co_consts)
    given = [_first_argument(code)] if with_first_argument else []
    call = [
        *_operation("PUSH_NULL"),
        *_operation("LOAD_CONST", first),
        *_operation("LOAD_CONST", first + 1),
        *_operation("LOAD_CONST", first + 2),
        *(byte for bytes_ in given for byte in bytes_),
        *_operation("PRECALL", 2 + len(given)),
        *_operation("CALL", 2 + len(given)),
        *_operation("POP_TOP"),
    ]
    added = len(call) // _UNIT
    whole = code.co_code
    return code.replace(
        co_code=whole[: place * _UNIT] + bytes(call) + whole[place * _UNIT :],
        co_consts=constants,
        co_stacksize=max(code.co_stacksize, _STACK),
        co_linetable=_lines_with(code.co_linetable, place, added),
        co_exceptiontable=_handlers_with(code.co_exceptiontable, place, added),
    )


def calling_instead(code: CodeType, name: str, function: Callable[..., Any]) -> CodeType:
    """Return code that calls `function` where it called its module's `name`.

    Raises:
        CannotBeWatched: it calls no such thing.
    """
    _check_version()
    found = list(get_instructions(code))
    for one, following in pairwise(found):
        if one.opname == "LOAD_GLOBAL" and one.argval == name and one.arg is not None and one.arg & 1:
            new = [*_operation("PUSH_NULL"), *_operation("LOAD_CONST", len(code.co_consts))]
            start, end = _start(one), following.offset
            new += _operation("NOP") * ((end - start - len(new)) // _UNIT)
            whole = code.co_code
            return code.replace(
                co_code=whole[:start] + bytes(new) + whole[end:], co_consts=(*code.co_consts, function)
            )
    raise CannotBeWatched(f"{code.co_name} does not call {name}")


def _check_version() -> None:
    if sys.version_info[:2] != _VERSION:
        raise CannotBeWatched("the bytecode is that of another Python")


def _start(instruction: Instruction) -> int:
    """Return where it begins, with what extends its argument."""
    return instruction.offset - _UNIT * ((instruction.arg or 0) > 0xFF)


def _after_resume(code: CodeType) -> int:
    for instruction in get_instructions(code):
        if instruction.opname == "RESUME" and instruction.arg == 0:
            return instruction.offset // _UNIT + 1
    raise CannotBeWatched(f"{code.co_name} is not a function's code")


def _first_argument(code: CodeType) -> list[int]:
    if not code.co_argcount:
        raise CannotBeWatched(f"{code.co_name} has no first argument")
    # One that an inner function uses lies in a cell, in the same slot.
    is_cell = code.co_varnames[0] in code.co_cellvars
    return _operation("LOAD_DEREF" if is_cell else "LOAD_FAST", 0)


def _operation(name: str, argument: int = 0) -> list[int]:
    number = opcode.opmap[name]
    extended = [opcode.opmap["EXTENDED_ARG"], argument >> 8] if argument > 0xFF else []
    entries: list[int] = opcode._inline_cache_entries  # type: ignore[attr-defined]  # noqa: SLF001
    return [*extended, number, argument & 0xFF, *[opcode.opmap["CACHE"], 0] * entries[number]]


def _lines_with(table: bytes, place: int, added: int) -> bytes:
    """Put `added` instructions of no line in at `place`."""
    covered = position = 0
    while covered < place:
        covered += (table[position] & 7) + 1
        position += 1
        while position < len(table) and not table[position] & _FIRST_BYTE:
            position += 1
    if covered != place:
        raise CannotBeWatched("its table of lines has one entry for several instructions")
    new = []
    while added:
        length = min(added, _LONGEST_ENTRY)
        new.append(_WITHOUT_PLACE | (length - 1))
        added -= length
    return table[:position] + bytes(new) + table[position:]


def _handlers_with(table: bytes, place: int, added: int) -> bytes:
    """Move what is handled, and its handlers, behind the `added` instructions at `place`."""
    new = bytearray()
    numbers = list(_numbers(table))
    for start, size, target, depth in zip(*[iter(numbers)] * 4, strict=True):
        moved = start + added * (start >= place)
        grown = size + added * (start < place < start + size)
        new += _encoded(moved, _FIRST_BYTE) + _encoded(grown)
        new += _encoded(target + added * (target >= place)) + _encoded(depth)
    return bytes(new)


def _numbers(table: bytes) -> Iterator[int]:
    number = 0
    for byte in table:
        number = number << 6 | byte & _SIX_BITS
        if not byte & _MORE:
            yield number
            number = 0


def _encoded(number: int, first: int = 0) -> bytes:
    pieces = [number & _SIX_BITS]
    while number := number >> 6:
        pieces.append(number & _SIX_BITS | _MORE)
    pieces[-1] |= first
    return bytes(reversed(pieces))
