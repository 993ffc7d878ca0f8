"""Random programs are the same for the same seed, reach every call, and what differs is found."""

import ast
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.exhaustive.fuzz import programs as drawing
from tests.exhaustive.fuzz.compare import Comparison, compare
from tests.exhaustive.fuzz.processes import Seen
from tests.exhaustive.fuzz.programs import Program, input_shapes, make_program

_MANY = [make_program(seed) for seed in range(3000)]


def test_a_seed_is_a_program() -> None:
    assert make_program(7) == make_program(7)
    assert len({program.text for program in _MANY}) > 2600


def test_a_program_has_one_to_six_calls_that_python_can_read() -> None:
    for program in _MANY:
        assert 1 <= len(program.steps) <= 6
        for step in program.steps:
            ast.parse(step)
            assert "out" in step


def test_every_call_is_reached() -> None:
    """By its first words, up to where something is put in."""
    text = "\n".join(program.text for program in _MANY)
    for calls in drawing._groups().values():
        for call in calls:
            assert call.text.split("{")[0].strip() in text


def test_there_are_twelve_shapes_so_that_programs_share_what_is_compiled() -> None:
    assert len(set(input_shapes().values())) == 12


def test_later_calls_take_earlier_results() -> None:
    later = [step for program in _MANY for step in program.steps[1:]]
    assert sum(re.search(r"\bout\d", step) is not None for step in later) > len(later) / 20


class _Runs:
    """A process that answers from a table: what it saw of each program, by seed, run after run."""

    def __init__(self, seen: dict[int, list[Any]]) -> None:
        self.seen = seen

    def run(self, programs: Sequence[Program], **_: object) -> list[Seen]:
        return [
            self.seen[p.seed].pop(0) if len(self.seen[p.seed]) > 1 else self.seen[p.seed][0] for p in programs
        ]


class _Both:
    def __init__(self, plain: list[Any], patched: list[Any]) -> None:
        self.plain, self.patched = _Runs({1: plain}), _Runs({1: patched})
        self.threads = ThreadPoolExecutor()

    def plain_again(self, program: Program) -> tuple[Seen, Seen]:
        return self.plain.run([program])[0], self.plain.run([program])[0]


_PROGRAM = Program(seed=1, steps=("out = 1",), speaks=False)
_STEP = [["array"], None, [], ["", ""], []]
_WARNED = [["array"], None, [["UserWarning", "look out"]], ["", ""], []]


def _compared(plain: list[Any], patched: list[Any]) -> Comparison:
    both: Any = _Both(plain, patched)
    with both.threads:
        return compare([_PROGRAM], both)


def test_what_is_the_same_is_no_difference() -> None:
    found = _compared([[[_STEP], [_STEP]]], [[[_STEP], [_STEP]]])
    assert (found.differences, found.unsteady, found.calls) == ([], [], 1)


def test_a_lost_warning_is_found_with_its_step() -> None:
    [first, second] = _compared([[[_WARNED], [_STEP]]], [[[_STEP], [_STEP]]]).differences
    assert (first.state, second.state) == ("filling", "filled")
    assert first.where == "step 0, warnings"
    assert "out = 1" in str(first)


def test_what_differs_the_second_time_alone_is_found() -> None:
    found = _compared([[[_STEP], [_STEP]]], [[[_STEP], [_STEP]], [[_STEP], [_WARNED]]])
    [difference] = found.differences
    assert (difference.state, difference.where) == ("filled", "step 0, again, warnings")


def test_a_crash_is_found() -> None:
    [first, _] = _compared([[[_STEP], [_STEP]]], [["ended", -11]]).differences
    assert (first.where, first.plain, first.patched) == ("end", "ran", ["ended", -11])


def test_a_program_that_differs_from_itself_says_nothing() -> None:
    plain = [[[_STEP], [_STEP]], [[_WARNED], [_STEP]], [[_STEP], [_STEP]]]
    found = _compared(plain, [[[_WARNED], [_WARNED]]])
    assert (found.differences, found.unsteady) == ([], [1])


def test_what_an_earlier_program_of_the_same_process_hid_is_no_difference() -> None:
    """Alone, the program warns without patches as well."""
    found = _compared([[[_STEP], [_STEP]], [[_WARNED], [_STEP]]], [[[_WARNED], [_STEP]]])
    assert (found.differences, found.unsteady) == ([], [])
