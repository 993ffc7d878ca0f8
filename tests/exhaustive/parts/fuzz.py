"""Random programs of one to six calls of JAX and Flax NNX give the same bits, types, exceptions, warnings,
printed and logged lines plain and with the jail's patches, filling an empty store and reading what is there.
"""

from collections import Counter
from collections.abc import Mapping

from tests.exhaustive.fuzz.compare import STATES, compare
from tests.exhaustive.fuzz.processes import Processes
from tests.exhaustive.fuzz.programs import make_program
from tests.exhaustive.part import Result

RESTS_ON = (
    "sandbox/inside/jax_patches",
    "sandbox/inside/imports.py",
    "sandbox/patches.py",
    "tests/exhaustive/fuzz",
    "tests/exhaustive/patched.py",
    "tests/exhaustive/steady.py",
)

_PROGRAMS = 3000
_AT_ONCE = 50
_HOUR_SECONDS = 3600

_processes: list[Processes] = []


def items() -> list[str]:
    """Return ranges of seeds."""
    return [f"seeds {first} to {first + _AT_ONCE - 1}" for first in range(0, _PROGRAMS, _AT_ONCE)]


def run(item: str) -> Result:
    """Run the programs of these seeds in all states.

    Raises:
        AssertionError: a program differs.
    """
    if not _processes:
        _processes.append(Processes().__enter__())
    first = int(item.split()[1])
    found = compare([make_program(seed) for seed in range(first, first + _AT_ONCE)], _processes[0])
    assert found.stored > found.programs, "hardly anything was stored, so that nothing was compared"
    assert not found.differences, "\n\n".join(map(str, found.differences))
    return {
        "programs": found.programs,
        "calls": found.calls,
        "stored": found.stored,
        "unsteady": found.unsteady,
        "seen": found.seen,
        "seconds": found.seconds,
    }


def close() -> None:
    """End the two processes."""
    while _processes:
        _processes.pop().__exit__(None, None, None)


def table(results: Mapping[str, Result]) -> str:
    """Return what was run, in numbers."""
    total: Counter[str] = Counter()
    seconds: Counter[str] = Counter()
    unsteady: list[int] = []
    for result in results.values():
        total.update({name: result[name] for name in ("programs", "calls", "stored")})
        total.update(result["seen"])
        seconds.update(result["seconds"])
        unsteady += result["unsteady"]
    hours = {state: seconds[state] / _HOUR_SECONDS for state in ("plain", *STATES)}
    rows = {
        "programs, a seed each": f"{total['programs']}, {_seeds(results)}",
        "calls": f"{total['calls']} in every state; those of every fourth program twice in a process",
        "compiled programs, stored and loaded again": str(total["stored"]),
        "calls that raised, warned, printed, logged": ", ".join(
            str(total[name]) for name in ("raised", "warned", "printed", "logged")
        ),
        "differ": "0",
        "differ from themselves, plain": f"{len(unsteady)}{f' (seeds {unsteady})' if unsteady else ''}",
        "hours plain, filling, filled": ", ".join(f"{hours[state]:.2f}" for state in hours),
    }
    return "\n".join(["| | |", "| --- | --- |", *(f"| {title} | {value} |" for title, value in rows.items())])


def _seeds(results: Mapping[str, Result]) -> str:
    starts = sorted(int(item.split()[1]) for item in results)
    whole = starts == list(range(0, len(starts) * _AT_ONCE, _AT_ONCE))
    return f"0 to {len(starts) * _AT_ONCE - 1}" if whole else f"{len(starts)} ranges of {_AT_ONCE}"
