"""The answer to "which line?", from a process that may say anything."""

import asyncio
import os
from collections.abc import Iterator

import pytest

from sandbox.run.pipes import LineProbe

_CODE = "a = 1\nb = 2\nc = 3\n"


class Asked:
    """A probe whose answers this test writes; the signal goes to nobody."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        os.set_blocking(self.writing, False)
        self.probe = LineProbe(self.reading, patience_seconds=0.2)

    def answer(self, *said: bytes) -> int | None:
        """What is made of `said`, written once it was asked."""

        def write() -> None:
            for part in said:
                os.write(self.writing, part)

        asyncio.run(self.probe.ask(-1, write))
        return self.probe.line(_CODE)


@pytest.fixture
def asked() -> Iterator[Asked]:
    pipe = Asked()
    yield pipe
    os.close(pipe.reading)
    os.close(pipe.writing)


def test_the_innermost_line_of_the_submitted_text(asked: Asked) -> None:
    """Not JAX's, and not the caller's."""
    reported = (
        b"Stack (most recent call first):\n"
        b'  File "/jail/packages/0/jax/api.py", line 2 in f\n'
        b'  File "solution.py", line 3 in g\n  File "solution.py", line 1 in <module>\n'
    )
    assert asked.answer(reported) == 3


@pytest.mark.parametrize("number", [b"0", b"4", b"-1", b"99999999999", b"1e3", b"x", b"\xd9\xa1"])
def test_what_is_no_line_of_the_text_is_no_place(asked: Asked, number: bytes) -> None:
    assert asked.answer(b'  File "solution.py", line ' + number + b" in f\n") is None


def test_half_a_number_is_not_taken_for_one(asked: Asked) -> None:
    assert asked.answer(b'  File "solution.py", line 1') is None


def test_what_was_said_before_the_question_does_not_count(asked: Asked) -> None:
    os.write(asked.writing, b'  File "solution.py", line 1 in f\n')
    assert asked.answer(b'  File "solution.py", line 2 in f\n') == 2


def test_a_flood_is_read_to_a_bound(asked: Asked) -> None:
    os.write(asked.writing, b"x" * (1 << 16))
    assert asked.answer() is None
    os.write(asked.writing, b'  File "solution.py", line 2 in f\n')
    assert asked.probe.line(_CODE) is None


def test_silence_is_waited_for_only_a_moment(asked: Asked) -> None:
    """The question comes to an end although no writer has closed the pipe."""
    assert asked.answer() is None
