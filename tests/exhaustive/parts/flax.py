"""Flax's own tests of NNX (from its source distribution) give the same list of results plain and
with the jail's patches: with an empty store, filling it, and warm; each file in fresh processes, and all
of them in one.
"""

import hashlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from tests.exhaustive.code_hash import hash_files
from tests.exhaustive.flax_tests.sources import nnx_test_files
from tests.exhaustive.flax_tests.states import STATES, Ran, run_state, summary
from tests.exhaustive.part import Result
from tests.support.checkout import CHECKOUT

RESTS_ON = (
    "sandbox/inside/jax_patches",
    "sandbox/inside/imports.py",
    "sandbox/patches.py",
    "tests/exhaustive/flax_tests",
    "tests/exhaustive/patched.py",
    "tests/exhaustive/steady.py",
)

_COUNTS = ("passed", "skipped", "failed", "stored")
_TOGETHER = "all files in one process"
_STATE_PLACE = CHECKOUT / "var" / "exhaustive" / "flax" / "together"


def items() -> list[str]:
    """Return every file, and all of them together."""
    return [*nnx_test_files(), _TOGETHER]


def run(item: str) -> Result:
    """Run one file, or all, in every state."""
    if item == _TOGETHER:
        return summary(_run_together())
    with tempfile.TemporaryDirectory() as programs:
        return summary({state: run_state([item], state, Path(programs)) for state in STATES})


def _run_together() -> dict[str, Ran]:
    """Run all files in every state; each state is kept, for together they take the better part of an hour."""
    basis = hashlib.sha256(repr(hash_files(CHECKOUT, RESTS_ON)).encode()).hexdigest()[:16]
    place = _STATE_PLACE / basis
    programs = place / "programs"
    ran = {}
    for state in STATES:
        kept = place / f"{state}.json"
        if not kept.exists():
            if state == "filling":
                shutil.rmtree(programs, ignore_errors=True)
            programs.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(msgspec.json.encode(run_state(nnx_test_files(), state, programs)))
        ran[state] = msgspec.json.decode(kept.read_bytes(), type=Ran)
    shutil.rmtree(_STATE_PLACE)
    return ran


def table(results: Mapping[str, Result]) -> str:
    """Return a row a file: how many tests ended how, what was stored, and the seconds of each state."""
    words = "how many compiled programs were stored; seconds are the whole process's, its start included"
    lines = [f"Results are the same in all states. The columns: results, {words}.", ""]
    lines += [f"| file | {' | '.join(_COUNTS)} | {' | '.join(STATES)} |", "| --- |" + " ---: |" * 8]
    total: Counter[str] = Counter()
    for item, result in results.items():
        lines.append(_row(item, result, result["seconds"]))
        if item != _TOGETHER:
            total.update({name: result.get(name, 0) for name in _COUNTS})
            total.update(result["seconds"])
    lines.append(_row("sum of the files", total, total))
    return "\n".join(lines)


def _row(title: str, counts: Mapping[str, Any], seconds: Mapping[str, float]) -> str:
    numbers = [str(counts.get(name, 0)) for name in _COUNTS]
    return f"| {' | '.join([title, *numbers, *(f'{seconds[state]:.0f}' for state in STATES)])} |"
