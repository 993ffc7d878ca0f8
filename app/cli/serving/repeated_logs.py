"""The same complaint is logged once a second, with how often it was left out in between.

Whoever can make the service complain can do so thousands of times a second: asyncio alone wrote 389 MB in
three minutes about connections that it could not take.
"""

import logging
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

import msgspec

from app.core.log_context import submission_of_log

_SECOND = 1.0
_REMEMBERED = 1000
_DIFFERENT_A_SECOND = 200
_NUMBER = re.compile(r"0x[0-9a-f]+|\d+")


class _Complaint(msgspec.Struct):
    """When a complaint was last logged, and how often it has come since."""

    at: float
    left_out: int = 0


class OncePerSecond(logging.Filter):
    """Lets through one in a second of all warnings and errors of a logger that are alike.

    Alike are those that differ in numbers only, of the same submission and with the same exception. Of those
    that are not alike, two hundred a second of one logger come through.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._complaints: OrderedDict[Hashable, _Complaint] = OrderedDict()
        self._different: dict[str, int] = {}
        self._second_began = clock()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        now = self._clock()
        if now - self._second_began >= _SECOND:
            self._second_began = now
            self._different.clear()
        if not self._comes_through(_likeness(record), record, now):
            return False
        count = self._different[record.name] = self._different.get(record.name, 0) + 1
        return count <= _DIFFERENT_A_SECOND or self._comes_through((record.name, "different"), record, now)

    def _comes_through(self, key: Hashable, record: logging.LogRecord, now: float) -> bool:
        known = self._complaints.get(key)
        if known is not None and now - known.at < _SECOND:
            known.left_out += 1
            return False
        if known is not None and known.left_out:
            record.msg, record.args = (
                f"{record.getMessage()} ({known.left_out} more like this left out)",
                None,
            )
        self._complaints[key] = _Complaint(at=now)
        self._complaints.move_to_end(key)
        if len(self._complaints) > _REMEMBERED:
            self._complaints.popitem(last=False)
        return True


def _likeness(record: logging.LogRecord) -> Hashable:
    error = record.exc_info[1] if record.exc_info else None
    return (
        record.name,
        record.levelno,
        submission_of_log(),
        _NUMBER.sub("#", record.getMessage()),
        type(error),
        _NUMBER.sub("#", str(error)),
    )
