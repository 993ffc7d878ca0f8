"""What a run prints, and its answer to "which line?": from a process that may say anything."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from sandbox.limits import Limits
from sandbox.procfs.process import ProcessState
from sandbox.run.pipes import CapturedOutput, LineProbe, in_words

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


def _line_of_one_that(states: list[ProcessState], *, answers_at_look: int) -> tuple[int | None, int]:
    """Ask a process that is in `states`, look by look; return the line it gives, and how often was looked."""
    reading, writing = os.pipe()
    looks = 0

    def look(pid: int) -> ProcessState | None:
        nonlocal looks
        looks += 1
        if looks == answers_at_look:
            os.write(writing, b'  File "solution.py", line 2 in f\n')
        return states[min(looks, len(states)) - 1]

    asked = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        probe = LineProbe(reading, patience_seconds=0.02, look=look)
        pidfd = os.pidfd_open(asked.pid)
        asyncio.run(probe.ask(pidfd, lambda: None))
        os.close(pidfd)
        return probe.line(_CODE), looks
    finally:
        asked.kill()
        asked.communicate()
        os.close(reading)
        os.close(writing)


@pytest.mark.parametrize("letter", ["R", "D"])
def test_who_waits_for_the_processor_is_waited_for_longer(letter: str) -> None:
    """A machine with more to do than it can: half a second may be none for the one that is asked."""
    starved = ProcessState(letter=letter, cpu_ticks=7)
    assert _line_of_one_that([starved], answers_at_look=5) == (2, 5)


def test_who_computes_and_does_not_answer_is_not_waited_for() -> None:
    states = [ProcessState(letter="R", cpu_ticks=ticks) for ticks in (7, 700)]
    assert _line_of_one_that(states, answers_at_look=3) == (None, 2)


def test_who_sleeps_and_does_not_answer_is_not_waited_for() -> None:
    assert _line_of_one_that([ProcessState(letter="S", cpu_ticks=7)], answers_at_look=3) == (None, 2)


def _captured(*printed: bytes, limit_bytes: int = 8, hidden: bytes = b"") -> CapturedOutput:
    """What is kept of `printed`, and of `hidden` after it."""
    reading, writing = os.pipe()
    output = CapturedOutput(reading, Limits(output_bytes=limit_bytes, flood_bytes=1 << 10, flood_lines=99))
    for part in printed:
        os.write(writing, part)
        output.read_available()
    output.stop_capturing()
    if hidden:
        os.write(writing, hidden)
        output.read_available()
    os.close(writing)
    os.close(reading)
    return output


def test_what_is_within_the_limit_is_kept_as_it_is() -> None:
    """Invalid text is marked, nothing else is changed."""
    assert _captured(b"a\xff\x00b\n").text == "a\ufffd\ufffdb\n"
    assert _captured(b"1234", b"5678").text == "12345678"


def test_what_is_beyond_it_is_left_out_with_a_word() -> None:
    """Printing much is no mistake: the run goes on."""
    output = _captured(b"1234567", b"89", b"x" * 99)
    assert output.text == "12345678\n… 100 bytes more were left out\n"
    assert not output.overflowed


def test_a_cut_leaves_no_half_character() -> None:
    assert _captured("1234567ü".encode(), b"8").text == "1234567\n… 2 bytes more were left out\n"


def test_of_what_is_hidden_not_even_the_size_is_told() -> None:
    """A number would carry out what the code knows of a hidden case."""
    assert _captured(b"seen", hidden=b"x" * 500).text == "seen"
    assert not _captured(b"seen", hidden=b"x" * 500).keeps_more


def test_a_flood_is_noticed_whether_or_not_it_is_kept() -> None:
    assert _captured(b"x" * 1025).overflowed
    assert _captured(b"x" * 1000, hidden=b"x" * 25).overflowed
    assert not _captured(b"x" * 1024).overflowed
    assert _captured(b"\n" * 100).overflowed
    assert not _captured(b"\n" * 99).overflowed


@pytest.mark.parametrize(
    ("size_bytes", "words"),
    [(999, "999 bytes"), (41 << 10, "41 KB"), (3 << 20, "3.0 MB"), ((1 << 20) - 1, "1024 KB")],
)
def test_sizes_in_words(size_bytes: int, words: str) -> None:
    assert in_words(size_bytes) == words
