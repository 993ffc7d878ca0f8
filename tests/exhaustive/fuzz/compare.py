"""Programs run plain, with an empty cache that they fill, and with the one that they have filled.

Each patched run has a process of its own, which has nothing that an earlier program loaded. Plain runs share
a process, so that they share what is compiled, where tracing says nothing; what differs is run again, plain
and alone, in two processes, before it counts.
"""

import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tests.exhaustive.fuzz.processes import Processes, Seen
from tests.exhaustive.fuzz.programs import Program
from tests.exhaustive.patched import stored_programs

STATES = ("filling", "filled")
_PARTS = ("result", "exception", "warnings", "printed", "logged")


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    program: Program
    state: str
    where: str
    plain: Any
    patched: Any

    def __str__(self) -> str:
        return (
            f"program {self.program.seed}, {self.state}, {self.where}:\n  plain   {self.plain}\n"
            f"  patched {self.patched}\n{self.program.text}"
        )


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    programs: int
    calls: int
    stored: int
    """How many compiled programs are in the cache in the end; without any, nothing was compared."""
    differences: list[Difference]
    unsteady: list[int]
    """Seeds of programs that differ from themselves in two plain processes; nothing can be said of them."""
    seen: dict[str, int]
    """How many steps raised, warned, printed or logged."""
    seconds: dict[str, float]


def compare(programs: Sequence[Program], processes: Processes, *, breakage: str = "") -> Comparison:
    """Run all of them in all states; `breakage` is executed in the patched processes, as tests do."""
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as place:
        waiting = processes.threads.submit(_plain, programs, processes, seconds)
        patched = {}
        for state in STATES:
            start = time.monotonic()
            patched[state] = processes.patched.run(
                programs, alone=True, folder=Path(place), writable=state == "filling", breakage=breakage
            )
            seconds[state] = time.monotonic() - start
        stored = stored_programs(Path(place))
        plain = waiting.result()
    differences: list[Difference] = []
    unsteady: list[int] = []
    for number, program in enumerate(programs):
        found = list(_differences(program, plain[number], {s: patched[s][number] for s in STATES}))
        if not found:
            continue
        again, elsewhere = processes.plain_again(program)
        if again != elsewhere:
            unsteady.append(program.seed)
        else:
            differences += _differences(program, again, {s: patched[s][number] for s in STATES})
    return Comparison(
        programs=len(programs),
        calls=sum(len(program.steps) for program in programs),
        stored=stored,
        differences=differences,
        unsteady=unsteady,
        seen=dict(_counted(plain)),
        seconds={name: round(spent, 1) for name, spent in seconds.items()},
    )


def _plain(programs: Sequence[Program], processes: Processes, seconds: dict[str, float]) -> list[Seen]:
    start = time.monotonic()
    seen = {}
    for alone in (False, True):
        chosen = [program for program in programs if program.speaks is alone]
        for program, found in zip(chosen, processes.plain.run(chosen, alone=alone), strict=True):
            seen[program.seed] = found
    seconds["plain"] = time.monotonic() - start
    return [seen[program.seed] for program in programs]


def _differences(program: Program, plain: Seen, patched: dict[str, Seen]) -> Iterator[Difference]:
    """Yield the first difference in each state."""
    for state, seen in patched.items():
        if seen != plain:
            where, one, other = _first(plain, seen)
            yield Difference(program=program, state=state, where=where, plain=one, patched=other)


def _first(plain: Seen, patched: Seen) -> tuple[str, Any, Any]:
    if "ended" in (plain[0], patched[0]):
        return (
            "end",
            plain[:2] if plain[0] == "ended" else "ran",
            patched[:2] if patched[0] == "ended" else "ran",
        )
    for time_, (one, other) in enumerate(zip(plain, patched, strict=True)):
        for step, (a, b) in enumerate(zip(one, other, strict=True)):
            for part, x, y in zip(_PARTS, a, b, strict=True):
                if x != y:
                    return f"step {step}, {'again, ' if time_ else ''}{part}", x, y
    raise AssertionError("they differ, and nowhere")


def _counted(plain: Sequence[Seen]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for first, *_ in plain:
        for step in first if isinstance(first, list) else ():
            _, raised, warned, printed, logged = step
            counted["raised"] += raised is not None
            counted["warned"] += bool(warned)
            counted["printed"] += any(printed)
            counted["logged"] += bool(logged)
    return counted
